//! The cost of a decision of a limiter: in memory, and in the database against pgbench with the same statement.

use std::{
    env, fs,
    ops::Range,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use hallpass::{
    clock::{Clock as _, SystemClock},
    limit::{Charge, LimitKey, Lockout, Rate, Rule},
    memory::MemoryLimiter,
    seaorm::{ConnectSettings, SeaOrmStore},
    store::Limiter as _,
};
use sea_orm::ConnectionTrait as _;
use tokio::task::JoinSet;

use super::{
    Plan,
    process::{Folder, memory},
    trials::{mib, summary},
};
use crate::{Result, postgres};

const KEYS: u32 = 1_000_000;
/// The number of counters in the database.
const ROWS: u64 = 100_000;

pub(crate) async fn limits(plan: Plan) -> Result<()> {
    in_memory().await?;
    let Some(database) = postgres::migrated().await else {
        return Ok(());
    };
    let Some(pgbench) = pgbench() else {
        eprintln!(
            "*** SKIPPED: the limiter in the database. There is no pgbench to compare it with."
        );
        return Ok(());
    };
    let rate = Rule::Rate(Rate::per_minute(20));
    let attempts = Rule::Attempts(Lockout::default());
    for (what, rules) in [
        ("one rate", vec![rate]),
        ("a rate and attempts, as a login", vec![rate, attempts]),
    ] {
        println!(
            "{what}, in Postgres, {ROWS} counters, {} clients",
            plan.clients
        );
        in_database(&pgbench, database.url(), rules.into(), plan).await?;
    }
    Ok(())
}

async fn in_memory() -> Result<()> {
    let limiter = MemoryLimiter::new();
    let keys: Vec<_> = (0..KEYS)
        .map(|_| {
            let word = u128::from(random()) << 64 | u128::from(random());
            LimitKey::from(word.to_le_bytes())
        })
        .collect();
    let process = std::process::id();
    let (before, _) = memory(process)?;
    let begun = Instant::now();
    for key in keys {
        let charge = Charge {
            key,
            rule: Rule::Rate(Rate::per_minute(20)),
        };
        limiter.charge(&[charge], SystemClock.now()).await?;
    }
    let each = begun.elapsed() / KEYS;
    let (after, _) = memory(process)?;
    println!(
        "in memory, {KEYS} keys never seen before: {} ns a decision, {} more resident",
        each.as_nanos(),
        mib(after.saturating_sub(before)),
    );
    Ok(())
}

async fn in_database(pgbench: &Path, url: &str, rules: Arc<[Rule]>, plan: Plan) -> Result<()> {
    let settings = ConnectSettings::new(url).pool_size(u32::try_from(plan.clients)?);
    let store = SeaOrmStore::connect(&settings).await?;
    let db = store.database();
    db.execute_unprepared("TRUNCATE auth_limits").await?;
    let fill = format!(
        "INSERT INTO auth_limits (key, until_at, attempts, expires_at) \
        SELECT {}, now() - INTERVAL '1 hour', 0, now() - INTERVAL '1 hour' FROM generate_series(0, {ROWS} - 1) AS n",
        key_in_sql("n"),
    );
    db.execute_unprepared(&fill).await?;
    db.execute_unprepared("VACUUM ANALYZE auth_limits").await?;
    let folder = Folder::new()?;
    let script = folder.path().join("charge.sql");
    fs::write(&script, script_of(&store, &rules).await?)?;

    let mut ratios = Vec::new();
    for round in 1..=plan.rounds {
        let ours = decisions(&store, &rules, plan).await?;
        let theirs = transactions(pgbench, url, &script, plan)?;
        let ratio = ours / theirs;
        println!("  round {round}: {ours:>7.0}/s against {theirs:>7.0}/s: {ratio:.3}");
        ratios.push(ratio);
    }
    summary(&mut ratios);
    Ok(())
}

/// The statement for these rules as a pgbench script, which chooses the keys itself.
async fn script_of(store: &SeaOrmStore, rules: &[Rule]) -> Result<String> {
    let seen = Arc::new(Mutex::new(None));
    let note = Arc::clone(&seen);
    let watched = store.clone().watch(move |sent| {
        if let Ok(mut statement) = note.lock() {
            *statement = Some(sent.clone());
        }
    });
    let (charges, now) = (charges(rules, |keys| keys.start), SystemClock.now());
    watched.charge(&charges, now).await?;
    let seen = seen
        .lock()
        .map_err(|_| "the statement was not seen")?
        .take();
    let mut statement = seen.ok_or("the statement was not seen")?.to_string();
    // Without a cast, Postgres would read a literal next to an interval as an interval too.
    let now = now.format("'%Y-%m-%d %H:%M:%S").to_string();
    let begin = statement
        .find(&now)
        .ok_or_else(|| format!("no {now} in {statement}"))?;
    let rest = statement.get(begin + 1..).unwrap_or_default();
    let end = begin + 2 + rest.find('\'').ok_or("no end of a time")?;
    let now = statement.get(begin..end).unwrap_or_default().to_owned();
    statement = statement.replace(&now, &format!("CAST({now} AS timestamptz)"));
    let mut script = String::new();
    for (position, charge) in charges.iter().enumerate() {
        let hex: String = charge
            .key
            .as_bytes()
            .iter()
            .map(|byte| format!("{byte:02X}"))
            .collect();
        let literal = format!("'\\x{hex}'");
        if !statement.contains(&literal) {
            return Err(format!("no {literal} in {statement}").into());
        }
        statement = statement.replace(&literal, &key_in_sql(&format!(":key{position}")));
        let Range { start, end } = range(position, rules.len());
        script += &format!("\\set key{position} random({start}, {end} - 1)\n");
    }
    Ok(script + &statement + ";\n")
}

/// The number of decisions a second.
async fn decisions(store: &SeaOrmStore, rules: &Arc<[Rule]>, plan: Plan) -> Result<f64> {
    let count = Arc::new(AtomicU64::new(0));
    let begun = Instant::now();
    let mut clients = JoinSet::new();
    for _ in 0..plan.clients {
        let (store, rules, count) = (store.clone(), Arc::clone(rules), Arc::clone(&count));
        clients.spawn(async move {
            while begun.elapsed() < plan.turn {
                let charges = charges(&rules, |keys| {
                    keys.start + random() % (keys.end - keys.start)
                });
                let charged = store.charge(&charges, SystemClock.now()).await;
                charged.map_err(|error| error.to_string())?;
                count.fetch_add(1, Ordering::Relaxed);
            }
            Ok::<_, String>(())
        });
    }
    while let Some(client) = clients.join_next().await {
        client??;
    }
    Ok(count.load(Ordering::Relaxed) as f64 / begun.elapsed().as_secs_f64())
}

/// The number of decisions a second with pgbench.
fn transactions(pgbench: &Path, url: &str, script: &Path, plan: Plan) -> Result<f64> {
    let clients = plan.clients.to_string();
    let seconds = plan.turn.as_secs_f64().ceil().to_string();
    let mut run = Command::new(pgbench);
    run.args(["--no-vacuum", "--protocol=prepared", "--jobs=2"]);
    run.args(["--client", &clients, "--time", &seconds, "--file"]);
    let output = run.arg(script).arg(url).output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let tps = text.lines().find_map(|line| line.strip_prefix("tps = "));
    let tps = tps.and_then(|line| line.split(' ').next());
    let error = || String::from_utf8_lossy(&output.stderr).into_owned();
    Ok(tps
        .filter(|_| output.status.success())
        .ok_or_else(error)?
        .parse()?)
}

/// One charge for each rule, with a random key from the range that belongs to the position of the rule.
fn charges(rules: &[Rule], choose: impl Fn(Range<u64>) -> u64) -> Vec<Charge> {
    let charge = |(position, rule): (usize, &Rule)| {
        let number = choose(range(position, rules.len()));
        Charge {
            key: u128::from(number).to_be_bytes().into(),
            rule: *rule,
        }
    };
    rules.iter().enumerate().map(charge).collect()
}

/// The range of keys for a position. Each counter is used in one position only.
fn range(position: usize, positions: usize) -> Range<u64> {
    let (position, share) = (position as u64, ROWS / positions as u64);
    position * share..(position + 1) * share
}

/// The key for a number, in SQL, as [`charges`] builds it.
fn key_in_sql(number: &str) -> String {
    format!("decode(lpad(to_hex(CAST({number} AS bigint)), 32, '0'), 'hex')")
}

/// SplitMix64 (Steele, Lea and Flood 2014), which gives the same numbers in each run.
fn random() -> u64 {
    const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
    static STATE: AtomicU64 = AtomicU64::new(0);
    let mut word = STATE.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

fn pgbench() -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let debian = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let debian = debian.filter_map(|version| Some(version.ok()?.path().join("bin")));
    let mut folders = env::split_paths(&path).chain(debian);
    folders.find_map(|folder| Some(folder.join("pgbench")).filter(|file| file.exists()))
}
