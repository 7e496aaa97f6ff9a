//! `/console`: the figures.

use minijinja::{Value, context};

use super::{
    super::super::{Pages, frame::Frame, language::Language},
    head,
};
use crate::{
    error::Result, feature::admin::DatedFigures, http::Html, store::DayFigures, user::UserStatus,
};

/// The height of the tallest bar, in the units of the SVG image.
const HEIGHT: u64 = 120;
/// The width that one day takes up, in the units of the SVG image.
const WIDTH: usize = 40;

impl Pages {
    /// `console`.
    pub(crate) fn figures(&self, frame: &Frame<'_>, view: &DatedFigures) -> Result<Html> {
        let own = &self.texts(frame.language).console.figures;
        let figures = &view.figures;
        let figure = |name: &str, count: u64, url: String| {
            context! { name, count => grouped(count, frame.language), url }
        };
        let users = |query: &str| frame.away_with("console/users", query);
        let mails = |query: &str| frame.away_with("console/mail", query);
        let disabled = format!("status={}", UserStatus::Disabled.as_str());
        let shown = [
            figure(&own.users, figures.users, users("")),
            figure(
                &own.administrators,
                figures.administrators,
                users("role=admin&status=active"),
            ),
            figure(&own.disabled, figures.disabled, users(&disabled)),
            figure(
                &own.pending_mails,
                figures.pending_mails,
                mails("status=pending"),
            ),
            figure(&own.dead_mails, figures.dead_mails, mails("status=dead")),
        ];
        let counts = |day: &DayFigures| [day.signed_in, day.failed, day.locked];
        let most = figures.days.iter().flat_map(counts).max();
        let days = figures.days.iter().zip(&view.days);
        let days = days.map(|(day, start)| {
            let counts = counts(day).map(|count| grouped(count, frame.language));
            context! { date => start.format("%Y-%m-%d").to_string(), counts => counts.to_vec() }
        });
        let bars = figures.days.iter().enumerate();
        let bars = bars.flat_map(|(index, day)| bars_of(index, day, most.unwrap_or_default()));
        let v = context! {
            figures => shown.to_vec(),
            days => days.collect::<Vec<Value>>(),
            bars => bars.collect::<Vec<Value>>(),
            width => WIDTH * figures.days.len(),
            height => HEIGHT,
        };
        let title = &self.texts(frame.language).console.title;
        self.layout
            .render("console.html", &head(frame, title, false), v)
    }
}

/// One bar for each of a day's counts, side by side.
fn bars_of(index: usize, day: &DayFigures, most: u64) -> [Value; 3] {
    let start = index * WIDTH;
    [
        ("in", 0, day.signed_in),
        ("failed", 1, day.failed),
        ("locked", 2, day.locked),
    ]
    .map(|(class, place, count)| {
        let height = match (count, most) {
            (0, _) | (_, 0) => 0,
            // A bar of at least one unit can be seen.
            (count, most) => (count.saturating_mul(HEIGHT) / most).max(1),
        };
        context! { class, x => start + 2 + place * 12, y => HEIGHT - height, height }
    })
}

/// The number with a separator between groups of three digits.
pub(super) fn grouped(number: u64, language: Language) -> String {
    let mark = match language {
        Language::English | Language::Chinese => ',',
        Language::German => '.',
        Language::French | Language::Spanish => '\u{202f}',
    };
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(mark);
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn number_is_in_groups_of_three_digits() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (1_234_567, "1,234,567"),
            (u64::MAX, "18,446,744,073,709,551,615"),
        ] {
            assert_eq!(grouped(number, Language::English), text);
        }
        assert_eq!(grouped(10_000, Language::German), "10.000");
    }

    #[test]
    fn bar_is_as_high_as_its_share() {
        let day = DayFigures {
            signed_in: 1_000_000,
            failed: 1,
            locked: 0,
        };
        let heights = bars_of(0, &day, 2_000_000).map(|bar| bar.get_attr("height").unwrap());
        assert_eq!(heights, [60, 1, 0].map(|height: u64| Value::from(height)));
    }
}
