//! Requests with the cookie of a browser session, and the sign-in page.

use super::{
    Plan,
    client::{Client, Request},
    people::Person,
    process::{Folder, Server},
    trials::{cores, rate, report, summary},
};
use crate::{Result, postgres};

pub(crate) async fn browser(plan: Plan) -> Result<()> {
    let folder = Folder::new()?;
    if let Some(database) = postgres::empty().await {
        on("Postgres", &folder, database.url(), plan).await?;
    }
    on("SQLite", &folder, &folder.sqlite_url(), plan).await
}

async fn on(name: &str, folder: &Folder, database_url: &str, plan: Plan) -> Result<()> {
    let server = Server::hallpass(folder, database_url, cores())?;
    let people = Person::all(server.address, plan.clients).await?;
    let mut client = Client::connect(server.address).await?;
    let (mut by_token, mut by_cookie) = (Vec::new(), Vec::new());
    for person in &people {
        by_token.push(person.get("/users/me"));
        let cookie = client.cookie(&person.sign_in()).await?;
        by_cookie.push(Request::with_cookie("/users/me", &cookie));
    }
    println!("GET /users/me on {name} by cookie, against the same by access token");
    let mut ratios = Vec::new();
    for round in 1..=plan.rounds {
        let ours = rate(&server, &by_cookie, plan).await?;
        let tokens = rate(&server, &by_token, plan).await?;
        report(round, &ours, &tokens, &mut ratios);
    }
    summary(&mut ratios);
    let page = vec![Request::with_cookie("/sign-in", "a=b"); plan.clients];
    let shown = rate(&server, &page, plan).await?;
    println!(
        "GET /sign-in: {:.0}/s, {} us each",
        shown.per_second,
        shown.busy.as_micros()
    );
    Ok(())
}
