pub(super) mod certificates;
mod headers;
mod replies;
mod server;
mod tls;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use tokio::net::TcpListener;

use self::server::{Behaviour, FakeServer};
use super::*;
use crate::{
    clock::{Clock as _, ManualClock},
    error::ErrorKind,
    mail::{Content, IntentId},
};

fn mail(to: &str, subject: &str) -> Mail {
    let now = ManualClock::new().now();
    let content = Content {
        subject: subject.to_owned(),
        text: format!(
            "Open this:\n\nhttp://localhost:8000/reset-password?token=hp_ot_{}\n.\n",
            "x".repeat(43)
        ),
        html: "<p>zo\u{eb}</p>\n".to_owned(),
    };
    Mail::new(IntentId::new(now), now, to.parse().unwrap(), content)
}

fn mailer(url: &str) -> SmtpMailer {
    SmtpMailer::from_url(url, "Hallpass <no-reply@localhost>".parse().unwrap()).unwrap()
}

#[tokio::test]
async fn a_mail_arrives_with_its_headers_and_both_parts() {
    let server = FakeServer::start(Behaviour::default()).await;
    let mail = mail("Ann@B\u{fc}cher.example", "Gr\u{fc}\u{df}e, Ann");
    mailer(&server.url()).send(&mail).await.unwrap();
    let lines = server.lines();
    let has = |line: &str| assert!(lines.iter().any(|l| l.text == line), "{line}");
    has("EHLO localhost");
    has("MAIL FROM:<no-reply@localhost>");
    has("RCPT TO:<Ann@xn--bcher-kva.example>");
    has("From: Hallpass <no-reply@localhost>");
    has("To: Ann@xn--bcher-kva.example");
    has("Subject: =?utf-8?b?R3LDvMOfZSw=?= Ann");
    has("Auto-Submitted: auto-generated");
    has("MIME-Version: 1.0");
    has(&format!("Message-ID: <{}@localhost>", mail.id()));
    has(&format!(
        "Date: {}",
        mail.date().format("%a, %d %b %Y %H:%M:%S +0000")
    ));
    has("Content-Type: text/plain; charset=utf-8");
    has("Content-Type: text/html; charset=utf-8");
    has(&format!(
        "http://localhost:8000/reset-password?token=hp_ot_{}",
        "x".repeat(43)
    ));
    // A line with a single dot would end the email, so the dot is doubled (RFC 5321 section 4.5.2).
    has("..");
    has("Content-Transfer-Encoding: base64");
    // base64 of `<p>zoë</p>\r\n`
    has("PHA+em/DqzwvcD4NCg==");
    assert!(
        lines
            .iter()
            .any(|l| l.text.starts_with("Content-Type: multipart/alternative;"))
    );
}

#[tokio::test]
async fn a_link_beside_non_ascii_letters_stays_whole() {
    let server = FakeServer::start(Behaviour::default()).await;
    let link = format!(
        "https://example.org/konto/passwort-zur\u{fc}cksetzen?token=hp_ot_{}",
        "x".repeat(43)
    );
    let content = Content {
        subject: "Neues Passwort".to_owned(),
        text: format!("Hier ist der Link f\u{fc}r ein neues Passwort:\n{link}\n"),
        html: format!(
            "<p>\u{c4}ndern:</p>\n<a href=\"{link}\">{}</a>\n",
            "x".repeat(1000)
        ),
    };
    let parts = [content.text.clone(), content.html.clone()];
    let now = ManualClock::new().now();
    let to = "ann@example.org".parse().unwrap();
    let mail = Mail::new(IntentId::new(now), now, to, content);
    mailer(&server.url()).send(&mail).await.unwrap();
    let lines: Vec<String> = server.lines().into_iter().map(|line| line.text).collect();
    assert!(
        lines.iter().all(|line| line.is_ascii() && line.len() <= 78),
        "{lines:#?}"
    );
    let encoding = "Content-Transfer-Encoding: ";
    let encodings: Vec<_> = lines
        .iter()
        .filter_map(|line| line.strip_prefix(encoding))
        .collect();
    assert_eq!(encodings, ["base64", "base64"]);
    let mut read = Vec::new();
    for part in lines.split(|line| line.starts_with(encoding)).skip(1) {
        let mut body = part.iter().skip_while(|line| !line.is_empty()).skip(1);
        let encoded: String = body
            .by_ref()
            .take_while(|line| !line.is_empty() && !line.starts_with("--"))
            .map(String::as_str)
            .collect();
        read.push(String::from_utf8(STANDARD.decode(encoded).unwrap()).unwrap());
    }
    assert_eq!(read, parts.map(|part| part.replace('\n', "\r\n")));
}

#[tokio::test]
async fn a_utf8_local_part_needs_smtputf8() {
    let mail = mail("zo\u{eb}@example.org", "Hello");
    let with = FakeServer::start(Behaviour {
        extensions: &["SMTPUTF8"],
        ..Behaviour::default()
    })
    .await;
    mailer(&with.url()).send(&mail).await.unwrap();
    assert_eq!(with.count("RCPT TO:<zo\u{eb}@example.org>"), 1);
    assert_eq!(with.count("To: zo\u{eb}@example.org"), 1);
    assert!(
        with.lines()
            .iter()
            .any(|l| l.text.starts_with("MAIL FROM") && l.text.contains("SMTPUTF8"))
    );

    let without = FakeServer::start(Behaviour::default()).await;
    let error = mailer(&without.url()).send(&mail).await.unwrap_err();
    assert!(error.is_permanent());
    assert_eq!(without.count("MAIL FROM"), 0);
}

#[tokio::test]
async fn the_next_mail_uses_the_same_connection() {
    let server = FakeServer::start(Behaviour::default()).await;
    let mailer = mailer(&server.url());
    for number in 0..3 {
        mailer
            .send(&mail("ann@example.org", &number.to_string()))
            .await
            .unwrap();
    }
    assert_eq!((server.count("EHLO"), server.count("DATA")), (1, 3));
}

#[tokio::test]
async fn a_connection_without_a_reply_is_not_reused() {
    let server = FakeServer::start(Behaviour {
        reply: Some((".", "")),
        ..Behaviour::default()
    })
    .await;
    let mailer = mailer(&server.url());
    for number in 1..=2 {
        let first = mail("ann@example.org", "Hello");
        tokio::select! {
            sent = mailer.send(&first) => panic!("no reply: {sent:?}"),
            () = server.saw_mails(number) => {}
        }
    }
    assert_eq!((server.count("EHLO"), server.count("NOOP")), (2, 0));
}

#[tokio::test]
async fn only_refusals_of_the_mail_are_permanent() {
    for (prefix, reply, permanent) in [
        ("RCPT", "550 5.1.1 no such user", true),
        ("RCPT", "450 4.2.1 try later", false),
        ("DATA", "554 no", true),
        ("EHLO", "554 go away", false),
        ("AUTH", "535 wrong password", false),
    ] {
        let server = FakeServer::start(Behaviour {
            extensions: &["AUTH PLAIN"],
            reply: Some((prefix, reply)),
            ..Behaviour::default()
        })
        .await;
        let url = server.url_of("user:hunter2@127.0.0.1");
        let error = mailer(&url)
            .send(&mail("ann@example.org", "Hello"))
            .await
            .unwrap_err();
        assert_eq!(error.is_permanent(), permanent, "{prefix} {error:?}");
        assert!(!format!("{error:?}").contains("hunter2"));
    }
    let free = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let error = mailer(&format!("smtp://{free}"))
        .send(&mail("ann@example.org", "Hello"))
        .await;
    assert!(!error.unwrap_err().is_permanent());
}

#[tokio::test]
async fn user_and_password_are_sent() {
    let server = FakeServer::start(Behaviour {
        extensions: &["AUTH PLAIN LOGIN"],
        ..Behaviour::default()
    })
    .await;
    let url = server.url_of("user:p%40ss@127.0.0.1");
    mailer(&url)
        .send(&mail("ann@example.org", "Hello"))
        .await
        .unwrap();
    // base64 of `\0user\0p@ss` (RFC 4616)
    assert_eq!(server.count("AUTH PLAIN AHVzZXIAcEBzcw=="), 1);
    assert!(!format!("{:?}", mailer(&url)).contains("p@ss"));
}

#[tokio::test]
async fn odd_subjects_and_senders_stay_one_header() {
    let server = FakeServer::start(Behaviour::default()).await;
    let long = "\u{1f40e} ".repeat(200);
    for (number, subject) in [
        "",
        " ",
        "a\r\nBcc: x@y.org",
        "=?utf-8?b?AAAA?=",
        &long,
        &"x".repeat(2000),
    ]
    .into_iter()
    .enumerate()
    {
        for sender in [
            "\"9, \\\"Acme\\\"\" <id@localhost>",
            "Zo\u{eb} B. 9 <id@localhost>",
            "<id@localhost>",
        ] {
            let mailer = SmtpMailer::from_url(&server.url(), sender.parse().unwrap()).unwrap();
            mailer
                .send(&mail("o'brien+x@example.org", subject))
                .await
                .unwrap();
        }
        assert_eq!(server.count("Subject:"), 3 * (number + 1));
    }
    assert_eq!(server.count("Bcc"), 0);
    assert_eq!(server.count("From: "), 18);
    assert!(server.lines().iter().all(|line| line.text.len() <= 998));
}

#[test]
fn a_bad_url_is_a_configuration_error() {
    let sender: Sender = "no-reply@localhost".parse().unwrap();
    let error = SmtpMailer::from_url("localhost:25", sender).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
}
