//! The password hasher: threads, queue and deadlines.

mod known_params;
mod pool;
mod speed;

use std::{
    num::NonZero,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use self::{
    known_params::KnownParams,
    pool::{Begun, Pool, Threads},
};
use super::{
    HashParams,
    phc::{self, Phc},
    prepared::prepared,
    workspace::Workspace,
};
use crate::{
    error::{Error, Result},
    metric::Shed,
    secret::{Password, PasswordHash},
};

/// No machine has this many processors, so a larger number must be a mistake.
const MAX_PERMITS: usize = 1 << 16;
const DEFAULT_QUEUE: usize = 256;
const DEFAULT_DEADLINE: Duration = Duration::from_secs(2);
/// Gives a thread about a tenth of the scheduling weight of a thread at nice value 0.
const DEFAULT_NICENESS: u8 = 10;

/// Hashes and verifies passwords, with a fixed limit on how many are processed at the same time.
///
/// Each hash is computed on a thread of the hasher, under one of a fixed number of permits. A caller that finds no free
/// permit waits in a fair queue of limited length, for a limited time. If the queue is full or the time has passed, the
/// caller is refused with [`Overloaded`](crate::ErrorKind::Overloaded) and a time after which to retry. Each permit has
/// its own Argon2 memory, allocated at first use and kept. That memory is large enough for the most demanding
/// parameters among the current and the declared former ones. If a stored hash needs more memory, the additional memory
/// is freed after the verification.
///
/// A failed verification computes one hash for each set of parameters that stored hashes are known
/// to have, always in the same order. Its time therefore does not reveal which parameters a hash
/// has, or whether there is a hash. Parameters that are no longer current are known from the start
/// if they are declared as [`former`](HasherBuilder::former). Otherwise, they become known when a
/// hash with these parameters is first verified.
///
/// Clones share the permits. The methods must be called within a tokio runtime. If the runtime's clock is paused, as in
/// tests, it may jump to the next timer while a hash is computed.
///
/// ```
/// # #[tokio::main]
/// # async fn main() -> hallpass::Result<()> {
/// use hallpass::{secret::Password, credential::{HashParams, Hasher, Verification}};
///
/// let hasher = Hasher::builder(HashParams::default()).permits(2).build()?;
/// let password = Password::new("correct horse battery staple");
/// let hash = hasher.hash(&password).await?;
/// assert_eq!(hasher.verify(&password, Some(&hash)).await?, Verification::Right);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Hasher(Arc<Inner>);

struct Inner {
    known_params: KnownParams,
    dummy: Phc,
    pool: Pool,
    /// One slot for each caller that may hash or wait.
    slots: Arc<Semaphore>,
    checks: AtomicU64,
}

/// The load of a [`Hasher`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct HashLoad {
    /// How many hashes may be computed at the same time.
    pub permits: usize,
    /// How many hashes are being computed.
    pub taken: usize,
    /// How many callers may wait.
    pub queue: usize,
    /// How many callers wait.
    pub waiting: usize,
    /// How many callers were refused since the hasher was built.
    pub refused: u64,
}

/// The result of a verification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(
    clippy::exhaustive_enums,
    reason = "a new outcome would change the contract"
)]
pub enum Verification {
    /// The password is right, but its hash has parameters that are no longer current, or was made from a non-ASCII
    /// password that was not prepared. Hash the password again.
    Outdated,
    /// The password is right.
    Right,
    /// The password is wrong, or there was no hash to compare it with.
    Wrong,
}

/// Settings for a [`Hasher`].
#[derive(Clone, Debug)]
pub struct HasherBuilder {
    params: HashParams,
    former: Vec<HashParams>,
    permits: usize,
    queue: usize,
    deadline: Duration,
    threads: Threads,
}

impl HasherBuilder {
    /// Adds parameters that were used before, and that stored hashes may still have.
    ///
    /// A failed verification then computes one more hash, with these parameters. Each process
    /// learns undeclared parameters only when it first verifies a hash with these parameters. Until
    /// then, verifying such a hash takes a different time than verifying without a hash. The
    /// parameters of that hash are then added, unless four former parameter sets are already known,
    /// or the parameters take more memory or work than the current ones. If they are not added, a
    /// warning is logged once, and verifying hashes with them still takes a different time. Each
    /// parameter set makes failures more expensive, so do not declare a set that no account uses
    /// any more.
    #[must_use]
    pub fn former(mut self, params: HashParams) -> Self {
        self.former.push(params);
        self
    }

    /// The maximum number of hashes that are computed at the same time; at least 1. By default,
    /// there is one permit for each processor.
    #[must_use]
    pub fn permits(mut self, permits: usize) -> Self {
        self.permits = permits;
        self
    }

    /// How many callers may wait; 256 by default. With 0, no caller waits.
    #[must_use]
    pub fn queue(mut self, queue: usize) -> Self {
        self.queue = queue;
        self
    }

    /// How long a caller may wait; 2 seconds by default.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// The increment of the nice value (`nice(2)`) of the hashing threads, 0 to 19. While processors are scarce, these
    /// threads yield to other threads. The default of 10 gives them about a tenth of the processor time of another
    /// thread, so that a flood of logins hardly slows down signed-in users. Conversely, logins are slow while other
    /// threads keep all processors busy. The setting has an effect on Linux only. If Argon2 is not optimised in a debug
    /// build, the threads do not yield, and a warning explains how to optimise Argon2.
    #[must_use]
    pub fn niceness(mut self, niceness: u8) -> Self {
        self.threads = Threads::Own { niceness };
        self
    }

    /// Hashes on the calling thread. Otherwise a paused tokio clock would jump to the next timeout
    /// while another thread hashes.
    #[cfg(feature = "testing")]
    #[must_use]
    pub(crate) fn in_place(mut self) -> Self {
        self.threads = Threads::Callers;
        self
    }

    /// Builds the hasher.
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) if the number of permits is 0 or above 65,536, or the
    /// niceness above 19.
    pub fn build(self) -> Result<Hasher> {
        if !(1..=MAX_PERMITS).contains(&self.permits) {
            return Err(Error::configuration(
                "the number of hash permits must be 1 to 65536",
            ));
        }
        if matches!(self.threads, Threads::Own { niceness } if niceness > 19) {
            return Err(Error::configuration(
                "the niceness of hashing must be 0 to 19",
            ));
        }
        let threads = match self.threads {
            // An unoptimised Argon2 is thirty times slower. With only a tenth of the processor
            // time, requests would time out.
            Threads::Own { .. } if speed::is_unoptimised() => Threads::Own { niceness: 0 },
            threads => threads,
        };
        let known_params = KnownParams::new(self.params, self.former);
        Ok(Hasher(Arc::new(Inner {
            dummy: Phc::dummy(self.params),
            pool: Pool::new(
                known_params.roomiest(),
                self.permits,
                self.queue,
                self.deadline,
                threads,
            ),
            known_params,
            slots: Arc::new(Semaphore::new(
                (self.permits + self.queue).min(Semaphore::MAX_PERMITS),
            )),
            checks: AtomicU64::new(0),
        })))
    }
}

impl Hasher {
    /// The default settings: a permit for each processor, a queue of 256 callers, and a wait of at
    /// most 2 seconds.
    #[must_use]
    pub fn builder(params: HashParams) -> HasherBuilder {
        HasherBuilder {
            params,
            former: Vec::new(),
            permits: thread::available_parallelism().map_or(1, NonZero::get),
            queue: DEFAULT_QUEUE,
            deadline: DEFAULT_DEADLINE,
            threads: Threads::Own {
                niceness: DEFAULT_NICENESS,
            },
        }
    }

    /// The parameters of new hashes.
    #[must_use]
    pub fn params(&self) -> HashParams {
        self.0.known_params.current()
    }

    /// The number of hash permits.
    pub(crate) fn permits(&self) -> usize {
        self.0.pool.permits()
    }

    /// Checks that a slot is free for one more caller, which hashes or waits.
    ///
    /// # Errors
    /// [`Overloaded`](crate::ErrorKind::Overloaded) if no slot is free.
    #[cfg(feature = "http")]
    pub(crate) fn has_slot(&self) -> Result<()> {
        if self.0.slots.available_permits() > 0 {
            return Ok(());
        }
        Err(self.0.pool.overloaded(Shed::NoSlot))
    }

    /// How many callers are waiting for a permit.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.0.pool.waiting()
    }

    /// The load at this moment.
    #[must_use]
    pub fn load(&self) -> HashLoad {
        self.0.pool.load()
    }

    /// A slot for a caller that hashes or waits. The caller also keeps it during the work before
    /// and after the hash.
    ///
    /// # Errors
    /// [`Overloaded`](crate::ErrorKind::Overloaded) if no slot is free.
    pub(super) fn slot(&self) -> Result<OwnedSemaphorePermit> {
        Arc::clone(&self.0.slots)
            .try_acquire_owned()
            .map_err(|_| self.0.pool.overloaded(Shed::NoSlot))
    }

    /// How many verifications were performed, including dummy ones.
    #[cfg(any(test, feature = "testing"))]
    #[must_use]
    pub fn checks(&self) -> u64 {
        self.0.checks.load(Ordering::SeqCst)
    }

    /// Hashes a password as an Argon2id PHC string with a tag of 32 bytes. The password is prepared
    /// first (RFC 8265, OpaqueString: every Unicode space becomes U+0020, and the text becomes
    /// NFC). The salt consists of 16 random bytes and a seven-byte mark that records the
    /// preparation.
    ///
    /// # Errors
    /// [`Overloaded`](crate::ErrorKind::Overloaded) if no permit becomes free in time, or no thread
    /// can be started; [`Internal`](crate::ErrorKind::Internal) if the memory cannot be allocated.
    pub async fn hash(&self, password: &Password) -> Result<PasswordHash> {
        let (params, password) = (self.params(), prepared(password));
        self.run(move |workspace| {
            let salt = phc::salt();
            let mut tag = [0; phc::TAG_LEN];
            workspace.compute(params, password.expose().as_bytes(), &salt, &mut tag)?;
            Ok(phc::write(params, &salt, &tag))
        })
        .await
    }

    /// Compares a password with a hash. Without a hash, the call costs as much as with a wrong
    /// password, and returns [`Wrong`](Verification::Wrong).
    ///
    /// # Errors
    /// [`Overloaded`](crate::ErrorKind::Overloaded) if no permit becomes free in time;
    /// [`Internal`](crate::ErrorKind::Internal) if the hash is not Argon2id of version 19, or its
    /// cost exceeds the limits; and the errors of [`hash`](Self::hash).
    pub async fn verify(
        &self,
        password: &Password,
        hash: Option<&PasswordHash>,
    ) -> Result<Verification> {
        self.begin_verify(password, hash).await?.finished().await
    }

    /// Like [`verify`](Self::verify), but returns as soon as the verification begins. If the caller
    /// disconnects before that, the verification never begins.
    ///
    /// # Errors
    /// The errors of [`verify`](Self::verify).
    pub(super) async fn begin_verify(
        &self,
        password: &Password,
        hash: Option<&PasswordHash>,
    ) -> Result<Begun<Verification>> {
        let stored = hash.map(Phc::parse).transpose()?;
        let is_dummy = stored.is_none();
        let stored = stored.unwrap_or_else(|| self.0.dummy.clone());
        let known_params = self.0.known_params.registered_with(stored.params);
        // Only one form of the password is compared, so that a failure costs the same for every stored hash.
        let (typed, prepared) = (password.clone(), prepared(password));
        let (password, may_differ) = match stored.is_of_prepared() {
            true => (prepared, false),
            false => (typed, !password.expose().is_ascii()),
        };
        let inner = Arc::clone(&self.0);
        self.0
            .pool
            .begin(move |workspace| {
                inner.checks.fetch_add(1, Ordering::SeqCst);
                let mut tag = vec![0; stored.tag_len()];
                let password = password.expose().as_bytes();
                for params in known_params {
                    workspace.compute(params, password, &stored.salt, &mut tag)?;
                    if params == stored.params && stored.matches(&tag) && !is_dummy {
                        return Ok(
                            if may_differ || stored.is_outdated(inner.known_params.current()) {
                                Verification::Outdated
                            } else {
                                Verification::Right
                            },
                        );
                    }
                }
                Ok(Verification::Wrong)
            })
            .await
    }

    pub(super) async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Workspace) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.0.pool.run(job).await
    }
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inner")
            .field("known_params", &self.known_params)
            .field("pool", &self.pool)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
