//! 10,000 logins at once: their replies, the effect on others, and the time to recover. A server that refuses every
//! login shows the limit of the machine.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    ops::Range,
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::json;
use tokio::{
    sync::Barrier,
    task::JoinSet,
    time::{sleep, sleep_until, timeout},
};

use super::{
    Plan,
    client::{Client, Request, quantile},
    people::Person,
    process::{Folder, Server},
    readers::Readers,
    trials::{STORM_PERMITS, mib, ms},
};
use crate::{Result, postgres};

const LOGINS: u32 = 10_000;
/// The memory of one password hash, by default, in KiB.
const HASH_MEMORY: u64 = 19_456;
/// The memory that a flood may take in addition to password hashes, in KiB.
const MARGIN: u64 = 64 * 1024;
/// The default maximum wait of a login in the queue.
const DEADLINE: Duration = Duration::from_secs(2);
/// The time over which a flood is spread so that two cores can read it.
const SPREAD: Duration = Duration::from_secs(2);
const WAVES: [Duration; 2] = [Duration::ZERO, SPREAD];
/// The time after which a client disconnects.
const PATIENCE: Duration = Duration::from_millis(300);
/// The maximum time after a flood until logins are as fast as usual again.
const AFTERMATH: Duration = Duration::from_secs(20);

/// The source of the flood, and whether limits apply.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Unlimited,
    OneAddress,
    ManyAddresses,
}

pub(crate) async fn flood(plan: Plan) -> Result<()> {
    bare(plan).await?;
    for kind in [Kind::Unlimited, Kind::OneAddress, Kind::ManyAddresses] {
        let folder = Folder::new()?;
        if let Some(database) = postgres::empty().await {
            flood_on("Postgres", kind, &folder, database.url(), plan).await?;
        }
        flood_on("SQLite", kind, &folder, &folder.sqlite_url(), plan).await?;
    }
    Ok(())
}

/// Floods a minimal server.
async fn bare(plan: Plan) -> Result<()> {
    let server = Server::bare(["turn-away"])?;
    println!("{LOGINS} logins at once, to a handler that refuses everybody");
    for _ in 0..plan.rounds {
        for within in WAVES {
            let read = Request::get("/users/me", "nobody");
            let readers = Readers::start(server.address, &[read], None).await?;
            let flood = connect(server.address, Kind::Unlimited).await?;
            let (seen, during) = answered(flood, within).await?;
            println!("  sent within {}: {seen}", ms(within));
            println!("    {}", readers.stop(during).await?);
        }
    }
    Ok(())
}

async fn flood_on(name: &str, kind: Kind, folder: &Folder, url: &str, plan: Plan) -> Result<()> {
    let (limits, what) = match kind {
        Kind::Unlimited => ("false", "without limits"),
        Kind::OneAddress => ("true", "from one address"),
        Kind::ManyAddresses => ("true", "from as many addresses"),
    };
    let settings = [
        ("HALLPASS_RATE_LIMITS", limits),
        ("HALLPASS_TRUSTED_PROXIES", "127.0.0.1"),
        ("RUST_LOG", "error"),
    ];
    let server = Server::hallpass_with(folder, url, STORM_PERMITS, settings)?;
    println!("{LOGINS} logins at once {what}, on {name}, {STORM_PERMITS} permits");
    let people = Person::all(server.address, 6).await?;
    let (last, readers) = people.split_last().ok_or("nobody")?;
    let person = readers.first().ok_or("nobody")?;
    // Each wave has its own addresses, so that none of them reaches a limit.
    let mut addresses = (1 << 21..).map(address);
    let mut logins = Logins::new(server.address, person);
    let usual = logins.usual().await?;
    sleep(Duration::from_secs(1)).await;
    let (base, _) = server.memory()?;

    let mut connected = 0;
    for _ in 0..plan.rounds {
        for within in WAVES {
            let reads = readers.iter().zip(&mut addresses);
            let reads = reads.map(|(reader, from)| reader.get("/users/me").forwarded_for(from));
            let reads: Vec<Request> = reads.collect();
            let refresher = addresses.next().map(|from| (last.login(), from));
            let readers = Readers::start(server.address, &reads, refresher).await?;
            let flood = connect(server.address, kind).await?;
            if connected == 0 {
                (connected, _) = server.memory()?;
            }
            let (seen, during) = answered(flood, within).await?;
            let recovered = logins.until(usual, during.end).await?;
            println!("  sent within {}: {seen}", ms(within));
            println!("    {}", readers.stop(during).await?);
            println!(
                "    {} after the last answer, a login takes {} again",
                ms(recovered),
                ms(usual)
            );
        }
    }
    let (rss, peak) = server.memory()?;
    let allowed = connected + STORM_PERMITS as u64 * HASH_MEMORY + MARGIN;
    println!(
        "  resident: {} at first, {} with {LOGINS} connections, {} at the peak of {} allowed, {} now",
        mib(base),
        mib(connected),
        mib(peak),
        mib(allowed),
        mib(rss),
    );
    let ended = hung_up(connect(server.address, kind).await?).await?;
    let recovered = logins.until(usual, ended).await?;
    println!(
        "  {} after {LOGINS} clients hung up, a login takes {} again",
        ms(recovered),
        ms(usual)
    );
    Ok(())
}

type Flood = Vec<(Client, Request)>;

/// Connects fast enough that no connection is closed as idle, and slowly enough that every connection is accepted.
async fn connect(server: SocketAddr, kind: Kind) -> Result<Flood> {
    let mut flood = Vec::new();
    for number in 0..LOGINS {
        let email = format!("nobody{number}@example.org");
        let body = json!({ "email": email, "password": "long enough to be taken" }).to_string();
        let request = Request::post("/auth/login", &body);
        let request = match kind {
            Kind::OneAddress => request.forwarded_for(Ipv4Addr::new(198, 51, 100, 1).into()),
            _ => request.forwarded_for(address(number)),
        };
        flood.push((Client::connect(server).await?, request));
        if number % 100 == 99 {
            sleep(Duration::from_millis(10)).await;
        }
    }
    Ok(flood)
}

/// Sends all logins, spread evenly over this time, and keeps every connection open until the last reply.
async fn answered(flood: Flood, within: Duration) -> Result<(Seen, Range<Instant>)> {
    let mut tasks = JoinSet::new();
    let begun = tokio::time::Instant::now();
    for (number, (mut client, request)) in (0..).zip(flood) {
        tasks.spawn(async move {
            sleep_until(begun + within * number / LOGINS).await;
            let sent = Instant::now();
            let answer = client
                .ask(&request)
                .await
                .map_err(|error| error.to_string())?;
            let (status, again) = (answer.status, answer.has_retry_after);
            Ok::<_, String>((status, again, sent.elapsed(), client))
        });
    }
    let mut seen = Seen::default();
    let mut clients = Vec::new();
    while let Some(task) = tasks.join_next().await {
        let (status, again, latency, client) = task??;
        clients.push(client);
        if matches!(status, 429 | 503) && !again {
            return Err(format!("{status} without Retry-After").into());
        }
        let what = match status {
            429 => "times 429",
            503 if latency < DEADLINE => "times 503 at once",
            503 => "times 503 from the queue",
            200 | 401 => "checked",
            status => return Err(format!("a login was answered with {status}").into()),
        };
        seen.0.entry(what).or_default().push(latency);
    }
    let during = begun.into_std()..Instant::now();
    seen.0
        .values_mut()
        .for_each(|latencies| latencies.sort_unstable());
    Ok((seen, during))
}

/// Sends all logins at once, and disconnects before most replies.
async fn hung_up(flood: Flood) -> Result<Instant> {
    let everybody = Arc::new(Barrier::new(flood.len() + 1));
    let mut tasks = JoinSet::new();
    for (mut client, request) in flood {
        let everybody = Arc::clone(&everybody);
        tasks.spawn(async move {
            // The client may not get a reply within that time.
            let _ = timeout(PATIENCE, client.ask(&request)).await;
            everybody.wait().await;
        });
    }
    everybody.wait().await;
    let ended = Instant::now();
    while let Some(task) = tasks.join_next().await {
        task?;
    }
    Ok(ended)
}

/// The latencies of each kind of answer, in ascending order.
#[derive(Default)]
struct Seen(BTreeMap<&'static str, Vec<Duration>>);

impl std::fmt::Display for Seen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (position, (what, latencies)) in self.0.iter().enumerate() {
            let separator = if position == 0 { "" } else { "; " };
            write!(
                f,
                "{separator}{} {what}, {}",
                latencies.len(),
                spread(latencies)
            )?;
        }
        Ok(())
    }
}

pub(crate) fn spread(latencies: &[Duration]) -> String {
    format!(
        "median {}, p99 {}, worst {}",
        ms(quantile(latencies, 0.5)),
        ms(quantile(latencies, 0.99)),
        ms(quantile(latencies, 1.0)),
    )
}

/// A user who logs in repeatedly, each time from another address.
struct Logins {
    server: SocketAddr,
    login: Request,
    number: u32,
}

impl Logins {
    fn new(server: SocketAddr, person: &Person) -> Self {
        Self {
            server,
            login: person.login(),
            number: 1 << 20,
        }
    }

    /// The latency of one login, or `None` if it was refused.
    async fn once(&mut self) -> Result<Option<Duration>> {
        self.number += 1;
        let login = self.login.clone().forwarded_for(address(self.number));
        let sent = Instant::now();
        let mut client = Client::connect(self.server).await?;
        let answer = client.ask(&login).await?;
        Ok((answer.status == 200).then(|| sent.elapsed()))
    }

    /// The 90th percentile of the latency of logins without load.
    async fn usual(&mut self) -> Result<Duration> {
        let mut latencies = Vec::new();
        for _ in 0..30 {
            latencies.push(self.once().await?.ok_or("a login was refused")?);
        }
        latencies.sort_unstable();
        Ok(quantile(&latencies, 0.9))
    }

    /// The time after `since` until a login is as fast as usual again.
    async fn until(&mut self, usual: Duration, since: Instant) -> Result<Duration> {
        while since.elapsed() < AFTERMATH {
            let before = since.elapsed();
            match self.once().await? {
                Some(latency) if latency <= usual => return Ok(before),
                Some(_) => {}
                None => sleep(Duration::from_millis(5)).await,
            }
        }
        Err("logins stay slow".into())
    }
}

/// One of ten million private addresses.
fn address(number: u32) -> IpAddr {
    Ipv4Addr::from_bits(0x0a00_0000 + number).into()
}
