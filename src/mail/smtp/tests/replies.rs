//! Malformed server replies.

use super::{
    certificates::Authority,
    server::{Behaviour, Encryption, FakeServer, acceptor},
    *,
};

/// "Welcome to the mail server" in GBK, and the first byte of a UTF-8 character.
const GBK: &[u8] =
    b" \xbb\xb6\xd3\xad\xca\xb9\xd3\xc3\xd3\xca\xbc\xfe\xb7\xfe\xce\xf1\xc6\xf7 \xc3";

#[tokio::test]
async fn replies_that_are_not_utf8_are_read_by_their_digits() {
    let authority = Authority::new();
    let acceptor = acceptor(&authority.sign("localhost"));
    for tls in [
        Encryption::None,
        Encryption::StartTls(acceptor.clone(), ""),
        Encryption::Wrapped(acceptor.clone()),
    ] {
        let is_plain = matches!(tls, Encryption::None);
        let server = FakeServer::start(Behaviour {
            extensions: &["AUTH PLAIN LOGIN", "SIZE"],
            suffix: GBK,
            tls,
            ..Behaviour::default()
        })
        .await;
        let mut mailer = mailer(&server.url_of("ann:hunter2@localhost"));
        if !is_plain {
            let pem = authority.pem().as_bytes();
            mailer = mailer.with_root_certificate(pem).unwrap();
        }
        for _ in 0..2 {
            let mail = mail("ann@example.org", "Hello");
            mailer.send(&mail).await.unwrap();
        }
        assert_eq!((server.count("AUTH"), server.count("DATA")), (1, 2));
    }
}

#[tokio::test]
async fn a_refusal_that_is_not_utf8_is_read_by_its_digits() {
    for (prefix, reply, permanent) in [
        ("RCPT", "550 5.1.1", true),
        ("RCPT", "450 4.2.1", false),
        ("DATA", "554-no\r\n554", true),
    ] {
        let server = FakeServer::start(Behaviour {
            reply: Some((prefix, reply)),
            suffix: GBK,
            ..Behaviour::default()
        })
        .await;
        let mail = mail("ann@example.org", "Hello");
        let error = mailer(&server.url()).send(&mail).await.unwrap_err();
        assert_eq!(error.is_permanent(), permanent, "{prefix} {error:?}");
        let code = reply.rsplit("\r\n").next().unwrap();
        let reason = std::error::Error::source(&error).unwrap().to_string();
        assert!(reason.contains(&code[..3]), "{reason}");
    }
}

#[tokio::test]
async fn a_reply_with_no_text_or_a_long_text_accepts_the_mail() {
    let long = format!("250-{}\r\n250 taken", "x".repeat(5000));
    for reply in ["250", "250-\r\n250 ", &long] {
        let server = FakeServer::start(Behaviour {
            reply: Some((".", String::from(reply).leak())),
            ..Behaviour::default()
        })
        .await;
        let mailer = mailer(&server.url());
        for _ in 0..2 {
            let mail = mail("ann@example.org", "Hello");
            mailer.send(&mail).await.unwrap();
        }
        assert_eq!((server.count("EHLO"), server.count("DATA")), (1, 2));
    }
}
