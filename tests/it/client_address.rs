//! The client address, over real connections and in process, on both servers.

use std::{
    env,
    net::{IpAddr, SocketAddr},
};

use axum::{body::Body, extract::connect_info::MockConnectInfo, http::Request};
use hallpass::{ClientAddress, http::ForwardingHeader};
use serde_json::json;
use tokio::process::Command;
use tower::ServiceExt as _;

use crate::support::{
    app::{App, Framework, Server, app_with},
    http::{JSON, PASSWORD},
};

const ANN: &str = "ann@example.org";
const PEER: &str = "127.0.0.1";
const CLIENT: &str = "203.0.113.9";

/// The headers of an attacker who imitates another client.
const FORGED: [&str; 13] = [
    "X-Forwarded-For: 198.51.100.7\r\n",
    "X-Forwarded-For: 198.51.100.7, 127.0.0.1\r\n",
    "X-Forwarded-For: 198.51.100.7\r\nX-Forwarded-For: 198.51.100.8\r\n",
    "X-FORWARDED-FOR:198.51.100.7 , , 127.0.0.1 ,\r\n",
    "X-Forwarded-For: 127.0.0.1\r\nx-forwarded-for: 198.51.100.7\r\n",
    "Forwarded: for=198.51.100.7;by=127.0.0.1\r\n",
    "Forwarded: for=198.51.100.7\r\nForwarded: for=127.0.0.1\r\n",
    "Forwarded: for=198.51.100.7\r\nX-Forwarded-For: 198.51.100.7\r\n",
    "X_Forwarded_For: 198.51.100.7\r\n",
    "X-Real-IP: 198.51.100.7\r\n",
    "CF-Connecting-IP: 198.51.100.7\r\n",
    "True-Client-IP: 198.51.100.7\r\n",
    "X-Client-IP: 198.51.100.7\r\nX-Cluster-Client-IP: 198.51.100.7\r\n",
];

/// A service with this rule, on each framework.
async fn servers(rule: &ClientAddress) -> (App, [Server; 2]) {
    let app = app_with(|builder| builder).await;
    app.register(ANN).await;
    let serve = |framework| Server::behind(rule.clone(), app.auth.endpoints(), framework);
    let servers = [serve(Framework::Actix).await, serve(Framework::Axum).await];
    (app, servers)
}

/// Logs in with these headers and returns the address of the session and the event.
async fn remembered(app: &App, server: &Server, headers: &str) -> Option<IpAddr> {
    app.advance(1);
    let body = json!({"email": ANN, "password": PASSWORD}).to_string();
    let headers = format!("{JSON}{headers}");
    let login = server
        .client
        .ask("POST /auth/login", &headers, body.as_bytes());
    let tokens = login.await.tokens();

    let sessions = server
        .client
        .get("/users/me/sessions", &tokens.access)
        .await;
    let sessions = sessions.expect(200).json();
    let mut sessions = sessions["items"].as_array().unwrap().iter();
    let session = sessions.find(|session| session["current"] == true).unwrap();

    let admin = app.administrator().await;
    let user = app.me(&tokens.access).await.json()["id"].clone();
    let query = format!("?limit=1&user_id={}", user.as_str().unwrap());
    let events = server
        .client
        .get(&format!("/admin/events{query}"), &admin)
        .await;
    let event = events.expect(200).json()["items"][0].clone();
    assert_eq!(event["type"], "signed_in");
    assert_eq!(event["ip"], session["ip"]);
    session["ip"].as_str().map(|ip| ip.parse().unwrap())
}

async fn check(rule: &ClientAddress, rows: &[(&str, &str)]) {
    let (app, servers) = servers(rule).await;
    for (headers, client) in rows {
        for server in &servers {
            let found = remembered(&app, server, headers).await;
            assert_eq!(found, client.parse().ok(), "{headers}");
        }
    }
}

#[tokio::test]
async fn headers_are_ignored_without_proxies() {
    check(&ClientAddress::peer(), &FORGED.map(|forged| (forged, PEER))).await;
}

#[tokio::test]
async fn an_untrusted_peer_is_the_client() {
    let elsewhere: ClientAddress = "10.0.0.0/8, 127.0.0.2, ::1".parse().unwrap();
    check(&elsewhere, &FORGED.map(|forged| (forged, PEER))).await;
}

#[tokio::test]
async fn a_trusted_proxy_names_the_client() {
    let proxied = ClientAddress::behind_proxies(["127.0.0.0/8", "10.1.0.0/16"]).unwrap();
    let rows = [
        ("", PEER),
        ("X-Forwarded-For: 203.0.113.9\r\n", CLIENT),
        ("x-forwarded-for: 203.0.113.9:4711\r\n", CLIENT),
        ("X-Forwarded-For: ::ffff:203.0.113.9\r\n", CLIENT),
        ("X-Forwarded-For: [2001:db8::1]:443\r\n", "2001:db8::1"),
        (
            "X-Forwarded-For: 198.51.100.7, 203.0.113.9, 10.1.0.1\r\n",
            CLIENT,
        ),
        (
            "X-Forwarded-For: 198.51.100.7\r\nX-Forwarded-For: 203.0.113.9\r\n",
            CLIENT,
        ),
        (
            "X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-For: 10.1.0.1\r\n",
            CLIENT,
        ),
        (
            "X-Forwarded-For: 198.51.100.7, unknown, 10.1.0.1\r\n",
            "10.1.0.1",
        ),
        (
            "X-Forwarded-For: 198.51.100.7, \u{fc}, 10.1.0.1\r\n",
            "10.1.0.1",
        ),
        (
            "Forwarded: for=198.51.100.7, For=\"203.0.113.9:80\";proto=https\r\n",
            CLIENT,
        ),
        (
            "Forwarded: for=198.51.100.7\r\nForwarded: for=203.0.113.9\r\n",
            CLIENT,
        ),
        (
            "Forwarded: for=198.51.100.7;x=\", for=203.0.113.9\r\n",
            CLIENT,
        ),
        ("Forwarded: for=_hidden\r\n", PEER),
        (
            "Forwarded: for=203.0.113.9\r\nX-Forwarded-For: 203.0.113.9\r\n",
            CLIENT,
        ),
        (
            "Forwarded: for=198.51.100.7\r\nX-Forwarded-For: 203.0.113.9\r\n",
            PEER,
        ),
        (
            "X-Real-IP: 198.51.100.7\r\nX_Forwarded_For: 198.51.100.7\r\n",
            PEER,
        ),
    ];
    check(&proxied, &rows).await;
}

#[tokio::test]
async fn a_forgery_does_not_get_past_a_trusted_proxy() {
    let header = ForwardingHeader::XForwardedFor;
    let proxied = ClientAddress::behind_proxies_that_write(header, [PEER]).unwrap();
    let lines = FORGED.map(|forged| format!("{forged}X-Forwarded-For: {CLIENT}\r\n"));
    let rows: Vec<(&str, &str)> = lines.iter().map(|line| (line.as_str(), CLIENT)).collect();
    check(&proxied, &rows).await;
}

#[tokio::test]
async fn a_host_may_have_a_rule_of_its_own() {
    let own = ClientAddress::from_fn(|head, peer| {
        assert!(head.uri.path().starts_with('/') && peer.is_some());
        head.headers.get("x-real-ip")?.to_str().ok()?.parse().ok()
    });
    let (app, servers) = servers(&own).await;
    for server in &servers {
        let reported = remembered(&app, server, "X-Real-IP: 203.0.113.9\r\n").await;
        assert_eq!(reported, CLIENT.parse().ok());
        assert_eq!(remembered(&app, server, "").await, None);
    }
    let panics = ClientAddress::from_fn(|_, _| panic!("by design"));
    let (_, servers) = self::servers(&panics).await;
    for server in &servers {
        let reply = server.client.ask("GET /users/me", "", b"").await;
        reply.problem(500, "internal");
    }
}

#[tokio::test]
async fn a_host_can_switch_client_addresses_off() {
    let (app, servers) = servers(&ClientAddress::unknown()).await;
    for server in &servers {
        assert_eq!(remembered(&app, server, FORGED[0]).await, None);
    }
}

/// The reply of an axum router without connect info.
async fn ask_axum(router: axum::Router, path: &str) -> u16 {
    let request = Request::get(path).body(Body::empty()).unwrap();
    router.oneshot(request).await.unwrap().status().as_u16()
}

/// Endpoints where no call is counted and no address is stored.
const FOR_ANYONE: [&str; 3] = ["/health/live", "/health/ready", "/.well-known/jwks.json"];

#[tokio::test]
async fn axum_without_a_peer_serves_calls_that_need_no_client() {
    let app = app_with(|builder| builder).await;
    let router = |rule| hallpass::axum::router(&app.auth, rule);
    let proxied: ClientAddress = PEER.parse().unwrap();
    for rule in [ClientAddress::peer(), proxied] {
        for path in FOR_ANYONE {
            assert_eq!(ask_axum(router(rule.clone()), path).await, 200, "{path}");
        }
        assert_eq!(ask_axum(router(rule), "/users/me").await, 500);
    }
    let unknown = router(ClientAddress::unknown());
    assert_eq!(ask_axum(unknown, "/users/me").await, 401);
    let peer: SocketAddr = ([203, 0, 113, 9], 4711).into();
    let reported = router(ClientAddress::peer()).layer(MockConnectInfo(peer));
    assert_eq!(ask_axum(reported, "/users/me").await, 401);
}

#[actix_web::test]
async fn actix_without_a_peer_serves_calls_that_need_no_client() {
    use actix_web::test::{TestRequest, call_service, init_service};

    let app = app_with(|builder| builder).await;
    let peer: SocketAddr = ([203, 0, 113, 9], 4711).into();
    for (rule, status) in [
        (ClientAddress::peer(), 500),
        (PEER.parse().unwrap(), 500),
        (ClientAddress::unknown(), 401),
    ] {
        let routes = hallpass::actix::configure(&app.auth, rule);
        let service = init_service(actix_web::App::new().configure(routes)).await;
        let me = || TestRequest::get().uri("/users/me");
        let reply = call_service(&service, me().to_request()).await;
        assert_eq!(reply.status().as_u16(), status);
        let reply = call_service(&service, me().peer_addr(peer).to_request()).await;
        assert_eq!(reply.status(), 401);
        for path in FOR_ANYONE {
            let request = TestRequest::get().uri(path).to_request();
            let reply = call_service(&service, request).await;
            assert_eq!(reply.status(), 200, "{path}");
        }
    }
}

/// The variable that is set when this program runs itself for one test. Its value says whether the run listens to the
/// log.
const LISTENS: &str = "HALLPASS_TEST_LISTENS";

#[tokio::test]
async fn a_server_without_a_peer_reports_it_once() {
    if let Ok(listens) = env::var(LISTENS) {
        if listens == "true" {
            let to_nowhere = tracing_subscriber::fmt().with_writer(std::io::sink);
            to_nowhere.init();
        }
        let app = app_with(|builder| builder).await;
        for _ in 0..2 {
            let router = hallpass::axum::router(&app.auth, ClientAddress::peer());
            assert_eq!(ask_axum(router, "/users/me").await, 500);
        }
        return;
    }
    let name = "client_address::a_server_without_a_peer_reports_it_once";
    for (listens, lines) in [("false", 1), ("true", 0)] {
        let program = env::current_exe().unwrap();
        let mut command = Command::new(program);
        command.args(["--exact", name]).env(LISTENS, listens);
        let output = command.output().await.unwrap();
        let [stdout, stderr] =
            [output.stdout, output.stderr].map(|it| String::from_utf8(it).unwrap());
        assert!(stdout.contains("1 passed"), "{stdout}{stderr}");
        let reported = stderr
            .matches("into_make_service_with_connect_info")
            .count();
        assert_eq!(reported, lines, "{stderr}");
    }
}
