//! `GET /admin/users` among a million users: the cost of a page by its depth and filter.

use std::time::{Duration, Instant};

use hallpass::{
    store::UserStore as _,
    user::{EmailPrefix, Role, UserFilter, UserStatus},
};
use sea_orm::ConnectionTrait as _;
use serde_json::Value;

use super::{
    Plan,
    client::{Client, Request},
    people::Person,
    process::{Folder, Server},
};
use crate::{Result, plans::Watched, postgres};

const USERS: i32 = 1_000_000;
const CALLS: u32 = 200;

pub(crate) async fn pages(plan: Plan) -> Result<()> {
    let folder = Folder::new()?;
    if let Some(database) = postgres::empty().await {
        pages_on("Postgres", &folder, database.url(), plan).await?;
    }
    pages_on("SQLite", &folder, &folder.sqlite_url(), plan).await
}

async fn pages_on(name: &str, folder: &Folder, database_url: &str, plan: Plan) -> Result<()> {
    let server = Server::hallpass(folder, database_url, 1)?;
    let reader = Person::new(server.address, 0).await?;
    let watched = Watched::open(database_url).await;
    let db = watched.store.database();
    db.execute_unprepared("UPDATE auth_users SET roles = ' admin user '")
        .await?;
    watched.fill(USERS).await;
    println!("GET /admin/users?limit=50 on {name}, among {USERS} users");

    let mut client = Client::connect(server.address).await?;
    let depths = depths(&mut client, &reader).await?;
    let filters = [
        ("email=7919-", "a prefix of one"),
        ("email=79", "a prefix of one in a hundred"),
        ("email=7", "a prefix of one in ten"),
        ("role=admin", "ten administrators"),
        ("role=editor", "a role that one in ten thousand has"),
        ("role=user", "the role that nearly all have"),
        ("role=nobody", "a role that nobody has"),
        ("status=disabled", "one in ten thousand"),
        ("status=active", "nearly all"),
    ];
    let filters = filters.map(|(query, what)| (query.to_owned(), what));
    let cases: Vec<_> = depths.into_iter().chain(filters).collect();
    let requests: Vec<_> = cases
        .iter()
        .map(|(query, _)| reader.get(&format!("/admin/users?limit=50&{query}")))
        .collect();
    let mut medians = vec![Vec::new(); cases.len()];
    for _ in 0..plan.rounds {
        for (request, medians) in requests.iter().zip(&mut medians) {
            medians.push(median(&mut client, request).await?);
        }
    }
    let mut first = None;
    for ((_, what), mut medians) in cases.iter().zip(medians) {
        medians.sort_unstable();
        let middle = medians.get(medians.len() / 2).copied().unwrap_or_default();
        let first = *first.get_or_insert(middle);
        let ratio = middle.as_secs_f64() / first.as_secs_f64();
        println!(
            "  {:>6} us, {ratio:>6.2} of the first page: {what}",
            middle.as_micros()
        );
    }
    explain(&watched).await
}

/// The first page, one in the middle, and the last.
async fn depths(client: &mut Client, reader: &Person) -> Result<Vec<(String, &'static str)>> {
    let mut cursors = Vec::new();
    let mut query = String::new();
    loop {
        let path = format!("/admin/users?limit=200{query}");
        let page: Value = serde_json::from_slice(client.call(&reader.get(&path)).await?)?;
        let Some(next) = page.get("next_cursor").and_then(Value::as_str) else {
            break;
        };
        query = format!("&cursor={next}");
        cursors.push(format!("cursor={next}"));
    }
    let cursor = |index: usize| cursors.get(index).cloned().ok_or("too few pages");
    Ok(vec![
        (String::new(), "the first page"),
        (cursor(cursors.len() / 2)?, "a page in the middle"),
        (cursor(cursors.len().saturating_sub(2))?, "the deepest page"),
    ])
}

/// The median latency of a call.
async fn median(client: &mut Client, request: &Request) -> Result<Duration> {
    let mut latencies = Vec::new();
    let begun = Instant::now();
    for _ in 0..CALLS {
        let sent = Instant::now();
        client.call(request).await?;
        latencies.push(sent.elapsed());
        if begun.elapsed() > Duration::from_secs(2) {
            break;
        }
    }
    latencies.sort_unstable();
    Ok(latencies
        .get(latencies.len() / 2)
        .copied()
        .unwrap_or_default())
}

async fn explain(watched: &Watched) -> Result<()> {
    let none = UserFilter::default;
    let email = |prefix| UserFilter {
        email: Some(EmailPrefix::new(prefix)),
        ..none()
    };
    let role = |role| UserFilter {
        role: Some(role),
        ..none()
    };
    let deep = "01977421-0000-7000-8000-000000000000".parse()?;
    let disabled = UserFilter {
        status: Some(UserStatus::Disabled),
        ..none()
    };
    for (what, filter, after) in [
        ("a deep page", none(), Some(deep)),
        ("a prefix of one", email("7919-"), None),
        ("a prefix of one in ten", email("7"), None),
        ("administrators", role(Role::ADMIN), None),
        ("a role of few", role(Role::from_static("editor")), None),
        ("disabled", disabled, None),
    ] {
        watched.store.list_users(&filter, after, 51).await?;
        print!("{what}:\n{}", watched.plans().await);
    }
    Ok(())
}
