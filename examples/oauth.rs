//! A backend with sign-in through Google, GitHub or another OpenID Connect provider, and its sign-in page.
//!
//! ```sh
//! export GOOGLE_CLIENT_ID=… GOOGLE_CLIENT_SECRET=…
//! export GITHUB_CLIENT_ID=… GITHUB_CLIENT_SECRET=…
//! export OIDC_ISSUER=https://… OIDC_CLIENT_ID=… OIDC_CLIENT_SECRET=…
//! cargo run --example oauth --features axum,oauth,pages,tls    # then open http://localhost:8000
//! ```
//!
//! One provider is enough. At Google, register `http://localhost:8000/auth/oauth/google/callback` as the redirect URI.
//! At the other providers, register the same URL with `github` or `oidc` in place of `google`.
#![allow(clippy::print_stdout, reason = "a program writes to its terminal")]

use std::{env, error::Error, future::pending, net::SocketAddr};

use axum::{Router, response::Html, routing::get};
use hallpass::{
    ActiveUser, Auth, ClientAddress, mail::TerminalMailer, memory::MemoryStore, oauth::Provider,
    secret::Secret,
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = env::var("ADDRESS").unwrap_or_else(|_| "localhost:8000".to_owned());
    let url = format!("http://{address}");
    // In production the store is a database, and the secret comes from the environment.
    let mut builder = Auth::builder()
        .store(MemoryStore::new())
        .secrets(Secret::generate())
        .public_url(&url)
        .mailer(TerminalMailer)
        .provider_redirects([format!("{url}/")]);
    for provider in providers() {
        builder = builder.provider(provider);
    }
    let auth = builder.build()?;
    tokio::spawn({
        let auth = auth.clone();
        async move { auth.run(pending()).await }
    });

    let app = Router::new()
        .route("/", get(async || Html(include_str!("oauth.html"))))
        .route("/hello", get(hello))
        .merge(hallpass::axum::router(
            auth.endpoints().with_pages(),
            ClientAddress::peer(),
        ))
        .with_state(auth);
    let listener = tokio::net::TcpListener::bind(&address).await?;
    println!("listening on {url}");
    axum::serve(
        listener,
        app.into_make_service_with_connect_info::<SocketAddr>(),
    )
    .await?;
    Ok(())
}

/// The providers that the environment configures.
fn providers() -> Vec<Provider> {
    let set = |name: &str| env::var(name).ok();
    // Only Google issues these addresses, so it is trusted to link an identity to the account that has the address.
    let google = set("GOOGLE_CLIENT_ID")
        .map(|id| Provider::google(id).trust_email_domains(["gmail.com"]))
        .map(|google| with_secret(google, set("GOOGLE_CLIENT_SECRET")));
    let github = set("GITHUB_CLIENT_ID")
        .map(|id| with_secret(Provider::github(id), set("GITHUB_CLIENT_SECRET")));
    let other = set("OIDC_ISSUER")
        .zip(set("OIDC_CLIENT_ID"))
        .map(|(issuer, id)| Provider::oidc("oidc", issuer, id).display_name("OpenID Connect"))
        .map(|other| with_secret(other, set("OIDC_CLIENT_SECRET")));
    [google, github, other].into_iter().flatten().collect()
}

/// Sets the secret of the client. A client without a secret is public.
fn with_secret(provider: Provider, secret: Option<String>) -> Provider {
    match secret {
        Some(secret) => provider.client_secret(secret),
        None => provider,
    }
}

/// A route for signed-in users, however they signed in.
async fn hello(caller: ActiveUser) -> String {
    format!("Hello, {}!", caller.user.email)
}
