//! `examples/resource_server.rs` while an issuer runs, and after the issuer has ended.

use std::process::{Command, Stdio};

use serde_json::json;

use crate::process::{SECRET, Server, folder, program};

const PASSWORD: &str = "correct horse battery";
const ISSUER: &str = "https://id.example.org";

#[test]
fn a_service_without_a_database_trusts_the_servers_tokens() {
    let folder = folder();
    let settings = [
        ("HALLPASS_PUBLIC_URL", ISSUER),
        ("HALLPASS_SECRET", SECRET),
        ("HALLPASS_ADMIN_EMAIL", "root@example.org"),
        ("HALLPASS_ADMIN_PASSWORD", PASSWORD),
    ];
    let issuer = Server::of("server", folder.path(), &settings);
    let service = Server::start(&mut resource_server(&issuer.address));
    assert_eq!(issuer.register("ann@example.org", PASSWORD).status, 201);
    let access = |email: &str| {
        let credentials = json!({"email": email, "password": PASSWORD});
        let reply = issuer.post("/auth/login", &credentials);
        format!("authorization: Bearer {}", reply.text("access_token"))
    };
    let (ann, root) = (access("ann@example.org"), access("root@example.org"));

    let status = |path: &str, headers: &[&str]| service.call("GET", path, headers, "").status;
    assert_eq!(status("/", &[]), 200);
    assert_eq!(status("/hello", &[]), 401);
    assert_eq!(status("/hello", &["authorization: Bearer x"]), 401);
    assert_eq!(status("/nowhere", &[]), 404);
    let passes = || {
        assert_eq!(status("/hello", &[&ann]), 200);
        assert_eq!(status("/reports", &[&ann]), 403);
        assert_eq!(status("/reports", &[&root]), 200);
    };
    passes();
    issuer.signal("KILL");
    passes();
}

#[test]
fn a_resource_server_with_invalid_settings_does_not_start() {
    for (variable, value) in [
        ("HALLPASS_ISSUER", ""),
        ("HALLPASS_AUDIENCE", ""),
        (
            "HALLPASS_JWKS_URL",
            "http://id.example.org/.well-known/jwks.json",
        ),
        ("HALLPASS_JWKS_URL", "jwks"),
        ("HALLPASS_BIND", "localhost"),
    ] {
        let mut command = resource_server("127.0.0.1:1");
        let output = command
            .env(variable, value)
            .output()
            .expect("it can be run");
        assert!(!output.status.success(), "{variable}={value}");
        assert!(output.stdout.is_empty());
    }
}

fn resource_server(issuer: &str) -> Command {
    let mut command = Command::new(program("resource_server"));
    command
        .env_clear()
        .env("HALLPASS_BIND", "127.0.0.1:0")
        .env("HALLPASS_ISSUER", ISSUER)
        .env(
            "HALLPASS_JWKS_URL",
            format!("http://{issuer}/.well-known/jwks.json"),
        )
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}
