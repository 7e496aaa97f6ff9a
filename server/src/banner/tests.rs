//! The banner for each configuration.

use super::*;

const FIRST_START: Banner<'static> = Banner {
    address: SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8000),
    has_sign_in: true,
    administrator: None,
    database_url: "sqlite://hallpass.db?mode=rwc",
    smtp_url: None,
    secret: SecretOrigin::NewFile,
};

fn shown(banner: &Banner<'_>) -> String {
    let text = banner.to_string();
    let (first, rest) = text.split_once('\n').unwrap();
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(
        first,
        format!("Hallpass {version} on http://127.0.0.1:8000")
    );
    rest.to_owned()
}

#[test]
fn first_start_shows_what_it_has_created() {
    assert_eq!(
        shown(&FIRST_START),
        "  sign in   /sign-in     docs   /docs         console  /console\n\
        \x20 database  hallpass.db  mails  printed here  secret   hallpass.secret (new)\n"
    );
}

#[test]
fn later_start_keeps_the_secret() {
    let secret = SecretOrigin::File;
    let text = shown(&Banner {
        secret,
        ..FIRST_START
    });
    assert!(text.ends_with("secret   hallpass.secret\n"), "{text}");
}

#[test]
fn server_for_applications_alone_has_no_page_to_sign_in() {
    let has_sign_in = false;
    let text = shown(&Banner {
        has_sign_in,
        ..FIRST_START
    });
    assert!(text.starts_with("  docs      /docs\n"), "{text}");
}

#[test]
fn server_in_production_shows_hosts() {
    let banner = Banner {
        database_url: "postgres://ann:hunter2@db.example.org:5433/users?sslmode=verify-full",
        smtp_url: Some("smtps://ann:hunter2@mail.example.org:465"),
        secret: SecretOrigin::Setting,
        administrator: Some("root@example.org"),
        ..FIRST_START
    };
    assert_eq!(
        shown(&banner),
        "  sign in   /sign-in                   docs   /docs                 console  /console (root@example.org)\n\
        \x20 database  db.example.org:5433/users  mails  mail.example.org:465  secret   HALLPASS_SECRET\n"
    );
}

#[test]
fn database_is_named_without_its_folder_or_its_password() {
    for (url, name) in [
        ("sqlite:users.db", "users.db"),
        ("sqlite:///var/lib/hallpass/users.db?mode=rwc", "users.db"),
        ("sqlite::memory:", "in memory"),
        ("sqlite://users?mode=memory&cache=shared", "in memory"),
        ("sqlite://a\u{1b}[31m.db", r"a\u{1b}[31m.db"),
        ("postgres://localhost", "localhost"),
        ("postgres:///users", "users"),
        (
            "postgresql://ann:hunter2@[::1]:5432/users",
            "[::1]:5432/users",
        ),
        ("postgres://ann:hun@ter2@db/users", "db/users"),
        (
            "postgres://ann@one:5432,two:5432/app?password=hunter2",
            "one:5432,two:5432/app",
        ),
        (
            "postgres:///?host=%2Frun%2Fpg&dbname=app&password=hunter2",
            "/run/pg/app",
        ),
        ("postgres://ann:12/hunter2@db/users", "Postgres"),
        ("postgres://ann:12?hunter2@db/users", "Postgres"),
        ("postgres://ann:12#hunter2@db/users", "Postgres"),
        ("postgres:", "Postgres"),
    ] {
        assert_eq!(database(url), name, "{url}");
    }
}

#[test]
fn mail_server_is_named_without_its_password() {
    for (url, name) in [
        ("smtp://localhost:1025", "localhost:1025"),
        (
            "smtps://ann%40example.org:hunter2@mail.example.org",
            "mail.example.org",
        ),
        (
            "smtp://ann:hun@ter2@mail.example.org?tls=required",
            "mail.example.org",
        ),
        ("smtp://ann:12/hunter2@mail.example.org", "SMTP"),
    ] {
        assert_eq!(mail_server(url), name, "{url}");
    }
}
