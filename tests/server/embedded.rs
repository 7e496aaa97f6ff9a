//! The examples that embed hallpass.

use serde_json::json;

use crate::{
    client::{call, post},
    process::{PASSWORD, Server, command, folder, free_address},
};

const ANN: &str = "ann@example.org";

#[test]
fn a_link_mailed_by_an_embedding_host_leads_to_a_page() {
    for program in ["embed_actix", "embed_axum"] {
        let (folder, address) = (folder(), free_address());
        let server = Server::start(command(program, folder.path()).env("ADDRESS", &address));
        let ask = |path: &str, body| post(&address, path, &body).expect("an answer").status;
        let ann = json!({ "email": ANN, "password": PASSWORD });
        assert_eq!(ask("/api/users", ann), 201, "{program}");
        assert_eq!(
            ask("/api/auth/forgot-password", json!({ "email": ANN })),
            202
        );
        for page in ["verify-email", "reset-password"] {
            let line = server.stdout.wait_for(&format!("/{page}?token="));
            let line = line.expect("a mail with a link");
            let path = line.trim().strip_prefix(&format!("http://{address}"));
            let path = path.unwrap_or_else(|| panic!("{line} leads to another page"));
            let reply = call(&address, "GET", path, &[], "").expect("an answer");
            let media_type = reply.header("content-type");
            assert_eq!(reply.status, 200, "{program}: {path}");
            assert_eq!(media_type, Some("text/html; charset=utf-8"), "{path}");
        }
    }
}

#[test]
fn note_of_an_embedding_host_is_bounded_and_kept_out_of_caches() {
    for program in ["embed_actix", "embed_axum"] {
        let (folder, address) = (folder(), free_address());
        let _server = Server::start(command(program, folder.path()).env("ADDRESS", &address));
        let ann = json!({ "email": ANN, "password": PASSWORD });
        let registered = post(&address, "/api/users", &ann).expect("an answer");
        assert_eq!(registered.status, 201, "{program}");
        let origin = format!("origin: http://{address}");
        let own = [origin.as_str(), "content-type: application/json"];
        let ask = |method: &str, path: &str, headers: &[&str], body: &str| {
            call(&address, method, path, headers, body).expect("an answer")
        };
        let session = ask("POST", "/api/auth/session", &own, &ann.to_string());
        let cookie = session.header("set-cookie").expect("a cookie");
        let cookie = format!("cookie: {}", cookie.split(';').next().expect("a pair"));
        let headers = [own[0], own[1], &cookie];
        for (length, status) in [(1000, 201), (1001, 422)] {
            let note = json!({ "text": "x".repeat(length) }).to_string();
            let reply = ask("POST", "/notes", &headers, &note);
            assert_eq!(reply.status, status, "{program}");
        }
        let notes = ask("GET", "/notes", &headers, "");
        assert_eq!(notes.json().as_array().map(Vec::len), Some(1), "{program}");
        assert_eq!(notes.header("cache-control"), Some("no-store"), "{program}");
    }
}
