//! The trials: pairs of requests, one about an address with an account and one about an address without.

use std::time::Duration;

use hallpass::{
    AuthBuilder,
    credential::{HashParams, Hasher, HasherBuilder},
    limit::Lockout,
    password::RegistrationMode,
    seaorm::SeaOrmStore,
    secret::PasswordHash,
};
use tokio::runtime::Runtime;

use super::{
    client::{Client, post},
    flawed::Flaw,
    service::{Server, account},
    statistics::{Finding, Random, Verdict, median},
};
use crate::Result;

const RIGHT: &str = "long enough to be taken";
const WRONG: &str = "long enough to be wrong";

/// A kind of pair to measure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Trial {
    pub(crate) name: &'static str,
    /// The kind of account that the first address has; the second address has no account.
    known: Known,
    asked: Asked,
    /// Whether the call hashes passwords.
    pub(crate) hashes: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Known {
    Nobody,
    Passwordless,
    User,
    /// A user whose hash has former parameters.
    FormerUser,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Forgot,
    Login,
    LoginLocked,
    Register,
    Resend,
}

pub(crate) const TRIALS: [Trial; 8] = [
    // Shows the noise, because neither address has an account.
    trial("login, unknown twice", Known::Nobody, Asked::Login),
    LOGIN,
    trial(
        "login, account without a password",
        Known::Passwordless,
        Asked::Login,
    ),
    FORMER,
    LOCKED,
    FORGOT,
    trial("resend a verification", Known::User, Asked::Resend),
    trial("private registration", Known::User, Asked::Register),
];

/// Each flaw must be found by its trial.
pub(crate) const CONTROLS: [(Flaw, Trial); 4] = [
    (Flaw::NoDummyHash, LOGIN),
    (Flaw::UndeclaredParams, FORMER),
    (Flaw::NoDummyOrder, FORGOT),
    (Flaw::RevealedLock, LOCKED),
];

const LOGIN: Trial = trial("login, wrong password", Known::User, Asked::Login);
const FORMER: Trial = trial("login, former parameters", Known::FormerUser, Asked::Login);
const LOCKED: Trial = trial("login, locked", Known::User, Asked::LoginLocked);
const FORGOT: Trial = trial("forgotten password", Known::User, Asked::Forgot);

const fn trial(name: &'static str, known: Known, asked: Asked) -> Trial {
    Trial {
        name,
        known,
        asked,
        hashes: matches!(asked, Asked::Login | Asked::Register),
    }
}

/// How many pairs to measure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// Pairs that are sent first and not counted.
    pub(crate) warm_up: usize,
    pub(crate) pairs: usize,
    /// The maximum number of pairs. Up to this maximum, the number is doubled until there is a verdict.
    pub(crate) most: usize,
}

/// The outcome of a trial.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) finding: Finding,
    /// The median time of the requests about accounts, in nanoseconds.
    pub(crate) median: i64,
    /// The two replies, if they differ in more than time.
    pub(crate) difference: Option<[String; 2]>,
}

impl Outcome {
    pub(crate) fn is_alike(&self) -> bool {
        self.difference.is_none() && self.finding.verdict() == Verdict::Alike
    }

    pub(crate) fn is_different(&self) -> bool {
        self.difference.is_some() || self.finding.verdict() == Verdict::Different
    }
}

/// A service under trial, and one connection to it.
struct Bench<'a> {
    runtime: &'a Runtime,
    store: &'a SeaOrmStore,
    trial: Trial,
    hash: PasswordHash,
    random: Random,
    client: Client,
}

pub(crate) fn run(
    runtime: &Runtime,
    store: &SeaOrmStore,
    params: HashParams,
    (flaw, trial): (Option<Flaw>, Trial),
    plan: Plan,
) -> Result<Outcome> {
    let former = match trial.known {
        // The former parameters take more memory than the current ones, so that the hasher does not add them by
        // default.
        Known::FormerUser => Some(HashParams::danger_weak(params.memory_kib() + 1024, 1, 1)?),
        _ => None,
    };
    let declared = former.filter(|_| flaw != Some(Flaw::UndeclaredParams));
    let set = |builder: AuthBuilder| {
        let hasher = Hasher::builder(params);
        let builder = builder
            .hashing(declared.into_iter().fold(hasher, HasherBuilder::former))
            .registration(RegistrationMode::Private);
        match trial.asked {
            Asked::LoginLocked => builder.lockout(locked_at_once()),
            _ => builder,
        }
    };
    let server = runtime.block_on(Server::start(store, flaw, set))?;
    let hasher = Hasher::builder(former.unwrap_or(params)).build()?;
    let mut bench = Bench {
        runtime,
        store,
        trial,
        hash: runtime.block_on(hasher.hash(&RIGHT.into()))?,
        random: Random::new(),
        client: Client::connect(server.address)?,
    };
    bench.measure(plan.warm_up)?;
    let (mut differences, mut known) = (Vec::new(), Vec::new());
    let mut difference = None;
    let mut wanted = plan.pairs;
    loop {
        for pair in bench.measure(wanted - differences.len())? {
            differences.push(pair.known - pair.unknown);
            known.push(pair.known);
            difference = difference.or(pair.difference);
        }
        let finding = Finding::of(&differences, &mut bench.random);
        let is_over = finding.verdict() != Verdict::Undecided || wanted * 2 > plan.most;
        if is_over || difference.is_some() {
            return Ok(Outcome {
                finding,
                median: median(&mut known),
                difference,
            });
        }
        wanted *= 2;
    }
}

struct Pair {
    known: i64,
    unknown: i64,
    difference: Option<[String; 2]>,
}

impl Bench<'_> {
    /// Sends pairs of requests about unused addresses. The order within a pair is random.
    fn measure(&mut self, pairs: usize) -> Result<Vec<Pair>> {
        let mut requests = Vec::with_capacity(pairs);
        for _ in 0..pairs {
            let (known, unknown) = (self.address(), self.address());
            self.prepare(&known)?;
            let both = [known, unknown].map(|email| self.trial.request(&email));
            if self.trial.asked == Asked::LoginLocked {
                for request in &both {
                    self.client.call(request)?;
                }
            }
            requests.push(both);
        }
        let pairs = requests.into_iter().map(|[known, unknown]| {
            let known_first = self.random.next().is_multiple_of(2);
            let (first, second) = if known_first {
                (&known, &unknown)
            } else {
                (&unknown, &known)
            };
            let (first, second) = (self.client.call(first)?, self.client.call(second)?);
            let (known, unknown) = if known_first {
                (first, second)
            } else {
                (second, first)
            };
            let differ = known.content != unknown.content;
            Ok(Pair {
                known: i64::try_from(known.took.as_nanos())?,
                unknown: i64::try_from(unknown.took.as_nanos())?,
                difference: differ.then_some([known.content, unknown.content]),
            })
        });
        pairs.collect()
    }

    fn address(&mut self) -> String {
        format!("{:016x}@example.org", self.random.next())
    }

    fn prepare(&self, known: &str) -> Result<()> {
        let hash = match self.trial.known {
            Known::Nobody => return Ok(()),
            Known::Passwordless => None,
            Known::User | Known::FormerUser => Some(self.hash.clone()),
        };
        self.runtime.block_on(account(self.store, known, hash))
    }
}

impl Trial {
    fn request(&self, email: &str) -> Vec<u8> {
        let with = |password| format!(r#"{{"email":"{email}","password":"{password}"}}"#);
        let alone = || format!(r#"{{"email":"{email}"}}"#);
        match self.asked {
            Asked::Forgot => post("/auth/forgot-password", &alone()),
            Asked::Login | Asked::LoginLocked => post("/auth/login", &with(WRONG)),
            Asked::Register => post("/users", &with(RIGHT)),
            Asked::Resend => post("/auth/resend-verification", &alone()),
        }
    }
}

/// A lockout that outlasts the trial.
fn locked_at_once() -> Lockout {
    let long = Duration::from_secs(86_400);
    Lockout {
        free_attempts: 1,
        base_delay: long,
        max_delay: long,
        ..Lockout::default()
    }
}
