use super::*;
use crate::clock::{Clock as _, ManualClock};

/// Charges the rule this many times at the same moment, and returns how many were admitted.
fn burst(rule: Rule, held: &mut Option<Held>, now: Timestamp, times: usize) -> usize {
    (0..times)
        .filter(|_| match rule.charge(*held, now) {
            Ok(next) => {
                *held = Some(next);
                true
            }
            Err(same) => {
                assert_eq!(Some(same), *held);
                false
            }
        })
        .count()
}

#[test]
fn a_rate_admits_a_burst_and_then_its_pace() {
    let clock = ManualClock::new();
    let rule = Rule::Rate(Rate::per_minute(20).with_burst(10));
    let mut held = None;
    assert_eq!(burst(rule, &mut held, clock.now(), 50), 10);
    let wait = rule.retry_after(&held.unwrap(), clock.now());
    assert_eq!(wait, Duration::from_secs(3));
    clock.advance(Duration::from_secs(3) - Duration::from_micros(1));
    assert_eq!(burst(rule, &mut held, clock.now(), 5), 0);
    clock.advance(Duration::from_micros(1));
    assert_eq!(burst(rule, &mut held, clock.now(), 5), 1);
    let mut passed = 0;
    for _ in 0..120 {
        clock.advance(Duration::from_millis(500));
        passed += burst(rule, &mut held, clock.now(), 3);
    }
    assert_eq!(passed, 20);
    clock.advance(Duration::from_secs(3600));
    assert_eq!(burst(rule, &mut held, clock.now(), 50), 10);
}

#[test]
fn a_clock_set_back_grants_no_extra_calls() {
    let clock = ManualClock::new();
    let rule = Rule::Rate(Rate::per_minute(5));
    let (mut held, now) = (None, clock.now());
    assert_eq!(burst(rule, &mut held, now, 9), 5);
    let a_little = now - Duration::from_secs(300);
    assert_eq!(burst(rule, &mut held, a_little, 9), 0);
}

#[test]
fn a_clock_set_back_far_makes_nobody_wait() {
    let now = ManualClock::new().now();
    let before = now - Duration::from_secs(3600);
    let rule = Rule::Rate(Rate::per_minute(5));
    let mut held = None;
    assert_eq!(burst(rule, &mut held, now, 9), 5);
    assert_eq!(burst(rule, &mut held, before, 9), 5);
    let rule = Rule::Attempts(Lockout::default());
    let mut held = None;
    // The longest wait is longer than the tolerated clock skew.
    assert_eq!(burst(rule, &mut held, now, 9), 5);
    assert_eq!(burst(rule, &mut held, before, 9), 1);
    // The failure is still recorded.
    assert_eq!(held.map(|held| held.attempts), Some(6));
}

#[test]
fn waits_double_from_the_fifth_failure_to_fifteen_minutes() {
    let clock = ManualClock::new();
    let rule = Rule::Attempts(Lockout::default());
    let mut held = None;
    assert_eq!(burst(rule, &mut held, clock.now(), 200), 5);
    let mut waits = Vec::new();
    for _ in 0..12 {
        let wait = rule.retry_after(&held.unwrap(), clock.now());
        waits.push(wait.as_secs());
        clock.advance(wait - Duration::from_micros(1));
        assert_eq!(burst(rule, &mut held, clock.now(), 1), 0);
        clock.advance(Duration::from_micros(1));
        assert_eq!(burst(rule, &mut held, clock.now(), 200), 1);
    }
    assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]);
}

#[test]
fn a_hundred_failures_stop_checks_for_years() {
    let clock = ManualClock::new();
    let rule = Rule::Attempts(Lockout::default());
    let mut held = None;
    let mut checked = 0;
    for _ in 0..1000 {
        checked += burst(rule, &mut held, clock.now(), 3);
        clock.advance(Duration::from_secs(900));
    }
    assert_eq!(checked, 100);
    let wait = rule.retry_after(&held.unwrap(), clock.now());
    assert_eq!(wait, Duration::from_secs(900));
    clock.advance(Duration::from_secs(3000 * 86_400));
    assert_eq!(burst(rule, &mut held, clock.now(), 3), 0);
}

#[test]
fn fewer_failures_are_forgotten_after_a_day() {
    let clock = ManualClock::new();
    let rule = Rule::Attempts(Lockout::default());
    let mut held = None;
    burst(rule, &mut held, clock.now(), 4);
    clock.advance(Duration::from_secs(86_400));
    assert_eq!(burst(rule, &mut held, clock.now(), 200), 5);
}

#[test]
fn an_invalid_rule_is_refused() {
    let lockout = Lockout::default();
    let refused = [
        Lockout {
            free_attempts: 0,
            ..lockout
        },
        Lockout {
            max_attempts: 101,
            ..lockout
        },
        Lockout {
            max_attempts: 4,
            ..lockout
        },
        Lockout {
            base_delay: Duration::ZERO,
            ..lockout
        },
        Lockout {
            max_delay: Duration::from_secs(86_401),
            ..lockout
        },
    ];
    for lockout in refused {
        assert!(lockout.check().is_err(), "{lockout:?}");
    }
    assert!(lockout.check().is_ok());
    let rate = Rate::per_minute(20);
    let refused = [
        Rate::per_minute(0),
        rate.with_burst(0),
        Rate {
            period: Duration::ZERO,
            ..rate
        },
        Rate {
            period: Duration::MAX,
            ..rate
        },
        rate.with_burst(u32::MAX),
    ];
    for rate in refused {
        assert!(rate.check().is_err(), "{rate:?}");
    }
    assert!(rate.check().is_ok());
    let tries = Tries {
        most: 10,
        period: Duration::from_secs(3600),
    };
    let refused = [
        Tries { most: 0, ..tries },
        Tries { most: 101, ..tries },
        Tries {
            period: Duration::ZERO,
            ..tries
        },
        Tries {
            period: Duration::MAX,
            ..tries
        },
    ];
    for tries in refused {
        assert!(tries.check().is_err(), "{tries:?}");
    }
    assert!(tries.check().is_ok());
}
