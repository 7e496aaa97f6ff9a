//! The thread pool that hashes passwords.

use std::{
    collections::VecDeque,
    fmt, io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use tokio::{sync::oneshot, time};

use crate::{
    credential::{HashLoad, HashParams, workspace::Workspace},
    error::{Error, ErrorKind, Result},
    metric::{self, Shed, Stopwatch},
};

/// Runs jobs on its own threads, at most a fixed number at the same time. Further jobs wait in the
/// order of their arrival.
///
/// A thread that has finished its job takes the next waiting job directly. If an async thread handed out the jobs, that
/// thread would first have to be scheduled on a processor, which takes a while when hashing uses all processors. If no
/// job is waiting, the thread ends.
#[derive(Clone)]
pub(super) struct Pool(Arc<Inner>);

struct Inner {
    /// The parameters whose memory an idle workspace keeps.
    room: HashParams,
    permits: usize,
    queue: usize,
    deadline: Duration,
    threads: Threads,
    /// How many callers were refused.
    refused: AtomicU64,
    state: Mutex<State>,
}

/// Where jobs run.
#[derive(Clone, Copy, Debug)]
pub(super) enum Threads {
    /// On the calling thread.
    #[cfg(feature = "testing")]
    Callers,
    /// Hashes on pool threads, with the nice value increased by this much.
    Own { niceness: u8 },
}

#[derive(Default)]
struct State {
    /// The number of permits in use. No job waits while a permit is free, unless a thread could not
    /// be started.
    taken: usize,
    waiting: VecDeque<Waiting>,
    next: Ticket,
    /// The workspaces that are not in use. There are never more workspaces than permits.
    idle: Vec<Workspace>,
}

struct Waiting {
    ticket: Ticket,
    since: Stopwatch,
    job: Job,
}

/// Identifies a job in the queue. Later jobs have higher tickets.
type Ticket = u64;

/// Does the work, and returns a closure that delivers the result.
type Job = Box<dyn FnOnce(&mut Workspace) -> HandOver + Send>;
type HandOver = Box<dyn FnOnce() + Send>;

impl Pool {
    pub(super) fn new(
        room: HashParams,
        permits: usize,
        queue: usize,
        deadline: Duration,
        threads: Threads,
    ) -> Self {
        Self(Arc::new(Inner {
            room,
            permits,
            queue,
            deadline,
            threads,
            refused: AtomicU64::new(0),
            state: Mutex::default(),
        }))
    }

    /// How many jobs may run at the same time.
    pub(super) fn permits(&self) -> usize {
        self.0.permits
    }

    /// How many callers wait.
    pub(super) fn waiting(&self) -> usize {
        self.0.state().waiting.len()
    }

    pub(super) fn load(&self) -> HashLoad {
        let state = self.0.state();
        HashLoad {
            permits: self.0.permits,
            taken: state.taken,
            queue: self.0.queue,
            waiting: state.waiting.len(),
            refused: self.0.refused.load(Ordering::Relaxed),
        }
    }

    /// Runs a job. If the caller disconnects while the job waits, the job leaves the queue. A job that has begun is
    /// finished, and keeps its permit until then.
    ///
    /// # Errors
    /// The errors of [`begin`](Self::begin); [`Internal`](ErrorKind::Internal) if the job panics;
    /// otherwise the error of the job.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Workspace) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.begin(job).await?.finished().await
    }

    /// Waits until a job has begun. If the caller disconnects before that, the job never begins.
    ///
    /// # Errors
    /// [`Overloaded`](ErrorKind::Overloaded) if the queue is full, no permit becomes free in time,
    /// or no thread can be started.
    pub(super) async fn begin<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Workspace) -> Result<T> + Send + 'static,
    ) -> Result<Begun<T>> {
        let (beginner, begun) = oneshot::channel();
        let (sender, result) = oneshot::channel();
        let job: Job = Box::new(move |workspace| {
            // The caller may have disconnected.
            let _ = beginner.send(());
            let result = job(workspace);
            Box::new(move || drop(sender.send(result)))
        });
        if let Some(slot) = self.admit(job)? {
            match time::timeout(self.0.deadline, begun).await {
                Ok(Ok(())) => {}
                Ok(Err(_dropped)) => return Err(self.overloaded(Shed::NoThread)),
                Err(_elapsed) if slot.leave() => return Err(self.overloaded(Shed::Deadline)),
                Err(_elapsed) => {}
            }
        }
        Ok(Begun(result))
    }

    /// Starts a job, or queues it.
    fn admit(&self, job: Job) -> Result<Option<QueueSlot>> {
        let mut state = self.0.state();
        if state.taken < self.0.permits {
            state.taken += 1;
            drop(state);
            metric::permit_taken();
            metric::waited(0.0);
            return match self.start(job) {
                Ok(()) => Ok(None),
                Err(error) => Err(self.without_a_thread(&error)),
            };
        }
        if state.waiting.len() >= self.0.queue {
            return Err(self.overloaded(Shed::QueueFull));
        }
        let ticket = state.next;
        state.next += 1;
        state.waiting.push_back(Waiting {
            ticket,
            since: Stopwatch::start(),
            job,
        });
        drop(state);
        metric::began_to_wait();
        Ok(Some(QueueSlot {
            inner: Arc::clone(&self.0),
            ticket,
        }))
    }

    /// Runs a job that has a permit, and then the waiting jobs.
    fn start(&self, job: Job) -> io::Result<()> {
        match self.0.threads {
            #[cfg(feature = "testing")]
            Threads::Callers => {
                self.0.work(job);
                Ok(())
            }
            Threads::Own { niceness } => {
                let inner = Arc::clone(&self.0);
                let thread = thread::Builder::new().name("hallpass-hash".to_owned());
                let work = move || {
                    lower_priority(niceness);
                    inner.work(job);
                };
                thread.spawn(work).map(drop)
            }
        }
    }

    /// Gives back the permit of a thread that could not be started. If no thread is left to run the waiting jobs, the
    /// waiting jobs fail with this error.
    pub(super) fn without_a_thread(&self, error: &io::Error) -> Error {
        tracing::error!(%error, "no thread can be started to hash a password");
        let mut state = self.0.state();
        state.taken -= 1;
        let stranded = match state.taken {
            0 => std::mem::take(&mut state.waiting),
            _ => VecDeque::new(),
        };
        drop(state);
        metric::permit_given_back();
        for _ in &stranded {
            metric::waits_no_more();
        }
        self.overloaded(Shed::NoThread)
    }

    /// The error for a caller that is refused.
    pub(super) fn overloaded(&self, reason: Shed) -> Error {
        metric::shed(reason);
        self.0.refused.fetch_add(1, Ordering::Relaxed);
        Error::new(ErrorKind::Overloaded)
            .with_retry_after(self.0.deadline.max(Duration::from_secs(1)))
    }

    #[cfg(test)]
    pub(super) fn take_permit(&self) {
        self.0.state().taken += 1;
    }

    #[cfg(test)]
    pub(super) fn free_permits(&self) -> usize {
        self.0.permits - self.0.state().taken
    }

    /// The hashes computed in the idle workspaces since the last call.
    #[cfg(test)]
    pub(super) fn computed(&self) -> Vec<HashParams> {
        let mut state = self.0.state();
        state
            .idle
            .iter_mut()
            .flat_map(|idle| idle.computed.drain(..))
            .collect()
    }

    #[cfg(test)]
    pub(super) fn idle_memory_kib(&self) -> Vec<usize> {
        let state = self.0.state();
        state.idle.iter().map(Workspace::capacity_kib).collect()
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs this job and then the waiting jobs under one permit, and gives the permit back when no job waits.
    fn work(&self, first: Job) {
        let mut workspace = self.state().idle.pop().unwrap_or_default();
        let mut next = Some(first);
        while let Some(job) = next {
            let done = catch_unwind(AssertUnwindSafe(|| job(&mut workspace)));
            if done.is_err() {
                workspace = Workspace::default();
            }
            workspace.shrink_to(self.room);
            let mut state = self.state();
            let waited = state.waiting.pop_front();
            if waited.is_none() {
                state.taken -= 1;
                state.idle.push(std::mem::take(&mut workspace));
            }
            drop(state);
            match &waited {
                Some(waiting) => {
                    metric::waits_no_more();
                    metric::waited(waiting.since.seconds());
                }
                None => metric::permit_given_back(),
            }
            next = waited.map(|waiting| waiting.job);
            // This comes last, so that the permit is free when the result arrives. If the job panicked, its sender is
            // already dropped, which notifies the caller. The panic hook has already received the payload.
            if let Ok(hand_over) = done {
                hand_over();
            }
        }
    }
}

/// Does nothing except on Linux, the only system where each thread has its own nice value.
fn lower_priority(niceness: u8) {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(niceness.into()) {
        tracing::debug!(%error, "hashing continues at normal priority");
    }
    #[cfg(not(target_os = "linux"))]
    let _ = niceness;
}

/// The pending result of a job that has a permit.
pub(in crate::credential) struct Begun<T>(oneshot::Receiver<Result<T>>);

impl<T> Begun<T> {
    /// # Errors
    /// [`Internal`](ErrorKind::Internal) if the job panicked; otherwise the error of the job.
    pub(in crate::credential) async fn finished(self) -> Result<T> {
        self.0
            .await
            .unwrap_or_else(|error| Err(Error::internal(error)))
    }
}

/// A slot in the queue, released when the caller runs out of time or disconnects.
struct QueueSlot {
    inner: Arc<Inner>,
    ticket: Ticket,
}

impl QueueSlot {
    /// Removes the job from the queue. Returns `false` if the job has already begun.
    fn leave(&self) -> bool {
        let mut state = self.inner.state();
        // The job is dropped after the lock is released.
        let left = state
            .waiting
            .binary_search_by_key(&self.ticket, |waiting| waiting.ticket)
            .ok()
            .and_then(|index| state.waiting.remove(index));
        drop(state);
        if left.is_some() {
            metric::waits_no_more();
        }
        left.is_some()
    }
}

impl Drop for QueueSlot {
    fn drop(&mut self) {
        self.leave();
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.0.state();
        f.debug_struct("Pool")
            .field("permits", &self.0.permits)
            .field("taken", &state.taken)
            .field("waiting", &state.waiting.len())
            .finish_non_exhaustive()
    }
}
