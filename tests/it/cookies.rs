//! Cookies that another host of the same domain can set.

use hallpass::limit::Lockout;
use serde_json::json;

use crate::support::{
    app::{App, apps_with},
    http::{JSON, PASSWORD, Reply},
};

const ANN: &str = "ann@example.org";

/// Signs in with these `Cookie` headers.
async fn login_with(app: &App, cookies: &[String]) -> Reply {
    let body = json!({"email": ANN, "password": PASSWORD}).to_string();
    let lines: String = cookies
        .iter()
        .map(|cookie| format!("Cookie: {cookie}\r\n"))
        .collect();
    let headers = format!("{JSON}{lines}");
    app.ask("POST /auth/login", &headers, body.as_bytes()).await
}

/// A locked account and the cookie of its known device.
async fn locked(app: &App) -> String {
    app.register(ANN).await;
    let reply = app.try_login(ANN, PASSWORD).await.expect(200);
    let cookie = reply.header("set-cookie").expect("a cookie");
    let (pair, _) = cookie.split_once(';').expect("attributes");
    let (_, value) = pair.split_once('=').expect("a value");
    for _ in 0..5 {
        app.try_login(ANN, "a wrong password").await.expect(401);
    }
    value.to_owned()
}

#[tokio::test]
async fn a_cookie_of_another_host_makes_no_device_known() {
    for app in apps_with(|builder| builder.lockout(Lockout::default())).await {
        let value = locked(&app).await;
        let own = format!("__Host-hallpass_device={value}");
        let foreign = [
            vec![format!("hallpass_device={value}")],
            vec![format!("\u{2000}{own}")],
            vec![format!("a=b;\u{a0}{own}")],
            vec![format!("__Host-hallpass_device\u{2000}={value}")],
            vec![format!("{own}; {own}")],
            vec![own.clone(), own.clone()],
            vec![own.clone(), "a=b; __Host-hallpass_device=x".to_owned()],
            vec!["__Host-hallpass_device=".to_owned(), own.clone()],
        ];
        for cookies in foreign {
            let reply = login_with(&app, &cookies).await;
            assert_eq!(reply.status, 429, "{}: {cookies:?}", app.name);
            reply.problem(429, "too_many_attempts");
        }
        let ours = [
            vec![own.clone()],
            vec!["a=b".to_owned(), format!("hallpass_device=x;\t {own}\t; c")],
        ];
        for cookies in ours {
            login_with(&app, &cookies).await.expect(200);
        }
    }
}

#[tokio::test]
async fn a_device_is_known_by_the_plain_cookie_without_tls() {
    let set = |builder: hallpass::AuthBuilder| {
        builder
            .lockout(Lockout::default())
            .public_url("http://localhost:8000")
    };
    for app in apps_with(set).await {
        let value = locked(&app).await;
        let plain = format!("hallpass_device={value}");
        let prefixed = format!("__Host-{plain}");
        for cookies in [vec![prefixed.clone()], vec![plain.clone(), plain.clone()]] {
            let reply = login_with(&app, &cookies).await;
            reply.problem(429, "too_many_attempts");
        }
        login_with(&app, &[prefixed, plain]).await.expect(200);
    }
}
