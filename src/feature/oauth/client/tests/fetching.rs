use super::*;

const NOT_YET: &str = "could not be fetched yet";

fn client(issuer: &str, set: impl FnOnce(Provider) -> Provider) -> Client {
    let provider = set(Provider::oidc("acme", issuer, "notes"));
    Client::new(provider, Arc::new(ManualClock::new())).expect("it is valid")
}

/// The innermost source of the error.
fn root(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

#[tokio::test]
async fn fetched_documents_are_cached() {
    let scene = Scene::sound().await;
    scene.client.prepare().await.expect("it is present");
    for _ in 0..3 {
        scene.identify().await.expect("it is valid");
        scene
            .client
            .authorization_url(&flow())
            .await
            .expect("it is present");
    }
    assert_eq!(scene.provider.count(DISCOVERY), 1);
    assert_eq!(scene.provider.count(JWKS), 1);
}

#[tokio::test]
async fn concurrent_callers_fetch_once() {
    let scene = Scene::sound().await;
    let tasks: Vec<_> = (0..16)
        .map(|_| {
            let client = scene.client.clone();
            tokio::spawn(async move { client.identify(&answer(None)).await.is_ok() })
        })
        .collect();
    for task in tasks {
        assert!(task.await.expect("the task ends"));
    }
    assert_eq!(scene.provider.count(DISCOVERY), 1);
    assert_eq!(scene.provider.count(JWKS), 1);
}

#[tokio::test]
async fn invalid_metadata_is_refused() {
    let public = "https://id.example.org/x";
    for (name, value) in [
        ("issuer", json!("https://evil.example")),
        ("issuer", json!(null)),
        ("authorization_endpoint", json!(7)),
        ("authorization_endpoint", json!("http://id.example.org/x")),
        ("token_endpoint", json!("http://10.0.0.1/token")),
        ("token_endpoint", json!("/token")),
        ("jwks_uri", json!("file:///etc/passwd")),
        ("userinfo_endpoint", json!("https://ann@id.example.org/x")),
        ("token_endpoint", json!("https://:secret@id.example.org/x")),
        ("jwks_uri", json!("https://id.example.org/x#top")),
        ("id_token_signing_alg_values_supported", json!("RS256")),
        ("token_endpoint_auth_methods_supported", json!([1])),
        (
            "authorization_response_iss_parameter_supported",
            json!("true"),
        ),
    ] {
        let scene = Scene::sound().await;
        let case = format!("{name} {value}");
        scene.metadata(name, value);
        let fault = scene.client.prepare().await.expect_err("it is invalid");
        assert!(fault.to_string().contains(NOT_YET), "{case}: {fault}");
    }
    for name in ["authorization_endpoint", "token_endpoint", "jwks_uri"] {
        let scene = Scene::sound().await;
        let mut metadata = scene.provider.metadata();
        metadata.as_object_mut().unwrap().remove(name);
        scene.provider.reply(DISCOVERY, Reply::json(&metadata));
        assert!(scene.client.prepare().await.is_err(), "{name}");
    }
    let scene = Scene::sound().await;
    scene.metadata("userinfo_endpoint", json!(public));
    scene.client.prepare().await.expect("it is valid");
}

#[tokio::test]
async fn a_null_member_of_the_metadata_counts_as_absent() {
    for name in [
        "authorization_response_iss_parameter_supported",
        "id_token_signing_alg_values_supported",
        "token_endpoint_auth_methods_supported",
        "userinfo_endpoint",
    ] {
        let scene = Scene::sound().await;
        scene.metadata(name, json!(null));
        let said = scene.identify().await;
        assert!(said.is_ok(), "{name}: {said:?}");
    }
    for name in ["authorization_endpoint", "token_endpoint", "jwks_uri"] {
        let scene = Scene::sound().await;
        scene.metadata(name, json!(null));
        assert!(scene.client.prepare().await.is_err(), "{name}");
    }
}

#[tokio::test]
async fn a_reply_that_is_not_a_document_is_refused() {
    let big = format!(r#"{{"keys":[],"x":"{}"}}"#, "a".repeat(64 * 1024));
    for path in [DISCOVERY, JWKS] {
        for reply in [
            Reply::of(200, "text/html", "<html>"),
            Reply::of(200, "application/json", "[]"),
            Reply::of(200, "application/json", "{}"),
            Reply::of(200, "application/json", r#"{"keys":[],"keys":[]}"#),
            Reply::of(200, "application/json", big.clone()),
            Reply::of(500, "application/json", "{}"),
            Reply::redirect("/elsewhere"),
        ] {
            let scene = Scene::sound().await;
            scene.provider.reply(path, reply.clone());
            let fault = scene
                .client
                .prepare()
                .await
                .expect_err("it is not a document");
            assert!(fault.to_string().contains(NOT_YET), "{reply:?}: {fault}");
            assert_eq!(scene.provider.count("/elsewhere"), 0);
        }
    }
}

#[tokio::test]
async fn a_document_of_the_maximum_size_is_read() {
    let scene = Scene::sound().await;
    let mut metadata = scene.provider.metadata();
    metadata["x"] = json!("");
    let short = metadata.to_string().len();
    metadata["x"] = json!("a".repeat(64 * 1024 - short));
    scene.provider.reply(DISCOVERY, Reply::json(&metadata));
    scene.client.prepare().await.expect("its length is allowed");
}

#[tokio::test]
async fn a_provider_is_found_after_its_outage() {
    let scene = Scene::sound().await;
    scene
        .provider
        .reply(DISCOVERY, Reply::of(503, "text/plain", ""));
    assert!(scene.fault().await.contains(NOT_YET));
    scene.provider.publish(&[&scene.key]);
    assert!(scene.fault().await.contains(NOT_YET), "it is too soon");
    assert_eq!(scene.provider.count(DISCOVERY), 1);
    scene.clock.advance(Duration::from_secs(3));
    scene.identify().await.expect("the provider is up");
}

#[tokio::test]
async fn a_new_key_is_fetched_once_a_minute_at_most() {
    let mut scene = Scene::sound().await;
    scene.identify().await.expect("it is valid");
    scene.key = Key::p256("k2");
    scene.provider.publish(&[&scene.key]);
    scene.issue(&scene.claims());
    assert!(scene.fault().await.contains("not the provider's"));
    assert_eq!(scene.provider.count(JWKS), 1);
    scene.clock.advance(MINUTE);
    scene.identify().await.expect("the key is fetched");
    assert_eq!(scene.provider.count(JWKS), 2);

    scene.provider.issue(&Key::p256("k3").sign(&scene.claims()));
    for _ in 0..3 {
        scene.fault().await;
    }
    assert_eq!(scene.provider.count(JWKS), 2);
    scene.clock.advance(MINUTE);
    for _ in 0..3 {
        scene.fault().await;
    }
    assert_eq!(scene.provider.count(JWKS), 3);
}

#[tokio::test]
async fn a_replaced_key_is_fetched_once_a_minute_at_most() {
    let nameless = |key: &Key| {
        let mut header = key.header();
        header.as_object_mut().unwrap().remove("kid");
        header
    };
    for header in [Key::header, nameless] {
        let mut scene = Scene::sound().await;
        scene.identify().await.expect("it is valid");
        scene.key = Key::p256("k1");
        scene.provider.publish(&[&scene.key]);
        let token = scene.key.sign_with(&header(&scene.key), &scene.claims());
        scene.provider.issue(&token);
        assert!(scene.fault().await.contains("invalid signature"));
        assert_eq!(scene.provider.count(JWKS), 1);
        scene.clock.advance(MINUTE);
        scene.identify().await.expect("the key is fetched");
        assert_eq!(scene.provider.count(JWKS), 2);

        let other = Key::p256("k1");
        scene
            .provider
            .issue(&other.sign_with(&header(&other), &scene.claims()));
        scene.clock.advance(MINUTE);
        for _ in 0..3 {
            assert!(scene.fault().await.contains("invalid signature"));
        }
        assert_eq!(scene.provider.count(JWKS), 3);
    }
}

#[tokio::test]
async fn an_ambiguous_set_is_fetched_again() {
    let scene = Scene::sound().await;
    let others = [Key::p256("k1"), Key::p256("k2")];
    scene.provider.publish(&[&others[0], &others[1]]);
    scene.client.prepare().await.expect("it is present");
    let header = json!({"alg": "ES256"});
    let token = scene.key.sign_with(&header, &scene.claims());
    scene.provider.issue(&token);
    scene.provider.publish(&[&scene.key]);
    assert!(scene.fault().await.contains("several keys"));
    scene.clock.advance(MINUTE);
    scene.identify().await.expect("one is left");
}

#[tokio::test]
async fn a_withdrawn_key_verifies_nothing_after_the_next_fetch() {
    let scene = Scene::sound().await;
    scene.identify().await.expect("it is valid");
    let next = Key::p256("k2");
    scene.provider.publish(&[&next]);
    scene.clock.advance(MINUTE);
    scene.provider.issue(&next.sign(&scene.claims()));
    scene.identify().await.expect("the new key is fetched");
    scene.issue(&scene.claims());
    assert!(scene.fault().await.contains("not the provider's"));
}

#[tokio::test]
async fn cached_documents_serve_during_an_outage() {
    let scene = Scene::sound().await;
    scene.identify().await.expect("it is valid");
    for path in [DISCOVERY, JWKS] {
        scene.provider.reply(path, Reply::of(503, "text/plain", ""));
    }
    for _ in 0..3 {
        scene.clock.advance(Duration::from_secs(3601));
        scene.issue(&scene.claims());
        scene.identify().await.expect("it is cached");
    }
    // Each attempt runs in its own task.
    let attempted = async {
        while [DISCOVERY, JWKS]
            .iter()
            .any(|path| scene.provider.count(path) < 2)
        {
            tokio::time::sleep(Duration::from_millis(1)).await;
            scene.client.prepare().await.expect("it is cached");
        }
    };
    let attempted = tokio::time::timeout(Duration::from_secs(60), attempted).await;
    attempted.expect("both are asked for again");
}

#[tokio::test(start_paused = true)]
async fn a_slow_provider_is_given_up_in_time() {
    let scene = Scene::sound().await;
    scene.provider.reply(DISCOVERY, Reply::hanging());
    let begin = tokio::time::Instant::now();
    assert!(scene.client.prepare().await.is_err());
    assert!(begin.elapsed() <= Duration::from_millis(5100));
    scene.clock.advance(Duration::from_secs(3));
    let begin = tokio::time::Instant::now();
    assert!(scene.client.authorization_url(&flow()).await.is_err());
    assert!(begin.elapsed() <= Duration::from_millis(5100));
}

#[tokio::test]
async fn a_slow_endpoint_is_given_up_in_time() {
    for path in [TOKEN, USERINFO] {
        let scene = Scene::sound().await;
        scene.issue(&scene.claims_but("email", None));
        scene.client.prepare().await.expect("it is present");
        scene.provider.reply(path, Reply::hanging());
        tokio::time::pause();
        let begin = tokio::time::Instant::now();
        match path {
            USERINFO => scene.unknown_address().await,
            _ => scene.fault().await,
        };
        assert!(begin.elapsed() <= Duration::from_millis(8100), "{path}");
        tokio::time::resume();
    }
}

#[tokio::test]
async fn a_private_address_is_not_asked() {
    // The document of a public issuer must not name private addresses.
    let client = client("https://id.example.org", |it| it);
    let ask = async |url: &str| {
        let request = http::Request::get(url).body(Vec::new()).unwrap();
        let error = client
            .0
            .web
            .send(request, 1)
            .await
            .expect_err("it is not public");
        root(&*error)
    };
    for url in [
        "https://127.0.0.1/",
        "https://10.0.0.1/",
        "https://169.254.169.254/",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://2130706433/",
        "https://0x7f.1/",
        "http://example.org/",
    ] {
        let reason = ask(url).await;
        assert!(reason.contains("must not connect to"), "{url}: {reason}");
    }
    let reason = ask("https://localhost/").await;
    assert!(reason.contains("no public address"), "{reason}");
}

#[tokio::test]
async fn private_addresses_need_a_private_issuer_or_permission() {
    let may = |client: &Client| client.0.web.may_ask(&"https://10.0.0.1/".parse().unwrap());
    assert!(!may(&client("https://id.example.org", |it| it)));
    assert!(may(&client(
        "https://id.example.org",
        Provider::allow_private_addresses
    )));
    assert!(may(&client("https://192.168.0.1", |it| it)));
    assert!(may(&client("https://localhost", |it| it)));
    assert!(may(&client("http://127.0.0.1:1", |it| it)));
}
