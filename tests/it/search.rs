//! How long administrators wait for a search among many users.
//!
//! `HALLPASS_TEST_USERS=1000000 cargo test --release --all-features --test it search -- --nocapture` measures it among a
//! million users.

use std::{
    array, env,
    time::{Duration, Instant},
};

use hallpass::{
    event::EventId,
    store::{OperatorStore as _, UserStore as _},
    user::{EmailPrefix, Role, UserFilter, UserStatus},
};

use crate::support::{db::Database, plans::Watched};

/// The longest that a search may take.
const LONGEST: Duration = Duration::from_millis(50);

fn filter(email: &str, role: &'static str, status: Option<UserStatus>) -> UserFilter {
    UserFilter {
        email: (!email.is_empty()).then(|| EmailPrefix::new(email)),
        role: (!role.is_empty()).then(|| Role::from_static(role)),
        status,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn search_among_many_users_is_quick() {
    let users = env::var("HALLPASS_TEST_USERS").map_or(20_000, |users| users.parse().unwrap());
    for database in Database::migrated().await {
        let watched = Watched::open(&database.url()).await;
        watched.fill(users).await;
        let mut slow = Vec::new();
        let (active, disabled) = (Some(UserStatus::Active), Some(UserStatus::Disabled));
        for filter in [
            filter("", "", None),
            filter("7919-1@example.org", "", None),
            filter("1", "", None),
            filter("12", "", active),
            filter("1", "", disabled),
            filter("9", "user", active),
            filter("1", "editor", None),
            filter("1", "admin", active),
            filter("nobody", "", None),
            filter("", "nobody", None),
            filter("", "editor", disabled),
            filter("", "user", disabled),
            filter("", "admin", active),
        ] {
            let mut times = Vec::new();
            for _ in 0..7 {
                let begun = Instant::now();
                let found = watched.store.list_users(&filter, None, 26).await;
                times.push(begun.elapsed());
                found.unwrap();
            }
            times.sort_unstable();
            let median = times[times.len() / 2];
            let name = database.name();
            eprintln!("{name}: {median:?} of {users} users, {filter:?}");
            if median > LONGEST {
                slow.push(format!("{name}: {median:?}, {filter:?}"));
            }
        }
        assert!(slow.is_empty(), "{}", slow.join("\n"));
        let begun = Instant::now();
        let now = hallpass::clock::Timestamp::from_timestamp(1_800_000_000, 0).unwrap();
        let days = array::from_fn(|_| EventId::first_of(now));
        let figures = watched.store.figures(&days).await.unwrap();
        eprintln!("{}: {:?} for the figures", database.name(), begun.elapsed());
        assert_eq!(figures.users, u64::try_from(users).unwrap());
    }
}
