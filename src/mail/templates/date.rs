//! Times in words.

use chrono::{Datelike as _, Timelike as _};

use crate::{clock::Timestamp, user::Locale};

const DE: [&str; 12] = [
    "Januar",
    "Februar",
    "März",
    "April",
    "Mai",
    "Juni",
    "Juli",
    "August",
    "September",
    "Oktober",
    "November",
    "Dezember",
];
const EN: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const ES: [&str; 12] = [
    "enero",
    "febrero",
    "marzo",
    "abril",
    "mayo",
    "junio",
    "julio",
    "agosto",
    "septiembre",
    "octubre",
    "noviembre",
    "diciembre",
];
const FR: [&str; 12] = [
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
];

/// The date and time in UTC, to the minute, in the language's own format; in ISO 8601 format for other languages.
pub(crate) fn moment(at: Timestamp, locale: &Locale) -> String {
    let at = at.to_utc();
    let (year, day) = (at.year(), at.day());
    let time = format!("{:02}:{:02} UTC", at.hour(), at.minute());
    let named = |months: [&'static str; 12]| {
        let index = usize::try_from(at.month0()).unwrap_or_default();
        months.get(index).copied().unwrap_or_default()
    };
    match locale.language() {
        "de" => format!("{day}. {} {year}, {time}", named(DE)),
        "en" => format!("{day} {} {year}, {time}", named(EN)),
        "es" => format!("{day} de {} de {year}, {time}", named(ES)),
        "fr" if day == 1 => format!("1er {} {year}, {time}", named(FR)),
        "fr" => format!("{day} {} {year}, {time}", named(FR)),
        "zh" => format!("{year}年{}月{day}日 {time}", at.month()),
        _ => format!("{year:04}-{:02}-{day:02} {time}", at.month()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_said_in_every_language() {
        for (tag, first, last) in [
            (
                "en",
                "1 March 2026, 09:05 UTC",
                "31 December 2026, 23:59 UTC",
            ),
            (
                "de-AT",
                "1. März 2026, 09:05 UTC",
                "31. Dezember 2026, 23:59 UTC",
            ),
            (
                "es",
                "1 de marzo de 2026, 09:05 UTC",
                "31 de diciembre de 2026, 23:59 UTC",
            ),
            (
                "fr",
                "1er mars 2026, 09:05 UTC",
                "31 décembre 2026, 23:59 UTC",
            ),
            ("zh", "2026年3月1日 09:05 UTC", "2026年12月31日 23:59 UTC"),
            ("it", "2026-03-01 09:05 UTC", "2026-12-31 23:59 UTC"),
        ] {
            let locale = tag.parse().unwrap();
            let said = |text: &str| moment(text.parse().unwrap(), &locale);
            assert_eq!(said("2026-03-01T09:05:59Z"), first);
            assert_eq!(said("2026-12-31T23:59:00Z"), last);
        }
    }
}
