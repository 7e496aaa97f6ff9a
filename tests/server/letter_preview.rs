//! The letters at `/dev/mail`, for developers only.

use std::path::Path;

use crate::{
    client::Reply,
    process::{SERVERS, Server, folder},
};

const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

#[track_caller]
fn text(reply: &Reply, content_type: &str) -> String {
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("content-type"), Some(content_type));
    assert_eq!(reply.header("content-security-policy"), Some(POLICY));
    assert_eq!(reply.header("referrer-policy"), Some("no-referrer"));
    assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
    String::from_utf8(reply.body.clone()).expect("UTF-8")
}

#[test]
fn a_developer_sees_every_letter_in_every_language() {
    for name in SERVERS {
        let folder = folder();
        let settings = [("HALLPASS_PRODUCT_NAME", "Acme Notes")];
        let server = Server::of(name, folder.path(), &settings);
        let index = text(&server.get("/dev/mail"), "text/html; charset=utf-8");
        let links: Vec<&str> = index
            .split("href=\"")
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
            .collect();
        assert!(links.len() > 170, "{} links", links.len());
        for link in links {
            let reply = server.get(&format!("/dev/{link}"));
            let is_text = link.ends_with("/text");
            let kind = if is_text { "plain" } else { "html" };
            let shown = text(&reply, &format!("text/{kind}; charset=utf-8"));
            assert!(shown.contains("Acme Notes"), "{link}: {shown}");
            assert_eq!(shown.starts_with("Subject: "), is_text, "{link}");
        }
        for path in ["unknown/en", "password_changed/it", "password_changed"] {
            assert_eq!(server.get(&format!("/dev/mail/{path}")).status, 404);
        }
        let document = server.get("/openapi.json").json();
        assert!(document["paths"]["/dev/mail"].is_null());
    }
}

#[test]
fn a_server_that_others_can_reach_or_that_sends_mail_has_no_preview() {
    for name in SERVERS {
        for setting in [
            ("HALLPASS_BIND", "0.0.0.0:0"),
            ("HALLPASS_SMTP_URL", "smtp://127.0.0.1:9"),
        ] {
            let folder = folder();
            assert_is_absent(name, folder.path(), setting);
        }
    }
}

#[track_caller]
fn assert_is_absent(name: &str, folder: &Path, setting: (&str, &str)) {
    let mut server = Server::of(name, folder, &[setting]);
    server.address = server.address.replace("0.0.0.0", "127.0.0.1");
    assert_eq!(server.get("/health/live").status, 200);
    for path in ["/dev/mail", "/dev/mail/password_changed/en"] {
        assert_eq!(server.get(path).status, 404, "{name}: {setting:?}");
    }
}
