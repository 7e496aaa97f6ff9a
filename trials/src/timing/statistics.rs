//! Decides whether two classes of requests take the same time, by the differences of the pairs.

use std::hash::{BuildHasher as _, RandomState};

/// The tolerated difference of the medians, in nanoseconds.
pub(crate) const TOLERANCE: i64 = 250_000;
const RESAMPLES: usize = 2000;
/// The number of resamples that lie outside the 99 % interval on each side.
const OUTSIDE: usize = RESAMPLES / 200;

/// Predictable random numbers (SplitMix64).
#[derive(Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new() -> Self {
        Self(RandomState::new().hash_one("timing"))
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        // The bias is at most `end` in 2^64.
        usize::try_from(self.next() % end as u64).unwrap_or_default()
    }
}

/// The result for a number of pairs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Finding {
    pub(crate) pairs: usize,
    /// The median of the differences, in nanoseconds; the ends of the interval have the same unit.
    pub(crate) median: i64,
    /// The ends of the 99 % bootstrap interval of the median.
    pub(crate) low: i64,
    pub(crate) high: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The whole interval is within the tolerance.
    Alike,
    /// The times differ, by more than the tolerance.
    Different,
    /// More pairs are needed.
    Undecided,
}

impl Finding {
    /// Judges the differences of at least one pair, in nanoseconds.
    pub(crate) fn of(differences: &[i64], random: &mut Random) -> Self {
        let mut resample = vec![0; differences.len()];
        let mut medians: Vec<i64> = (0..RESAMPLES)
            .map(|_| {
                for place in &mut resample {
                    let drawn = differences.get(random.below(differences.len()));
                    *place = drawn.copied().unwrap_or_default();
                }
                median(&mut resample)
            })
            .collect();
        medians.sort_unstable();
        let at = |index: usize| medians.get(index).copied().unwrap_or_default();
        Self {
            pairs: differences.len(),
            median: median(&mut differences.to_vec()),
            low: at(OUTSIDE),
            high: at(RESAMPLES - 1 - OUTSIDE),
        }
    }

    pub(crate) fn verdict(&self) -> Verdict {
        if -TOLERANCE < self.low && self.high < TOLERANCE {
            Verdict::Alike
        } else if (self.low > 0 || self.high < 0) && self.median.abs() > TOLERANCE {
            Verdict::Different
        } else {
            Verdict::Undecided
        }
    }
}

/// The middle value. If the number of values is even, this is the upper one of the two in the middle; if there are no
/// values, it is 0.
pub(crate) fn median(values: &mut [i64]) -> i64 {
    let middle = values.len() / 2;
    if values.is_empty() {
        return 0;
    }
    *values.select_nth_unstable(middle).1
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Noise of 0.9 ms around a shift.
    fn noisy(pairs: usize, shift: i64) -> Vec<i64> {
        let mut random = Random(7);
        let mut noise = || {
            (0..12)
                .map(|_| (random.next() % 1_000_000) as i64)
                .sum::<i64>()
        };
        (0..pairs)
            .map(|_| shift + (noise() - 6_000_000) * 9 / 10)
            .collect()
    }

    fn verdict(pairs: usize, shift: i64) -> Verdict {
        Finding::of(&noisy(pairs, shift), &mut Random(1)).verdict()
    }

    #[test]
    fn equal_times_are_alike_with_enough_pairs() {
        assert_eq!(verdict(3, 0), Verdict::Undecided);
        assert_eq!(verdict(3000, 0), Verdict::Alike);
        assert_eq!(verdict(3000, 100_000), Verdict::Alike);
    }

    #[test]
    fn a_difference_above_the_tolerance_is_found_both_ways() {
        for shift in [10_000_000, 1_000_000, -1_000_000] {
            assert_eq!(verdict(400, shift), Verdict::Different);
        }
        assert_eq!(verdict(3000, 500_000), Verdict::Different);
    }

    #[test]
    fn a_difference_about_the_tolerance_stays_undecided() {
        let finding = |low, median, high| Finding {
            pairs: 1,
            median,
            low,
            high,
        };
        for (low, median, high) in [
            (200_000, 240_000, 300_000),
            (-10_000, 300_000, 600_000),
            (-260_000, 0, 260_000),
        ] {
            assert_eq!(finding(low, median, high).verdict(), Verdict::Undecided);
        }
    }

    #[test]
    fn the_interval_holds_the_median_and_narrows_with_more_pairs() {
        let width = |pairs| {
            let finding = Finding::of(&noisy(pairs, 0), &mut Random(2));
            assert!(finding.low <= finding.median && finding.median <= finding.high);
            finding.high - finding.low
        };
        assert!(width(4000) * 3 < width(100));
    }

    #[test]
    fn the_median_is_the_middle_one() {
        assert_eq!(median(&mut [5, -1, 3]), 3);
        assert_eq!(median(&mut []), 0);
    }
}
