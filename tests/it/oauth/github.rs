//! Signing in with GitHub.

use hallpass::{AuthBuilder, event::EventKind, oauth::Provider};

use super::flow::{APP_URL, TRUSTED, VERIFIER, landed, redeem, start_path};
use crate::support::{
    app::{App, apps_with},
    github::FakeGithub,
    provider::form,
};

async fn apps_of(github: &FakeGithub) -> Vec<App> {
    let set = |builder: AuthBuilder| {
        let provider = Provider::github("notes").at(&github.url);
        let provider = provider.trust_email_domains([TRUSTED]);
        builder.provider(provider).provider_redirects([APP_URL])
    };
    apps_with(set).await
}

/// The code, or the error.
async fn arrive(app: &App) -> Result<String, String> {
    let path = start_path(&[]).replace("/idp?", "/github?");
    let reply = app.ask(&format!("GET {path}"), "", b"").await.expect(303);
    let (_, query) = reply.header("location").unwrap().split_once('?').unwrap();
    let state = &form(query)["state"];
    let (cookie, _) = reply.header("set-cookie").unwrap().split_once(';').unwrap();
    let line = format!("GET /auth/oauth/github/callback?code=x&state={state}");
    let headers = format!("Cookie: {cookie}\r\n");
    let mut params = landed(app.ask(&line, &headers, b"").await);
    let code = params.remove("code");
    code.ok_or_else(|| params.remove("error").expect("a code or an error"))
}

async fn sign_in(app: &App) -> serde_json::Value {
    let code = arrive(app).await.expect("a code");
    let tokens = redeem(app, &code, VERIFIER).await.tokens();
    app.me(&tokens.access).await.expect(200).json()
}

fn addresses(count: usize) -> Vec<String> {
    (1..=count)
        .map(|index| format!("ann{index}@example.org"))
        .collect()
}

#[tokio::test]
async fn a_primary_address_beyond_the_first_page_is_found() {
    let github = FakeGithub::start().await;
    for app in apps_of(&github).await {
        for (count, pages) in [(1, 1), (31, 1), (100, 1), (101, 2), (250, 3)] {
            github.user(count, &addresses(count as usize));
            let me = sign_in(&app).await;
            assert_eq!(me["email"], format!("ann{count}@example.org"));
            assert_eq!(me["email_verified"], true);
            assert_eq!(github.pages(), pages, "{count}");
        }
        // There is more than a page of addresses, none of them primary.
        let mut endless = addresses(5000);
        endless.push("ann@example.org".to_owned());
        github.user(5000, &endless);
        assert_eq!(arrive(&app).await, Err("link_required".to_owned()));
        assert_eq!(github.pages(), 10);
    }
}

#[tokio::test]
async fn a_linked_user_signs_in_without_addresses() {
    let github = FakeGithub::start().await;
    for app in apps_of(&github).await {
        github.user(1, &addresses(1));
        let id = sign_in(&app).await["id"].clone();
        for status in [403, 404, 500] {
            github.user(1, &[]);
            github.refuse_addresses(status);
            assert_eq!(sign_in(&app).await["id"], id, "{status}");
            github.user(2, &[]);
            github.refuse_addresses(status);
            assert_eq!(arrive(&app).await, Err("provider_failed".to_owned()));
        }
        assert_eq!(app.count_events(EventKind::AccountCreated).await, 1);
        assert_eq!(app.count_events(EventKind::SignInFailed).await, 3);
    }
}
