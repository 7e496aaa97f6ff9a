//! Decisions of the limiter in memory.
#![allow(
    missing_docs,
    clippy::expect_used,
    reason = "the macros generate undocumented items, and a benchmark fails by panicking"
)]

use criterion::{Criterion, criterion_group, criterion_main};
use hallpass::{
    clock::{Clock as _, SystemClock},
    limit::{Charge, LimitKey, Lockout, Rate, Rule},
    memory::MemoryLimiter,
    store::Limiter as _,
};
use tokio::runtime::Runtime;

/// The number of keys that take turns.
const KEYS: u64 = 100_000;

criterion_main!(benches);
criterion_group!(benches, decide);

fn decide(c: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let mut group = c.benchmark_group("a limit in memory");
    let rate = Rule::Rate(Rate::per_minute(20));
    let attempts = Rule::Attempts(Lockout::default());
    for (name, rules) in [
        ("one rate", &[rate][..]),
        ("a rate and attempts, as a login", &[rate, attempts]),
    ] {
        group.bench_function(name, |b| {
            let limiter = MemoryLimiter::new();
            let mut number = 0;
            b.iter(|| {
                number += 1;
                let charges: Vec<_> = (0..)
                    .zip(rules)
                    .map(|(position, rule)| Charge {
                        key: key(2 * (number % KEYS) + position),
                        rule: *rule,
                    })
                    .collect();
                let charged = limiter.charge(&charges, SystemClock.now());
                runtime.block_on(charged).expect("there is room")
            });
        });
    }
}

/// A key that looks as random as a real one.
fn key(number: u64) -> LimitKey {
    let mixed = u128::from(number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
    LimitKey::from(mixed.to_le_bytes())
}
