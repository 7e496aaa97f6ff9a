//! A service that trusts the access tokens of a Hallpass server. It needs only the public keys of that server.
//!
//! ```sh
//! cargo run --example server --all-features &
//! cargo run --example resource_server --features axum,jwks-client,tls -- --issuer http://localhost:8000
//! ```
#![allow(clippy::print_stdout, reason = "a program writes to its terminal")]

use std::{error::Error, io, net::SocketAddr};

use axum::{Router, routing::get};
use clap::{Parser, builder::NonEmptyStringValueParser};
use hallpass::{
    CurrentUser,
    guard::{Admin, ClaimedRole},
    verifier::{KeySource, Verifier},
};

/// A service that trusts the access tokens of another one.
#[derive(Debug, Parser)]
struct Settings {
    /// Address to listen on; port 0 picks a free port
    #[arg(long, env = "HALLPASS_BIND", default_value = "127.0.0.1:8001")]
    bind: SocketAddr,
    /// The issuer of the tokens: its public URL, exactly as in the configuration of the issuer
    #[arg(long, env = "HALLPASS_ISSUER", value_parser = NonEmptyStringValueParser::new())]
    issuer: String,
    /// The audience of the tokens
    #[arg(long, env = "HALLPASS_AUDIENCE", default_value = "hallpass", value_parser = NonEmptyStringValueParser::new())]
    audience: String,
    /// Where the issuer publishes its keys: https://, or http:// on loopback [default: below the issuer's URL]
    #[arg(long, env = "HALLPASS_JWKS_URL", value_parser = NonEmptyStringValueParser::new())]
    jwks_url: Option<String>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let settings = Settings::parse();
    tracing_subscriber::fmt().with_writer(io::stderr).init();

    let verifier = verifier(&settings)?;
    let app = Router::new()
        .route("/", get(async || "for everybody\n"))
        .route(
            "/hello",
            get(async |user: CurrentUser| format!("hello, {}\n", user.id())),
        )
        .route(
            "/reports",
            get(async |_: ClaimedRole<Admin>| "for administrators\n"),
        )
        .fallback(hallpass::axum::not_found)
        .with_state(verifier);
    let listener = tokio::net::TcpListener::bind(settings.bind).await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app).await?;
    Ok(())
}

fn verifier(settings: &Settings) -> hallpass::Result<Verifier> {
    let url = settings.jwks_url.clone().unwrap_or_else(|| {
        let issuer = settings.issuer.trim_end_matches('/');
        format!("{issuer}/.well-known/jwks.json")
    });
    Verifier::builder(KeySource::url(&url)?)
        .issuer(&settings.issuer)
        .audience(&settings.audience)
        .build()
}
