//! The metrics of the crate. The process has one recorder of its own.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests fail by panicking"
)]

use std::{
    collections::BTreeMap,
    future::pending,
    sync::{Arc, Mutex, MutexGuard},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use hallpass::{
    Auth, ErrorKind, Login, Registration, SignIn,
    clock::{ManualClock, Timestamp},
    credential::{HashParams, Hasher},
    error::StoreError,
    event::ClientInfo,
    limit::{Budget, Charge, Charged, LimitKey, Lockout, Rate, RateLimits},
    mail::Mailbox,
    memory::MemoryStore,
    secret::Secret,
    store::Limiter,
    user::EmailAddress,
};
use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder,
    SharedString, Unit,
};
use tokio::{
    runtime,
    task::{JoinHandle, JoinSet},
    time::sleep,
};

const PASSWORD: &str = "correct horse battery staple";
/// This timeout only ends a hang.
const PATIENCE: Duration = Duration::from_secs(60);

/// Keeps every metric by name and labels.
#[derive(Clone, Default)]
struct Recorded(Arc<Mutex<BTreeMap<String, Vec<f64>>>>);

struct Series {
    name: String,
    recorded: Recorded,
}

impl Recorded {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Vec<f64>>> {
        self.0.lock().unwrap()
    }

    fn sum(&self, name: &str) -> f64 {
        self.lock()
            .get(name)
            .map_or(0.0, |values| values.iter().sum())
    }

    fn values(&self, name: &str) -> Vec<f64> {
        self.lock().get(name).cloned().unwrap_or_default()
    }

    fn series(&self, key: &Key) -> Arc<Series> {
        let labels = key
            .labels()
            .map(|label| format!("{}={}", label.key(), label.value()));
        let labels: Vec<_> = labels.collect();
        Arc::new(Series {
            name: format!("{}{{{}}}", key.name(), labels.join(",")),
            recorded: self.clone(),
        })
    }

    async fn until(&self, name: &str, sum: f64) {
        let begun = Instant::now();
        while self.sum(name) != sum {
            assert!(begun.elapsed() < PATIENCE, "{name}: {}", self.sum(name));
            sleep(Duration::from_millis(1)).await;
        }
    }
}

impl Series {
    fn push(&self, value: f64) {
        let mut recorded = self.recorded.lock();
        recorded.entry(self.name.clone()).or_default().push(value);
    }
}

impl CounterFn for Series {
    fn increment(&self, value: u64) {
        self.push(value as f64);
    }

    fn absolute(&self, _: u64) {
        unreachable!("counters count up by one");
    }
}

impl GaugeFn for Series {
    fn increment(&self, value: f64) {
        self.push(value);
    }

    fn decrement(&self, value: f64) {
        self.push(-value);
    }

    fn set(&self, _: f64) {
        unreachable!("several services share a gauge");
    }
}

impl HistogramFn for Series {
    fn record(&self, value: f64) {
        self.push(value);
    }
}

impl Recorder for Recorded {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.series(key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.series(key))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(self.series(key))
    }
}

fn auth(hashing: hallpass::credential::HasherBuilder) -> Auth {
    let builder = Auth::builder()
        .store(MemoryStore::new())
        .clock(ManualClock::new())
        .secrets(Secret::generate())
        .public_url("https://example.org")
        .mailer(Mailbox::new())
        .hashing(hashing);
    let rate = Rate::per_minute(5);
    let limits = RateLimits::none().per_client(Budget::SignIn, rate);
    let lockout = Lockout {
        free_attempts: 1,
        max_attempts: 1,
        ..Lockout::default()
    };
    builder
        .rate_limits(limits)
        .lockout(lockout)
        .build()
        .unwrap()
}

async fn log_in(auth: &Auth, number: u32, client: ClientInfo) -> ErrorKind {
    let email = format!("nobody{number}@example.org").parse().unwrap();
    let login = Login::new(email, PASSWORD).with_client(client);
    auth.login(login).await.unwrap_err().kind()
}

/// Never answers.
#[derive(Clone, Debug)]
struct Stuck;

#[async_trait]
impl Limiter for Stuck {
    async fn charge(&self, _: &[Charge], _: Timestamp) -> Result<Charged, StoreError> {
        pending().await
    }

    async fn refund(&self, _: LimitKey, _: Timestamp) -> Result<(), StoreError> {
        Ok(())
    }

    async fn clear(&self, _: LimitKey) -> Result<(), StoreError> {
        Ok(())
    }
}

/// Makes calls that wait to be counted first, and are refused.
fn ask_in_vain(calls: usize) -> JoinSet<ErrorKind> {
    let hasher = Hasher::builder(HashParams::danger_weak(8, 1, 1).unwrap());
    let auth = Auth::builder()
        .store(MemoryStore::new())
        .secrets(Secret::generate())
        .public_url("https://example.org")
        .mailer(Mailbox::new())
        .hashing(hasher.permits(1))
        .limiter(Stuck)
        .build()
        .unwrap();
    let mut asked = JoinSet::new();
    for number in 0..calls {
        let auth = auth.clone();
        asked.spawn(async move {
            let email = format!("{number}@example.org").parse().unwrap();
            let nobody = ClientInfo::default();
            let asked = auth.forgot_password(&email, &nobody);
            asked.await.unwrap_err().kind()
        });
    }
    asked
}

/// Computes a hash that takes seconds of processor time.
fn hash(hasher: &Hasher) -> JoinHandle<Result<(), ErrorKind>> {
    let hasher = hasher.clone();
    tokio::spawn(async move {
        let hashed = hasher.hash(&PASSWORD.into()).await;
        hashed.map(drop).map_err(|error| error.kind())
    })
}

fn busy(deadline: Duration) -> Hasher {
    let costly = HashParams::danger_weak(262_144, 16, 1).unwrap();
    let hasher = Hasher::builder(costly).permits(1).queue(1).niceness(0);
    hasher.deadline(deadline).build().unwrap()
}

async fn wait_for_a_permit(recorded: &Recorded) {
    let hasher = busy(PATIENCE);
    let first = hash(&hasher);
    recorded.until("hallpass_hash_permits_taken{}", 1.0).await;
    let waiting = hash(&hasher);
    recorded.until("hallpass_hash_waiting{}", 1.0).await;
    let beyond = hash(&hasher).await.unwrap();
    assert_eq!(beyond, Err(ErrorKind::Overloaded));
    let shed = recorded.sum("hallpass_hash_shed_total{reason=queue_full}");
    assert_eq!(shed, 1.0);
    waiting.abort();
    recorded.until("hallpass_hash_waiting{}", 0.0).await;
    first.await.unwrap().unwrap();
    assert_eq!(recorded.sum("hallpass_hash_permits_taken{}"), 0.0);
    assert_eq!(recorded.values("hallpass_hash_wait_seconds{}"), [0.0]);
}

async fn wait_too_long_for_a_permit(recorded: &Recorded) {
    let hasher = busy(Duration::from_millis(100));
    let first = hash(&hasher);
    recorded.until("hallpass_hash_permits_taken{}", 1.0).await;
    let late = hash(&hasher).await.unwrap();
    assert_eq!(late, Err(ErrorKind::Overloaded));
    let shed = recorded.sum("hallpass_hash_shed_total{reason=deadline}");
    assert_eq!(shed, 1.0);
    assert_eq!(recorded.sum("hallpass_hash_waiting{}"), 0.0);
    first.await.unwrap().unwrap();
    assert_eq!(recorded.sum("hallpass_hash_permits_taken{}"), 0.0);
}

/// Four calls are being counted, 256 wait, and the others are refused. Nobody times out while the clock is paused.
fn crowd(recorded: &Recorded) {
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build();
    runtime.unwrap().block_on(async {
        let mut calls = ask_in_vain(300);
        for _ in 0..40 {
            let refused = calls.join_next().await.unwrap().unwrap();
            assert_eq!(refused, ErrorKind::Overloaded);
        }
        assert_eq!(recorded.sum("hallpass_admission_shed_total{}"), 40.0);
    });
}

/// There is only one test, because the recorder is shared.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn load_is_recorded_without_names() {
    let recorded = Recorded::default();
    let set = metrics::set_global_recorder(recorded.clone());
    assert!(set.is_ok(), "no other recorder is installed");

    wait_for_a_permit(&recorded).await;
    wait_too_long_for_a_permit(&recorded).await;

    // Each hash takes some hundred milliseconds of processor time.
    let costly = HashParams::danger_weak(65_536, 6, 1).unwrap();
    let hasher = Hasher::builder(costly).permits(1).queue(1).niceness(0);
    let auth = auth(hasher.deadline(PATIENCE));
    let logins: Vec<_> = (0..3)
        .map(|number| {
            let auth = auth.clone();
            tokio::spawn(async move { log_in(&auth, number, ClientInfo::default()).await })
        })
        .collect();
    let mut kinds = Vec::new();
    for login in logins {
        kinds.push(login.await.unwrap());
    }
    kinds.sort_unstable_by_key(|kind| format!("{kind:?}"));
    assert_eq!(kinds[2], ErrorKind::Overloaded);
    assert_eq!(
        recorded.sum("hallpass_hash_shed_total{reason=no_slot}"),
        1.0
    );
    let waits = recorded.values("hallpass_hash_wait_seconds{}");
    assert_eq!(waits[..3], [0.0, 0.0, 0.0]);
    assert!(waits.len() == 4 && waits[3] > 0.0, "{waits:?}");

    let refused = auth
        .login(Login::new("nobody9@example.org".parse().unwrap(), PASSWORD))
        .await;
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::InvalidCredentials);
    assert_eq!(
        log_in(&auth, 9, ClientInfo::default()).await,
        ErrorKind::TooManyAttempts
    );
    assert_eq!(recorded.sum("hallpass_locked_total{}"), 1.0);
    // A device that locked itself counts as unknown before its refusal.
    let ann: EmailAddress = "ann@example.org".parse().unwrap();
    let registration = Registration::new(ann.clone(), PASSWORD);
    auth.register(registration).await.unwrap();
    let signed_in = auth.login(Login::new(ann.clone(), PASSWORD)).await.unwrap();
    let SignIn::Complete { device, .. } = signed_in else {
        panic!("no further step is needed: {signed_in:?}");
    };
    let known = ClientInfo::default().with_device(device.unwrap());
    for (kind, locked) in [
        (ErrorKind::InvalidCredentials, 1.0),
        (ErrorKind::InvalidCredentials, 1.0),
        (ErrorKind::TooManyAttempts, 2.0),
    ] {
        let login = Login::new(ann.clone(), "wrong").with_client(known.clone());
        assert_eq!(auth.login(login).await.unwrap_err().kind(), kind);
        assert_eq!(recorded.sum("hallpass_locked_total{}"), locked);
    }
    let client = ClientInfo::new(Some([192, 0, 2, 77].into()), None);
    for _ in 0..5 {
        assert_eq!(
            log_in(&auth, 9, client.clone()).await,
            ErrorKind::TooManyAttempts
        );
    }
    assert_eq!(
        log_in(&auth, 9, client.clone()).await,
        ErrorKind::RateLimited
    );
    assert_eq!(
        recorded.sum("hallpass_rate_limited_total{budget=sign_in}"),
        1.0
    );

    let turned_away = recorded.clone();
    let crowd = tokio::task::spawn_blocking(move || crowd(&turned_away));
    crowd.await.unwrap();

    assert_eq!(recorded.sum("hallpass_hash_permits_taken{}"), 0.0);
    assert_eq!(recorded.sum("hallpass_hash_waiting{}"), 0.0);
    let names: Vec<_> = recorded.lock().keys().cloned().collect();
    assert!(
        names
            .iter()
            .all(|name| !name.contains('@') && !name.contains("192.")),
        "{names:?}"
    );
}
