//! Durations in words.

use std::time::Duration;

use crate::user::Locale;

/// Second, minute, hour and day, in singular and plural.
type Units = [(&'static str, &'static str); 4];

fn units(locale: &Locale) -> Units {
    match locale.language() {
        "de" => [
            ("Sekunde", "Sekunden"),
            ("Minute", "Minuten"),
            ("Stunde", "Stunden"),
            ("Tag", "Tage"),
        ],
        "en" => [
            ("second", "seconds"),
            ("minute", "minutes"),
            ("hour", "hours"),
            ("day", "days"),
        ],
        "es" => [
            ("segundo", "segundos"),
            ("minuto", "minutos"),
            ("hora", "horas"),
            ("día", "días"),
        ],
        "fr" => [
            ("seconde", "secondes"),
            ("minute", "minutes"),
            ("heure", "heures"),
            ("jour", "jours"),
        ],
        "zh" => [
            ("秒", "秒"),
            ("分钟", "分钟"),
            ("小时", "小时"),
            ("天", "天"),
        ],
        // Unit symbols that belong to the SI or are accepted for use with it.
        _ => [("s", "s"), ("min", "min"), ("h", "h"), ("d", "d")],
    }
}

/// The duration as readable text, rounded. Below 90 seconds, the unit is the second. Otherwise, it is the
/// largest unit in which the number is exactly one or at least two. For example, 60 minutes are shown as one hour, but
/// 100 minutes are shown in minutes.
pub(crate) fn in_words(duration: Duration, locale: &Locale) -> String {
    let [second, minute, hour, day] = units(locale);
    let seconds = duration.as_secs();
    let (count, (one, several)) = if seconds < 90 {
        (seconds, second)
    } else {
        match (seconds + 30) / 60 {
            minutes if minutes < 120 && minutes != 60 => (minutes, minute),
            minutes if minutes < 60 * 48 && minutes != 60 * 24 => ((minutes + 30) / 60, hour),
            minutes => ((minutes + 60 * 12) / (60 * 24), day),
        }
    };
    let unit = if count == 1 { one } else { several };
    format!("{count} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_said_in_the_unit_that_fits() {
        for (seconds, words) in [
            (1, "1 second"),
            (60, "60 seconds"),
            (600, "10 minutes"),
            (1799, "30 minutes"),
            (1800, "30 minutes"),
            (3599, "1 hour"),
            (3600, "1 hour"),
            (5400, "90 minutes"),
            (7200, "2 hours"),
            (86_399, "1 day"),
            (86_400, "1 day"),
            (172_800, "2 days"),
        ] {
            assert_eq!(in_words(Duration::from_secs(seconds), &Locale::EN), words);
        }
    }

    #[test]
    fn durations_are_said_in_every_language() {
        let said = |tag: &str, seconds| {
            let locale = tag.parse().unwrap();
            in_words(Duration::from_secs(seconds), &locale)
        };
        assert_eq!(said("de-at", 86_400), "1 Tag");
        assert_eq!(said("de", 7200), "2 Stunden");
        assert_eq!(said("es", 86_400), "1 día");
        assert_eq!(said("fr", 1800), "30 minutes");
        assert_eq!(said("zh", 1800), "30 分钟");
        assert_eq!(said("it", 1800), "30 min");
    }
}
