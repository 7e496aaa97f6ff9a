use std::{error::Error as StdError, sync::Arc};

use tokio::{net::TcpListener, time::Instant};
use tokio_rustls::TlsAcceptor;

use super::{
    certificates::{Authority, Identity},
    server::{Behaviour, Encryption, FakeServer, acceptor},
    *,
};

const MODES: [fn(TlsAcceptor) -> Encryption; 2] = [Encryption::Wrapped, |acceptor| {
    Encryption::StartTls(acceptor, "")
}];

const LOGIN: &[&str] = &["AUTH PLAIN LOGIN"];

async fn start(tls: Encryption) -> FakeServer {
    let extensions = LOGIN;
    FakeServer::start(Behaviour {
        extensions,
        tls,
        ..Behaviour::default()
    })
    .await
}

/// A mailer with a user and a password, which all tests in this file use.
fn trusting(server: &FakeServer, host: &str, authority: &Authority) -> SmtpMailer {
    mailer(&server.url_of(&format!("ann:hunter2@{host}")))
        .with_root_certificate(authority.pem().as_bytes())
        .unwrap()
}

async fn refused(mailer: &SmtpMailer, server: &FakeServer) -> String {
    let error = mailer.send(&mail("bob@example.org", "Hello")).await;
    let error = error.unwrap_err();
    assert!(!error.is_permanent(), "{error:?}");
    for line in server.lines() {
        let text = line.text;
        let harmless = ["EHLO ", "STARTTLS", "QUIT"].iter();
        assert!(
            harmless.clone().any(|word| text.starts_with(word)),
            "{text}"
        );
    }
    let reason = error.source().unwrap().to_string();
    assert!(!format!("{error:?}").contains("hunter2"));
    reason
}

fn in_clear(server: &FakeServer) -> Vec<String> {
    let lines = server.lines().into_iter().filter(|line| !line.encrypted);
    lines.map(|line| line.text).collect()
}

#[tokio::test]
async fn mails_and_passwords_use_one_tls_connection() {
    let authority = Authority::new();
    for host in ["localhost", "127.0.0.1"] {
        for mode in MODES {
            let server = start(mode(acceptor(&authority.sign(host)))).await;
            let mailer = trusting(&server, host, &authority);
            for subject in ["One", "Two", "Three"] {
                mailer
                    .send(&mail("bob@example.org", subject))
                    .await
                    .unwrap();
            }
            let wrapped = server.url().starts_with("smtps");
            let clear: &[_] = if wrapped {
                &[]
            } else {
                &["EHLO localhost", "STARTTLS"]
            };
            assert_eq!(in_clear(&server), clear);
            assert_eq!(server.count("EHLO"), if wrapped { 1 } else { 2 });
            assert_eq!((server.count("AUTH PLAIN "), server.count("DATA")), (1, 3));
            assert_eq!(server.count("Subject: Three"), 1);
        }
    }
}

#[tokio::test]
async fn an_invalid_certificate_is_refused_before_any_data() {
    let (authority, impostor) = (Authority::new(), Authority::new());
    let other = Authority::named("Another authority of tests");
    let rows: [(&str, Identity, &str); 7] = [
        ("localhost", other.sign("localhost"), "UnknownIssuer"),
        ("localhost", impostor.sign("localhost"), "BadSignature"),
        (
            "localhost",
            authority.sign("example.org"),
            "NotValidForName",
        ),
        ("127.0.0.1", authority.sign("localhost"), "NotValidForName"),
        ("localhost", authority.sign("127.0.0.1"), "NotValidForName"),
        (
            "localhost",
            authority.sign_for_years("localhost", 1975, 2025),
            "Expired",
        ),
        (
            "localhost",
            authority.sign_for_years("localhost", 4095, 4096),
            "NotValidYet",
        ),
    ];
    for (host, identity, expected) in rows {
        for mode in MODES {
            let server = start(mode(acceptor(&identity))).await;
            let reason = refused(&trusting(&server, host, &authority), &server).await;
            assert!(reason.contains("invalid peer certificate"), "{reason}");
            assert!(
                spelled(&reason).contains(&spelled(expected)),
                "{expected}: {reason}"
            );
        }
    }
}

/// Replaces the library's texts for some errors with the error names.
fn spelled(reason: &str) -> String {
    let reason = reason.replace("certificate not valid for name", "NotValidForName");
    let reason = reason.replace("certificate expired", "Expired");
    reason.replace("certificate not valid yet", "NotValidYet")
}

#[tokio::test]
async fn a_private_authority_is_trusted_if_configured_and_then_alone() {
    let (authority, other) = (Authority::new(), Authority::new());
    for mode in MODES {
        let server = start(mode(acceptor(&authority.sign("localhost")))).await;
        let by_machine = mailer(&server.url_of("ann:hunter2@localhost"));
        let reason = refused(&by_machine, &server).await;
        assert!(reason.contains("UnknownIssuer"), "{reason}");
        let last = trusting(&server, "localhost", &authority)
            .with_root_certificate(other.pem().as_bytes())
            .unwrap();
        refused(&last, &server).await;
        let both = format!("{}{}", other.pem(), authority.pem());
        let both = by_machine.with_root_certificate(both.as_bytes()).unwrap();
        both.send(&mail("bob@example.org", "Hello")).await.unwrap();
    }
}

#[tokio::test]
async fn required_tls_is_never_downgraded() {
    let authority = Authority::new();
    let identity = authority.sign("localhost");
    for (reply, offered) in [
        (None, false),
        (Some(("STARTTLS", "454 not now")), true),
        (Some(("STARTTLS", "502 no")), true),
        // The server accepts STARTTLS, but continues without TLS.
        (
            Some(("STARTTLS", "220 go on\r\n250 fine\r\n250 fine")),
            true,
        ),
    ] {
        let tls = if offered {
            Encryption::StartTls(acceptor(&identity), "")
        } else {
            Encryption::None
        };
        let behaviour = Behaviour {
            extensions: LOGIN,
            reply,
            tls,
            ..Behaviour::default()
        };
        let server = FakeServer::start(behaviour).await;
        let url = server.url_of("ann:hunter2@localhost");
        let url = format!("{}?tls=required", url.trim_end_matches("?tls=required"));
        let mailer = mailer(&url).with_root_certificate(authority.pem().as_bytes());
        refused(&mailer.unwrap(), &server).await;
    }
}

#[tokio::test]
async fn replies_injected_before_the_handshake_are_ignored() {
    let authority = Authority::new();
    let acceptor = acceptor(&authority.sign("localhost"));
    for injected in [
        "250-fake\r\n250 AUTH PLAIN\r\n",
        "250 fake\r\n235 welcome\r\n250 fine\r\n250 fine\r\n354 go on\r\n250 taken\r\n",
        "250-fake",
        "\r\n",
        "2",
    ] {
        let server = start(Encryption::StartTls(acceptor.clone(), injected)).await;
        let reason = refused(&trusting(&server, "localhost", &authority), &server).await;
        // Bytes sent with the reply are detected immediately; later bytes reach the handshake.
        let seen = ["more than its reply", "corrupt message"];
        assert!(
            seen.iter().any(|seen| reason.contains(seen)),
            "{injected:?}: {reason}"
        );
        assert!(server.lines().iter().all(|line| !line.encrypted));
    }
}

#[tokio::test]
async fn an_offer_before_tls_is_ignored() {
    let authority = Authority::new();
    let behaviour = Behaviour {
        extensions_in_clear: &["AUTH PLAIN", "SMTPUTF8"],
        tls: Encryption::StartTls(acceptor(&authority.sign("localhost")), ""),
        ..Behaviour::default()
    };
    let server = FakeServer::start(behaviour.clone()).await;
    let reason = refused(&trusting(&server, "localhost", &authority), &server).await;
    assert!(reason.contains("authentication mechanism"), "{reason}");
    assert_eq!(server.count("EHLO"), 2);
}

#[tokio::test]
async fn authentication_is_plain_then_login_and_only_after_tls() {
    let authority = Authority::new();
    for (extensions, expected) in [
        // base64 of `\0ann\0hunter2` (RFC 4616)
        (
            &["AUTH LOGIN PLAIN"],
            ["AUTH PLAIN AGFubgBodW50ZXIy"].as_slice(),
        ),
        (&["AUTH LOGIN"], &["AUTH LOGIN", "YW5u", "aHVudGVyMg=="]),
    ] {
        for mode in MODES {
            let server = FakeServer::start(Behaviour {
                extensions,
                tls: mode(acceptor(&authority.sign("localhost"))),
                ..Behaviour::default()
            })
            .await;
            let mailer = trusting(&server, "localhost", &authority);
            mailer
                .send(&mail("bob@example.org", "Hello"))
                .await
                .unwrap();
            let lines = server.lines();
            let login = lines.iter().position(|line| line.text.starts_with("AUTH"));
            let login = &lines[login.unwrap()..][..expected.len()];
            for (line, expected) in login.iter().zip(expected) {
                assert_eq!((line.text.as_str(), line.encrypted), (*expected, true));
            }
        }
    }
}

#[tokio::test]
async fn a_dead_connection_is_replaced() {
    let authority = Authority::new();
    for mode in MODES {
        let server = FakeServer::start(Behaviour {
            extensions: LOGIN,
            reply: Some(("NOOP", "421 closing")),
            tls: mode(acceptor(&authority.sign("localhost"))),
            ..Behaviour::default()
        })
        .await;
        let mailer = trusting(&server, "localhost", &authority);
        for _ in 0..3 {
            mailer
                .send(&mail("bob@example.org", "Hello"))
                .await
                .unwrap();
        }
        assert_eq!((server.count("AUTH"), server.count("NOOP")), (3, 2));
    }
}

#[tokio::test]
async fn an_endless_handshake_is_given_up_after_ten_seconds() {
    for url in [
        "smtp://127.0.0.1",
        "smtp://127.0.0.1?tls=required",
        "smtps://127.0.0.1",
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let url = url.replace("127.0.0.1", &format!("127.0.0.1:{port}"));
        let sending = tokio::spawn(async move {
            let mailer = mailer(&url);
            mailer.send(&mail("bob@example.org", "Hello")).await
        });
        // The connection is accepted, but no reply is sent.
        let _connection = listener.accept().await.unwrap();
        ends_after(sending, CONNECT_TIMEOUT).await;
    }
}

#[tokio::test]
async fn a_missing_reply_is_given_up_after_ten_seconds() {
    let authority = Authority::new();
    for mode in MODES {
        for (prefix, timeout) in [
            ("AUTH", CONNECT_TIMEOUT),
            ("MAIL", SEND_TIMEOUT),
            ("RCPT", SEND_TIMEOUT),
            ("DATA", SEND_TIMEOUT),
            (".", SEND_TIMEOUT),
        ] {
            let server = FakeServer::start(Behaviour {
                extensions: LOGIN,
                reply: Some((prefix, "")),
                tls: mode(acceptor(&authority.sign("localhost"))),
                ..Behaviour::default()
            })
            .await;
            let mailer = Arc::new(trusting(&server, "localhost", &authority));
            let sending = tokio::spawn({
                let mailer = Arc::clone(&mailer);
                async move { mailer.send(&mail("bob@example.org", "Hello")).await }
            });
            server.saw(prefix).await;
            ends_after(sending, timeout).await;
            assert!(mailer.idle.lock().is_empty(), "{prefix}");
        }
    }
}

/// Checks that sending fails with a transient error after the timeout. While every task is idle, the runtime advances
/// the paused clock.
async fn ends_after(sending: tokio::task::JoinHandle<Result<(), MailError>>, timeout: Duration) {
    time::pause();
    let begun = Instant::now();
    let error = sending.await.unwrap().unwrap_err();
    assert!(!error.is_permanent());
    let elapsed: Option<&time::error::Elapsed> = error.source().and_then(|e| e.downcast_ref());
    assert!(elapsed.is_some(), "{error:?}");
    let waited = begun.elapsed();
    assert!(
        waited.abs_diff(timeout) < Duration::from_secs(5),
        "{waited:?}"
    );
    time::resume();
}

#[test]
fn a_root_certificate_without_tls_is_a_configuration_error() {
    let pem = Authority::new();
    let mailer = mailer("smtp://localhost").with_root_certificate(pem.pem().as_bytes());
    let error = mailer.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(format!("{error:?}").contains("not use TLS"), "{error:?}");
}
