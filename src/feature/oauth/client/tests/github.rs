use super::*;

const GITHUB_TOKEN: &str = "/login/oauth/access_token";
const USER: &str = "/api/v3/user";
const EMAILS: &str = "/api/v3/user/emails";

async fn scene() -> (FakeProvider, Client) {
    let provider = FakeProvider::start().await;
    provider.reply(
        GITHUB_TOKEN,
        Reply::json(&json!({"access_token": "gho-1", "token_type": "bearer", "scope": ""})),
    );
    let user = json!({"id": 583_231, "login": "ann", "name": "Ann", "email": "public@example.org"});
    provider.reply(USER, Reply::json(&user));
    provider.reply(EMAILS, Reply::json(&addresses(&json!(true))));
    let configured = Provider::github("notes")
        .client_secret("s1")
        .at(provider.url());
    let client = Client::new(configured, Arc::new(ManualClock::new())).expect("it is valid");
    (provider, client)
}

async fn identify(client: &Client) -> Assertion {
    let identified = client.identify(&answer(None)).await;
    let identified = identified.expect("it is valid");
    assert!(identified.fault.is_none(), "{identified:?}");
    identified.assertion
}

fn addresses(verified: &Value) -> Value {
    json!([
        {"email": "old@example.org", "primary": false, "verified": true},
        {"email": "ann@example.org", "primary": true, "verified": verified},
    ])
}

#[tokio::test]
async fn github_names_the_user() {
    let (provider, client) = scene().await;
    client.prepare().await.expect("there is nothing to prepare");
    let said = identify(&client).await;
    assert_eq!(said.provider, "github");
    assert_eq!(said.issuer, provider.url());
    assert_eq!(said.subject, "583231");
    assert_eq!(said.email, Some("ann@example.org".parse().unwrap()));
    assert!(said.email_verified);
    assert_eq!(said.display_name.as_deref(), Some("Ann"));
    let exchange = provider.last(GITHUB_TOKEN);
    assert_eq!(exchange.headers["accept"], "application/json");
    assert!(exchange.body.contains("client_secret=s1"));
    assert!(exchange.body.contains(&format!("code_verifier={VERIFIER}")));
    for path in [USER, EMAILS] {
        let headers = provider.last(path).headers;
        assert_eq!(headers["authorization"], "Bearer gho-1");
        assert_eq!(headers["x-github-api-version"], "2022-11-28");
        assert!(
            headers["user-agent"]
                .to_str()
                .unwrap()
                .starts_with("hallpass/")
        );
    }
}

#[tokio::test]
async fn the_browser_goes_to_github_without_a_nonce() {
    let client = Client::new(Provider::github("notes"), Arc::new(ManualClock::new()));
    let client = client.expect("it is valid");
    let url = client
        .authorization_url(&flow())
        .await
        .expect("it is known");
    assert!(
        url.starts_with("https://github.com/login/oauth/authorize?"),
        "{url}"
    );
    assert!(url.contains("scope=read%3Auser+user%3Aemail"), "{url}");
    assert!(
        url.contains("code_challenge_method=S256") && !url.contains("nonce"),
        "{url}"
    );
}

#[tokio::test]
async fn an_address_at_github_is_verified_by_the_boolean_alone() {
    let (provider, client) = scene().await;
    for verified in [json!(false), json!("true"), json!(null), json!(1)] {
        provider.reply(EMAILS, Reply::json(&addresses(&verified)));
        let said = identify(&client).await;
        assert!(said.email.is_some() && !said.email_verified, "{verified}");
    }
    for list in [
        json!([]),
        json!([{"email": "a@example.org", "verified": true}]),
        json!([7]),
    ] {
        provider.reply(EMAILS, Reply::json(&list));
        let said = identify(&client).await;
        assert!(said.email.is_none() && !said.email_verified, "{list}");
    }
}

#[tokio::test]
async fn an_invalid_reply_of_github_is_a_fault() {
    for (path, reply, expected) in [
        (
            GITHUB_TOKEN,
            Reply::json(&json!({"error": "bad_verification_code", "error_description": "x"})),
            "refuses the code: bad_verification_code",
        ),
        (
            GITHUB_TOKEN,
            Reply::of(200, "application/x-www-form-urlencoded", "access_token=a"),
            "JSON",
        ),
        (USER, Reply::json(&json!({"login": "ann"})), "no number"),
        (USER, Reply::json(&json!({"id": "1"})), "no number"),
        (USER, Reply::json(&json!({"id": 0})), "no number"),
        (USER, Reply::of(200, "text/html", "<html>"), "JSON object"),
        (
            USER,
            Reply::of(401, "application/json", "{}"),
            "cannot be reached",
        ),
        (USER, Reply::redirect("/elsewhere"), "cannot be reached"),
    ] {
        let (provider, client) = scene().await;
        provider.reply(path, reply);
        let fault = client
            .identify(&answer(None))
            .await
            .expect_err("it is invalid");
        assert!(fault.to_string().contains(expected), "{expected}: {fault}");
        assert_eq!(provider.count("/elsewhere"), 0);
    }
}

#[tokio::test]
async fn github_names_the_user_without_addresses() {
    for (reply, expected) in [
        (
            Reply::of(403, "application/json", "{}"),
            "cannot be reached",
        ),
        (
            Reply::of(404, "application/json", "{}"),
            "cannot be reached",
        ),
        (Reply::redirect("/elsewhere"), "cannot be reached"),
        (Reply::json(&json!({})), "JSON array"),
        (
            Reply::of(200, "application/json", "a".repeat(65537)),
            "cannot be reached",
        ),
    ] {
        let (provider, client) = scene().await;
        provider.reply(EMAILS, reply);
        let identified = client.identify(&answer(None)).await.expect("it is valid");
        assert_eq!(identified.assertion.subject, "583231");
        assert!(identified.assertion.email.is_none());
        let fault = identified.fault.expect("there is no address").to_string();
        assert!(fault.contains(expected), "{expected}: {fault}");
        assert_eq!(provider.count("/elsewhere"), 0);
    }
}

#[tokio::test]
async fn another_issuer_does_not_get_githubs_code() {
    let (provider, client) = scene().await;
    for iss in [provider.url(), format!("{}/login/oauth", provider.url())] {
        assert!(client.identify(&answer(Some(&iss))).await.is_ok());
    }
    let asked = provider.count(GITHUB_TOKEN);
    for iss in ["", "https://evil.example", "https://github.com"] {
        assert!(client.identify(&answer(Some(iss))).await.is_err());
    }
    assert_eq!(provider.count(GITHUB_TOKEN), asked);
}
