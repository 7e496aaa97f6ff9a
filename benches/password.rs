//! Argon2id with the default parameters: bare, and through the pool.
#![allow(
    missing_docs,
    clippy::expect_used,
    reason = "the macros generate undocumented items, and a benchmark fails by panicking"
)]

use argon2::{Algorithm, Argon2, Block, Params, Version};
use criterion::{Criterion, criterion_group, criterion_main};
use hallpass::{
    credential::{HashParams, Hasher},
    secret::Password,
};
use tokio::runtime::Runtime;

const PASSWORD: &str = "long enough to be taken";

criterion_main!(benches);
criterion_group!(
    name = benches;
    config = Criterion::default().sample_size(40);
    targets = hash
);

fn hash(c: &mut Criterion) {
    let mut group = c.benchmark_group("password hash");
    group.bench_function("bare, in memory that is kept", |b| {
        let params = Params::new(19_456, 2, 1, Some(32)).expect("the default parameters");
        let mut memory = vec![Block::new(); params.block_count()];
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let mut tag = [0; 32];
        b.iter(|| {
            argon2
                .hash_password_into_with_memory(
                    PASSWORD.as_bytes(),
                    &[7; 16],
                    &mut tag,
                    &mut memory,
                )
                .expect("the memory suffices");
            tag
        });
    });
    let runtime = Runtime::new().expect("a runtime");
    let hasher = Hasher::builder(HashParams::default());
    let hasher = hasher.build().expect("the default settings");
    let password = Password::new(PASSWORD);
    let stored = runtime.block_on(hasher.hash(&password)).expect("no load");
    group.bench_function("made through the pool", |b| {
        b.to_async(&runtime).iter(|| hasher.hash(&password));
    });
    group.bench_function("verified through the pool", |b| {
        b.to_async(&runtime)
            .iter(|| hasher.verify(&password, Some(&stored)));
    });
}
