use super::*;

#[tokio::test]
async fn only_the_boolean_true_verifies_an_address() {
    let scene = Scene::sound().await;
    for value in [
        Some(json!("true")),
        Some(json!(1)),
        Some(json!(false)),
        Some(json!(null)),
        None,
    ] {
        scene.issue(&scene.claims_but("email_verified", value.clone()));
        let said = scene.identify().await.expect("the token is valid");
        assert!(said.email.is_some());
        assert!(!said.email_verified, "{value:?}");
    }
}

#[tokio::test]
async fn malformed_addresses_and_names_are_left_out() {
    let scene = Scene::sound().await;
    for email in [
        json!("ann"),
        json!(""),
        json!(7),
        json!(["ann@example.org"]),
    ] {
        scene.issue(&scene.claims_but("email", Some(email.clone())));
        let said = scene.identify().await.expect("the token is valid");
        assert!(said.email.is_none() && !said.email_verified, "{email}");
    }
    for name in [
        json!("a\u{0}b"),
        json!("a".repeat(201)),
        json!("  "),
        json!(7),
    ] {
        scene.issue(&scene.claims_but("name", Some(name.clone())));
        let said = scene.identify().await.expect("the token is valid");
        assert_eq!(said.display_name, None, "{name}");
    }
}

#[tokio::test]
async fn trust_covers_the_domain_of_the_address() {
    for (domains, trusted) in [
        (vec!["example.org"], true),
        (vec!["*"], true),
        (vec!["example.com"], false),
    ] {
        let key = Key::p256("k1");
        let scene = Scene::with(key, |it| it.trust_email_domains(domains)).await;
        let said = scene.identify().await.expect("the token is valid");
        assert_eq!(said.trusted, trusted);
        scene.issue(&scene.claims_but("email", Some(json!("none"))));
        let said = scene.identify().await.expect("the token is valid");
        assert!(!said.trusted, "there is no address");
    }
}

#[tokio::test]
async fn an_address_missing_in_the_token_is_fetched() {
    let scene = Scene::sound().await;
    // The token has no address that its `email_verified` could belong to.
    scene.issue(&scene.claims_but("email", None));
    let info = json!({"sub": "ann-1", "email": "ann@example.net", "name": "Other"});
    scene.provider.reply(USERINFO, Reply::json(&info));
    let said = scene.identify().await.expect("it is of the same user");
    assert_eq!(said.email, Some("ann@example.net".parse().unwrap()));
    assert!(!said.email_verified);
    assert_eq!(said.display_name.as_deref(), Some("Ann"));
    let headers = scene.provider.last(USERINFO).headers;
    assert_eq!(headers["authorization"], "Bearer access-1");

    let mut info = info;
    info["email_verified"] = json!(true);
    scene.provider.reply(USERINFO, Reply::json(&info));
    let said = scene.identify().await.expect("it is of the same user");
    assert!(said.email_verified);
}

#[tokio::test]
async fn user_info_with_another_or_no_subject_is_refused() {
    let scene = Scene::sound().await;
    scene.issue(&scene.claims_but("email", None));
    let big = "a".repeat(64 * 1024 + 1);
    for reply in [
        Reply::json(&json!({"sub": "eve-1", "email": "ann@example.org"})),
        Reply::json(&json!({"email": "ann@example.org"})),
        Reply::json(&json!({"sub": 1})),
        Reply::of(200, "application/jwt", "a.b.c"),
        Reply::of(200, "application/json", r#"{"sub":"ann-1","sub":"ann-1"}"#),
        Reply::of(200, "application/json", big),
        Reply::of(401, "application/json", r#"{"sub":"ann-1"}"#),
        Reply::redirect("/elsewhere"),
    ] {
        scene.provider.reply(USERINFO, reply.clone());
        scene.unknown_address().await;
    }
    assert_eq!(scene.provider.count("/elsewhere"), 0);
}

#[tokio::test]
async fn user_info_verifies_the_address_of_the_token_and_no_other() {
    let scene = Scene::sound().await;
    for lacking in [None, Some(json!(null))] {
        scene.issue(&scene.claims_but("email_verified", lacking));
        for (email, verified, is_verified) in [
            (json!("ann@example.org"), json!(true), true),
            (json!("Ann@EXAMPLE.org"), json!(true), true),
            (json!("ann@example.org"), json!("true"), false),
            (json!("ann@example.org"), json!(null), false),
            (json!("eve@example.org"), json!(true), false),
            (json!("ann"), json!(true), false),
            (json!(null), json!(true), false),
        ] {
            let info = json!({"sub": "ann-1", "email": email, "email_verified": verified});
            scene.provider.reply(USERINFO, Reply::json(&info));
            let said = scene.identify().await.expect("the token is valid");
            assert_eq!(said.email, Some("ann@example.org".parse().unwrap()));
            assert_eq!(said.email_verified, is_verified, "{info}");
        }
    }
    let asked = scene.provider.count(USERINFO);
    for said in [json!(false), json!("true")] {
        scene.issue(&scene.claims_but("email_verified", Some(said)));
        let said = scene.identify().await.expect("the token is valid");
        assert!(!said.email_verified);
    }
    assert_eq!(scene.provider.count(USERINFO), asked);
}

#[tokio::test]
async fn user_info_is_fetched_only_if_needed_and_available() {
    let scene = Scene::sound().await;
    scene.identify().await.expect("the token is valid");
    assert_eq!(scene.provider.count(USERINFO), 0);

    let scene = Scene::sound().await;
    let mut metadata = scene.provider.metadata();
    metadata
        .as_object_mut()
        .unwrap()
        .remove("userinfo_endpoint");
    scene.provider.reply(DISCOVERY, Reply::json(&metadata));
    scene.issue(&scene.claims_but("email", None));
    let said = scene.identify().await.expect("the token is valid");
    assert!(said.email.is_none() && !said.email_verified);
}
