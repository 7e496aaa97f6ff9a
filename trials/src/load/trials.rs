//! The trials. The two sides of a pair take turns in one run, so that other load of the machine affects both.

use std::{
    hint::black_box,
    num::NonZero,
    thread,
    time::{Duration, Instant},
};

use argon2::{Algorithm, Argon2, Block, Params, Version};

use super::{
    Plan, client,
    client::Request,
    people::Person,
    process::{Folder, Server},
};
use crate::{Result, postgres};

/// The number of permits for which the memory figures are stated.
pub(crate) const STORM_PERMITS: usize = 2;
const STARTS: usize = 15;

pub(crate) async fn me(plan: Plan) -> Result<()> {
    let folder = Folder::new()?;
    if let Some(database) = postgres::empty().await {
        me_on("Postgres", &folder, database.url(), plan).await?;
    }
    me_on("SQLite", &folder, &folder.sqlite_url(), plan).await
}

async fn me_on(name: &str, folder: &Folder, database_url: &str, plan: Plan) -> Result<()> {
    let server = Server::hallpass(folder, database_url, cores())?;
    let people = Person::all(server.address, plan.clients).await?;
    let person = people.first().ok_or("no clients")?;
    let mut client = client::Client::connect(server.address).await?;
    let body = client.call(&person.get("/users/me")).await?;
    let body = std::str::from_utf8(body)?;
    let bare = Server::bare([
        "me",
        database_url,
        &person.session_id,
        &person.user_id,
        body,
    ])?;
    println!("GET /users/me on {name}, against the same statement and a fixed body");
    let requests: Vec<_> = people
        .iter()
        .map(|person| person.get("/users/me"))
        .collect();
    compare(plan, &server, &bare, &requests).await
}

pub(crate) async fn claims(plan: Plan) -> Result<()> {
    let host = Server::bare(["claims"])?;
    let bare = Server::bare(["nothing"])?;
    let people = Person::all(host.address, plan.clients).await?;
    println!("a route with CurrentUser, against the same route without arguments");
    let requests: Vec<_> = people.iter().map(|person| person.get("/claims")).collect();
    compare(plan, &host, &bare, &requests).await
}

async fn compare(plan: Plan, ours: &Server, bare: &Server, requests: &[Request]) -> Result<()> {
    let mut ratios = Vec::new();
    for round in 1..=plan.rounds {
        let ours = rate(ours, requests, plan).await?;
        let bare = rate(bare, requests, plan).await?;
        report(round, &ours, &bare, &mut ratios);
    }
    summary(&mut ratios);
    Ok(())
}

pub(super) async fn rate(server: &Server, requests: &[Request], plan: Plan) -> Result<Rate> {
    let before = server.busy()?;
    let turn = client::run(server.address, requests, plan.turn).await?;
    let busy = server.busy()? - before;
    Ok(Rate {
        per_second: turn.per_second,
        busy: busy.div_f64((turn.calls + 1) as f64),
    })
}

/// The work of one side in its turn.
pub(super) struct Rate {
    pub(super) per_second: f64,
    /// The processor time of the process for each call.
    pub(super) busy: Duration,
}

pub(crate) async fn login(plan: Plan) -> Result<()> {
    let folder = Folder::new()?;
    let database = postgres::empty().await;
    let sqlite = folder.sqlite_url();
    let (name, url) = match &database {
        Some(database) => ("Postgres", database.url()),
        None => ("SQLite", sqlite.as_str()),
    };
    let permits = cores();
    let server = Server::hallpass(&folder, url, permits)?;
    let people = Person::all(server.address, plan.clients).await?;
    let requests: Vec<_> = people.iter().map(Person::login).collect();
    println!(
        "POST /auth/login on {name} with {permits} permits, against {permits} threads that hash"
    );
    let mut ratios = Vec::new();
    for round in 1..=plan.rounds {
        let logins = rate(&server, &requests, plan).await?;
        let hashes = hash_rate(permits, plan.turn)?;
        report(round, &logins, &hashes, &mut ratios);
    }
    summary(&mut ratios);
    Ok(())
}

/// The rate at which threads hash if each keeps its memory for the next hash.
fn hash_rate(threads: usize, turn: Duration) -> Result<Rate> {
    // The server's default parameters.
    let params = Params::new(19_456, 2, 1, Some(32)).map_err(|error| error.to_string())?;
    let counts: Vec<_> = thread::scope(|scope| {
        let count = || {
            let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
            let mut memory = vec![Block::new(); params.block_count()];
            let mut tag = [0; 32];
            let mut hash = |salt: u64| {
                let salt = u128::from(salt).to_le_bytes();
                argon2
                    .hash_password_into_with_memory(
                        b"long enough to be taken",
                        &salt,
                        &mut tag,
                        &mut memory,
                    )
                    .map_err(|error| error.to_string())?;
                black_box(tag);
                Ok::<_, String>(())
            };
            hash(0)?;
            let begun = Instant::now();
            let mut hashes = 0_u64;
            while begun.elapsed() < turn {
                hashes += 1;
                hash(hashes)?;
            }
            Ok::<_, String>(hashes as f64 / begun.elapsed().as_secs_f64())
        };
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(count)).collect();
        threads.into_iter().map(|thread| thread.join()).collect()
    });
    let mut rate = 0.0;
    for count in counts {
        rate += count.map_err(|_| "a hashing thread panicked")??;
    }
    Ok(Rate {
        per_second: rate,
        busy: Duration::from_secs(threads as u64).div_f64(rate),
    })
}

pub(crate) async fn storm(plan: Plan) -> Result<()> {
    let folder = Folder::new()?;
    let database = postgres::empty().await;
    let sqlite = folder.sqlite_url();
    let url = database
        .as_ref()
        .map_or(sqlite.as_str(), |database| database.url());
    let server = Server::hallpass(&folder, url, STORM_PERMITS)?;
    let name = if database.is_some() {
        "Postgres"
    } else {
        "SQLite"
    };
    tokio::time::sleep(Duration::from_secs(2)).await;
    println!("on {name}, at rest: {} resident", mib(server.memory()?.0));
    let people = Person::all(server.address, plan.clients).await?;
    let logins: Vec<_> = people.iter().map(Person::login).collect();
    println!("{} clients log in, {STORM_PERMITS} permits:", plan.clients);
    for reading in [1, 4, plan.clients] {
        let reads: Vec<_> = people
            .iter()
            .take(reading)
            .map(|person| person.get("/users/me"))
            .collect();
        let turn = plan.turn * plan.rounds;
        let (storm, calm) = tokio::try_join!(
            client::run(server.address, &logins, turn),
            client::run(server.address, &reads, turn),
        )?;
        println!(
            "  {reading:>2} read themselves: {:.0}/s, median {}, p99 {}, worst {}; {:.0} logins/s",
            calm.per_second,
            ms(calm.quantile(0.5)),
            ms(calm.quantile(0.99)),
            ms(calm.quantile(1.0)),
            storm.per_second,
        );
    }
    let (now, peak) = server.memory()?;
    println!("after it: {} resident, {} at the peak", mib(now), mib(peak));
    drop(server);
    starts(&folder)
}

fn starts(folder: &Folder) -> Result<()> {
    let url = folder.sqlite_url();
    drop(Server::hallpass(folder, &url, STORM_PERMITS)?);
    let mut starts = Vec::new();
    for _ in 0..STARTS {
        starts.push(Server::hallpass(folder, &url, STORM_PERMITS)?.ready);
    }
    starts.sort_unstable();
    let nth = |index: usize| starts.get(index).copied().map_or_else(String::new, ms);
    println!(
        "ready on an existing SQLite file: median {}, worst {} of {STARTS}",
        nth(STARTS / 2),
        nth(STARTS - 1)
    );
    let server = Server::hallpass(folder, &url, STORM_PERMITS)?;
    thread::sleep(Duration::from_secs(2));
    println!("on SQLite, at rest: {} resident", mib(server.memory()?.0));
    Ok(())
}

pub(super) fn report(round: u32, ours: &Rate, bare: &Rate, ratios: &mut Vec<f64>) {
    let ratio = ours.per_second / bare.per_second;
    println!(
        "  round {round}: {:>7.0}/s, {:>5} us each, against {:>7.0}/s, {:>5} us each: {ratio:.3}",
        ours.per_second,
        ours.busy.as_micros(),
        bare.per_second,
        bare.busy.as_micros(),
    );
    ratios.push(ratio);
}

pub(crate) fn summary(ratios: &mut [f64]) {
    ratios.sort_unstable_by(f64::total_cmp);
    if let (Some(least), Some(median), Some(most)) =
        (ratios.first(), ratios.get(ratios.len() / 2), ratios.last())
    {
        println!("  median {median:.3}, from {least:.3} to {most:.3}");
    }
}

pub(super) fn cores() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}

pub(crate) fn mib(kib: u64) -> String {
    format!("{:.1} MB", kib as f64 * 1024.0 / 1e6)
}

pub(crate) fn ms(duration: Duration) -> String {
    format!("{:.1} ms", duration.as_secs_f64() * 1000.0)
}
