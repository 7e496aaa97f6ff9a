//! The check of a code, through the API that hosts call. The store is in memory, so only our code is measured.
#![allow(
    missing_docs,
    clippy::expect_used,
    clippy::panic,
    reason = "the macros generate undocumented items, and a benchmark fails by panicking"
)]

use criterion::{Criterion, criterion_group, criterion_main};
use hallpass::{ErrorKind, event::ClientInfo, testing::TestAuth};
use tokio::runtime::Runtime;

criterion_main!(benches);
criterion_group!(benches, codes);

/// A wrong code in a session costs everything but the write of the success: the key is unsealed, three steps are
/// computed, and the failure is recorded.
fn codes(c: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let (auth, caller) = runtime.block_on(async {
        let auth = TestAuth::with(|builder| builder.second_factor_tries(None));
        let ann = auth.user_with_totp("ann@example.org").await;
        let tokens = auth.sign_in_with_totp(&ann).await;
        let caller = auth.current_user(&tokens.access_token).await;
        (auth, caller.expect("the session is live"))
    });
    let (wrong, client) = ("000000".parse().expect("six digits"), ClientInfo::default());
    c.bench_function("second factor/wrong code", |b| {
        b.to_async(&runtime).iter(async || {
            let checked = auth
                .factors()
                .reauthenticate(&caller, &wrong, &client)
                .await;
            let error = checked.expect_err("the code is wrong");
            assert_eq!(error.kind(), ErrorKind::InvalidCode);
        });
    });
}
