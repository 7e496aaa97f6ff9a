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
