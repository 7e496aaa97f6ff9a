//! A mail that was requested is sent, even if the server is killed.

use std::{fs, net::TcpListener, path::Path, thread, time::Duration};

use serde_json::json;

use crate::{
    certificates::Authority,
    patience::{PATIENCE, block_until},
    port::free_port,
    process::{PASSWORD, SERVERS, Server, folder},
    smtp,
};

const NEW_PASSWORD: &str = "another good password";

#[test]
fn mails_are_printed_and_their_links_work() {
    for name in SERVERS {
        let folder = folder();
        let server = Server::of(name, folder.path(), &[]);
        order(&server);
        let line = server.stdout.wait_for("/reset-password?token=").unwrap();
        assert!(
            line.contains("http://localhost:8000/reset-password?token="),
            "{line}"
        );
        reset(&server, &smtp::token(&line));
        // The link is printed only on the terminal.
        assert!(!server.whole_log().contains("token="));
    }
}

#[test]
fn mails_are_sent_by_smtp() {
    for name in SERVERS {
        let folder = folder();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = with_smtp(name, folder.path(), listener.local_addr().unwrap().port());
        let mails = smtp::serve(listener);
        order(&server);
        let mail = mails.recv_timeout(PATIENCE).expect("a mail");
        assert!(mail.contains("To: ann@example.org"), "{mail}");
        reset(&server, &smtp::token(&mail));
    }
}

#[test]
fn mails_are_sent_over_tls_to_a_server_of_a_private_authority() {
    let authority = Authority::new();
    for name in SERVERS {
        let folder = folder();
        fs::write(folder.path().join("ca.pem"), authority.pem()).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!(
            "smtps://localhost:{}",
            listener.local_addr().unwrap().port()
        );
        let settings = [
            ("HALLPASS_SMTP_URL", url.as_str()),
            ("HALLPASS_SMTP_ROOT_CERTIFICATE", "ca.pem"),
        ];
        let server = Server::of(name, folder.path(), &settings);
        let mails = smtp::serve_tls(listener, &authority.sign("localhost"));
        order(&server);
        let mail = mails.recv_timeout(PATIENCE).expect("a mail");
        reset(&server, &smtp::token(&mail));
    }
}

/// The test waits in real time for the lease of a killed delivery, and for a retry.
#[test]
fn a_mail_ordered_before_a_kill_is_sent_after_it() {
    thread::scope(|scope| {
        scope.spawn(|| killed_while(SERVERS[0], "the mail server hangs"));
        scope.spawn(|| killed_while(SERVERS[1], "the mail server is down"));
    });
}

fn killed_while(name: &str, trouble: &str) {
    let folder = folder();
    let port = free_port();
    let listener = listen_on(port);
    let server = with_smtp(name, folder.path(), port);
    let listener = if trouble.ends_with("hangs") {
        order(&server);
        // Holds the connections for both letters, without a reply.
        let mut silent = Vec::new();
        listener.set_nonblocking(true).unwrap();
        block_until("both mails are being sent", || {
            silent.extend(listener.accept().ok());
            silent.len() == 2
        });
        listener.set_nonblocking(false).unwrap();
        server.kill();
        listener
    } else {
        drop(listener);
        order(&server);
        assert!(
            server
                .stderr
                .wait_for("an email could not be sent")
                .is_some()
        );
        server.kill();
        listen_on(port)
    };
    let mails = smtp::serve(listener);
    let server = with_smtp(name, folder.path(), port);
    // The mail is sent after its lease of 30 seconds.
    let mail = mails.recv_timeout(3 * PATIENCE);
    let mail = mail.unwrap_or_else(|_| panic!("{trouble}: {}", server.stderr.text()));
    reset(&server, &smtp::token(&mail));
    let more = mails.recv_timeout(Duration::from_secs(2));
    assert!(more.is_err(), "{trouble}: sent twice");
}

/// Listens on a port that was free a moment ago. A process that another test starts holds a copy of every socket until
/// it runs its own program.
fn listen_on(port: u16) -> TcpListener {
    let mut listener = None;
    block_until("the port is free", || {
        listener = TcpListener::bind(("127.0.0.1", port)).ok();
        listener.is_some()
    });
    listener.expect("it listens")
}

fn with_smtp(name: &str, folder: &Path, port: u16) -> Server {
    let url = format!("smtp://127.0.0.1:{port}");
    Server::of(name, folder, &[("HALLPASS_SMTP_URL", &url)])
}

fn order(server: &Server) {
    assert_eq!(server.register("ann@example.org", PASSWORD).status, 201);
    let order = json!({ "email": "ann@example.org" });
    assert_eq!(server.post("/auth/forgot-password", &order).status, 202);
}

fn reset(server: &Server, token: &str) {
    let reset = json!({ "token": token, "new_password": NEW_PASSWORD });
    assert_eq!(server.post("/auth/reset-password", &reset).status, 204);
    assert_eq!(server.post("/auth/reset-password", &reset).status, 400);
    assert_eq!(server.login("ann@example.org", PASSWORD).status, 401);
    assert_eq!(server.login("ann@example.org", NEW_PASSWORD).status, 200);
}
