//! A wrong setting stops the server with one line that names the setting.

use std::{
    ffi::OsStr, fs, net::TcpListener, os::unix::ffi::OsStrExt as _, process::Command, sync::Mutex,
    thread,
};

use hallpass::seaorm::{ConnectSettings, SeaOrmStore};
use sea_orm::ConnectionTrait as _;

use crate::{
    certificates::Authority,
    process::{PASSWORD, SECRET, SERVERS, Server, command, folder, refused},
};

/// A secret that no message may repeat.
const HIDDEN: &str = "hunter2hunter2";

/// The variable that the line names, and the settings.
type Row = (&'static str, Vec<(&'static str, String)>);

fn rows() -> Vec<Row> {
    let mut rows: Vec<Row> = [
        ("HALLPASS_SECRET", HIDDEN),
        ("HALLPASS_SECRET", "aHVudGVyMmh1bnRlcjI="),
        (
            "HALLPASS_SECRET",
            "hunter2hunter2hunter2hunter2hunter2hunter2*=",
        ),
        ("HALLPASS_SECRET", ""),
        ("HALLPASS_ARGON2", "m=8,t=1,p=1"),
        ("HALLPASS_ARGON2", "fast"),
        ("HALLPASS_ARGON2", "m=99999999,t=1,p=1"),
        ("HALLPASS_ARGON2_FORMER", "m=19456,t=2,p=1;fast"),
        ("HALLPASS_DANGER_WEAK_HASH", "maybe"),
        ("HALLPASS_BIND", "nowhere"),
        ("HALLPASS_BIND", "127.0.0.1:65536"),
        // The address is from TEST-NET-1 of RFC 5737, so this machine does not have it.
        ("HALLPASS_BIND", "192.0.2.1:8000"),
        ("DATABASE_URL", "mysql://ann:hunter2hunter2@localhost/app"),
        ("DATABASE_URL", HIDDEN),
        (
            "DATABASE_URL",
            "postgres://ann:hunter2hunter2@localhost:port/app",
        ),
        (
            "DATABASE_URL",
            "postgres://ann:hunter2hunter2@127.0.0.1:1/app",
        ),
        ("DATABASE_URL", "sqlite:///nowhere/hunter2hunter2.db"),
        ("DATABASE_URL", "sqlite://users.db?mode=hunter2hunter2"),
        ("DATABASE_URL", "sqlite:"),
        ("DATABASE_URL", "sqlite://"),
        ("DATABASE_URL", "sqlite://?mode=rwc"),
        ("DATABASE_URL", "sqlite://users.db?mode=ro"),
        (
            "DATABASE_URL",
            "postgres://ann@127.0.0.1:1/app?sslpassword=hunter2hunter2",
        ),
        ("HALLPASS_DB_POOL", "0"),
        ("HALLPASS_DB_POOL", "many"),
        ("HALLPASS_DB_STATEMENT_CACHE", "-1"),
        ("HALLPASS_DB_STATEMENT_CACHE", "0"),
        ("HALLPASS_PUBLIC_URL", "example.org"),
        ("HALLPASS_PUBLIC_URL", "ftp://example.org"),
        ("HALLPASS_PUBLIC_URL", "https://example.org/?a=b"),
        ("HALLPASS_AUDIENCE", ""),
        ("HALLPASS_REGISTRATION", "maybe"),
        ("HALLPASS_REQUEST_TIMEOUT", "0"),
        ("HALLPASS_WRITE_TIMEOUT", "0"),
        ("HALLPASS_MAX_CONNECTIONS", "0"),
        ("HALLPASS_MAX_CONNECTIONS", "many"),
        ("HALLPASS_ACCESS_TTL", "0"),
        ("HALLPASS_ACCESS_TTL", "3601"),
        ("HALLPASS_ACCESS_TTL", "10m"),
        ("HALLPASS_SESSION_IDLE", "0"),
        ("HALLPASS_SESSION_IDLE", "99999999999"),
        ("HALLPASS_SESSION_MAX", "-1"),
        ("HALLPASS_SESSIONS_PER_USER", "0"),
        ("HALLPASS_REFRESH_GRACE", "301"),
        ("HALLPASS_RESET_TTL", "99999999999999999999"),
        ("HALLPASS_EVENT_RETENTION", "0"),
        ("HALLPASS_REQUIRE_VERIFIED_EMAIL", "maybe"),
        ("HALLPASS_VERIFY_TTL", "0"),
        ("HALLPASS_PASSWORD_MIN", "3"),
        ("HALLPASS_PASSWORD_MIN", "257"),
        ("HALLPASS_PASSWORD_MIN", "long"),
        ("HALLPASS_PASSWORD_STRENGTH", "5"),
        ("HALLPASS_PASSWORD_STRENGTH", "strong"),
        ("HALLPASS_PASSWORD_BREACH_CHECK", "yes"),
        ("HALLPASS_PASSWORD_BREACH_CHECK", "http://pwned.example.org"),
        (
            "HALLPASS_PASSWORD_BREACH_CHECK",
            "https://ann:hunter2hunter2@pwned.example.org",
        ),
        ("HALLPASS_SMTP_URL", "http://ann:hunter2hunter2@example.org"),
        ("HALLPASS_SMTP_URL", "smtp://ann:hunter2hunter2@"),
        ("HALLPASS_SMTP_ROOT_CERTIFICATE", ""),
        ("HALLPASS_MAIL_FROM", "nobody"),
        (
            "HALLPASS_MAIL_FROM",
            "A <a@example.org>\r\nBcc: b@example.org",
        ),
        ("HALLPASS_PRODUCT_NAME", ""),
        ("HALLPASS_LOGO", "hunter2hunter2.bmp"),
        ("HALLPASS_LOGO", "/nowhere/hunter2hunter2.png"),
        ("HALLPASS_ACCENT", "#0b6e4f"),
        ("HALLPASS_ACCENT", "green,#7fd8b4"),
        ("HALLPASS_ACCENT", "#9ad,#7fd8b4"),
        ("HALLPASS_HOME_URL", "acme.example"),
        ("HALLPASS_HELP_URL", "javascript:alert(1)"),
        ("HALLPASS_PRIVACY_URL", ""),
        ("HALLPASS_CSS", "/nowhere/hunter2hunter2.css"),
        ("HALLPASS_CORS_ORIGINS", "https://app.example.org/path"),
        ("HALLPASS_CORS_ORIGINS", "https://app.example.org,*"),
        ("HALLPASS_CORS_ORIGINS", "https://*.example.org"),
        ("HALLPASS_CORS_ORIGINS", "https://App.example.org"),
        ("HALLPASS_CORS_ORIGINS", "https://app.example.org:443"),
        ("HALLPASS_PUBLIC_URL", "https://user:password@example.org"),
        ("HALLPASS_TRUSTED_PROXIES", "proxy.example.org"),
        ("HALLPASS_TRUSTED_PROXIES", "10.0.0.0/8,"),
        ("HALLPASS_TRUSTED_PROXIES", "10.0.0.0/8,10.0.0.1/33"),
        ("HALLPASS_TRUSTED_PROXIES", "10.0.0.1/8"),
        ("HALLPASS_TRUSTED_PROXIES", "0.0.0.0/0"),
        ("HALLPASS_LOG", ""),
        ("HALLPASS_LOG", HIDDEN),
        ("HALLPASS_HASH_PERMITS", "0"),
        ("HALLPASS_HASH_QUEUE", "-1"),
        ("HALLPASS_HASH_QUEUE", "0"),
        ("HALLPASS_HASH_QUEUE", "65537"),
        ("HALLPASS_HASH_QUEUE", "18446744073709551615"),
        ("HALLPASS_KEEP_ALIVE", "0"),
        ("HALLPASS_KEEP_ALIVE", "3601"),
        ("HALLPASS_TOKEN_ALGORITHM", ""),
        ("HALLPASS_TOKEN_ALGORITHM", "HS256"),
        ("HALLPASS_TOKEN_ALGORITHM", "es256"),
        ("HALLPASS_SECOND_FACTOR", ""),
        ("HALLPASS_SECOND_FACTOR", "users"),
        ("HALLPASS_ADMIN_PASSWORD", ""),
        ("HALLPASS_ADMIN_EMAIL", ""),
        ("HALLPASS_OAUTH_REDIRECTS", ""),
        ("HALLPASS_OAUTH_REDIRECTS", "/signed-in"),
        ("HALLPASS_OAUTH_REDIRECTS", "javascript:alert(1)"),
        (
            "HALLPASS_OAUTH_REDIRECTS",
            "https://app.example.org/,app.example.org",
        ),
        (
            "HALLPASS_OAUTH_REDIRECTS",
            "https://app.example.org/#signed-in",
        ),
        ("HALLPASS_OAUTH_CLIENT_ID", "notes"),
        ("HALLPASS_OAUTH_A.B_CLIENT_ID", "notes"),
        ("HALLPASS_OAUTH_ACME_CLIENT_SECRETS", HIDDEN),
    ]
    .map(|(name, value)| (name, vec![(name, value.to_owned())]))
    .into();
    rows.push((
        "HALLPASS_SECRET",
        vec![("HALLPASS_SECRET", format!("{SECRET},{SECRET}"))],
    ));
    let administrator = |email: &str, password: &str| {
        let email = ("HALLPASS_ADMIN_EMAIL", email.to_owned());
        vec![email, ("HALLPASS_ADMIN_PASSWORD", password.to_owned())]
    };
    rows.push(("HALLPASS_ADMIN_EMAIL", administrator("root", HIDDEN)));
    rows.push((
        "HALLPASS_ADMIN_PASSWORD",
        administrator("root@example.org", ""),
    ));
    // If one of the two settings is missing, the line names it.
    for (missing, (name, value)) in [
        ("HALLPASS_ADMIN_EMAIL", ("HALLPASS_ADMIN_PASSWORD", HIDDEN)),
        (
            "HALLPASS_ADMIN_PASSWORD",
            ("HALLPASS_ADMIN_EMAIL", "root@example.org"),
        ),
    ] {
        rows.push((missing, vec![(name, value.to_owned())]));
    }
    rows.push((
        "HALLPASS_ADMIN_PASSWORD",
        administrator("root@example.org", "short"),
    ));
    rows.extend(PROVIDERS.map(|(name, settings)| {
        let settings = settings
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()));
        (name, settings.collect())
    }));
    rows
}

/// The variable that the line names, and the settings of providers.
const PROVIDERS: [(&str, &[(&str, &str)]); 14] = [
    (
        "HALLPASS_OAUTH_TOKEN_CLIENT_ID",
        &[
            ("HALLPASS_OAUTH_TOKEN_CLIENT_ID", "notes"),
            ("HALLPASS_OAUTH_TOKEN_ISSUER", "https://id.example.org"),
        ],
    ),
    (
        "HALLPASS_OAUTH_GOOGLE_CLIENT_ID",
        &[("HALLPASS_OAUTH_GOOGLE_CLIENT_SECRET", HIDDEN)],
    ),
    (
        "HALLPASS_OAUTH_GOOGLE_CLIENT_ID",
        &[("HALLPASS_OAUTH_GOOGLE_CLIENT_ID", "")],
    ),
    (
        "HALLPASS_OAUTH_ACME_ISSUER",
        &[("HALLPASS_OAUTH_ACME_CLIENT_ID", "notes")],
    ),
    ("HALLPASS_OAUTH_ACME_ISSUER", &issued_by("")),
    ("HALLPASS_OAUTH_ACME_ISSUER", &issued_by("id.example.org")),
    (
        "HALLPASS_OAUTH_ACME_ISSUER",
        &issued_by("http://id.example.org"),
    ),
    (
        "HALLPASS_OAUTH_ACME_ISSUER",
        &issued_by("https://ann:hunter2hunter2@id.example.org"),
    ),
    (
        "HALLPASS_OAUTH_Google_CLIENT_ID",
        &[
            ("HALLPASS_OAUTH_GOOGLE_CLIENT_ID", "notes"),
            ("HALLPASS_OAUTH_Google_CLIENT_ID", "notes"),
        ],
    ),
    (
        "HALLPASS_OAUTH_GITHUB_ISSUER",
        &[
            ("HALLPASS_OAUTH_GITHUB_CLIENT_ID", "notes"),
            ("HALLPASS_OAUTH_GITHUB_ISSUER", "http://git.example.org"),
        ],
    ),
    (
        "HALLPASS_OAUTH_GOOGLE_CLIENT_SECRET",
        &with_google("HALLPASS_OAUTH_GOOGLE_CLIENT_SECRET", ""),
    ),
    (
        "HALLPASS_OAUTH_GOOGLE_SCOPES",
        &with_google("HALLPASS_OAUTH_GOOGLE_SCOPES", "email profile"),
    ),
    (
        "HALLPASS_OAUTH_GOOGLE_TRUST_EMAIL_DOMAINS",
        &with_google(
            "HALLPASS_OAUTH_GOOGLE_TRUST_EMAIL_DOMAINS",
            "example.org,@example.com",
        ),
    ),
    (
        "HALLPASS_OAUTH_GOOGLE_PRIVATE_ADDRESSES",
        &with_google("HALLPASS_OAUTH_GOOGLE_PRIVATE_ADDRESSES", "yes"),
    ),
];

const fn issued_by(issuer: &str) -> [(&str, &str); 2] {
    [
        ("HALLPASS_OAUTH_ACME_CLIENT_ID", "notes"),
        ("HALLPASS_OAUTH_ACME_ISSUER", issuer),
    ]
}

const fn with_google<'a>(name: &'a str, value: &'a str) -> [(&'a str, &'a str); 2] {
    [("HALLPASS_OAUTH_GOOGLE_CLIENT_ID", "notes"), (name, value)]
}

/// Expects the command to fail with one line that names the setting and shows no secret.
fn check(name: &str, command: &mut Command) {
    let (status, stderr) = refused(command);
    let context = format!("{command:?}: {status}: {stderr}");
    assert!(!status.success(), "{context}");
    assert_eq!(stderr.lines().count(), 1, "{context}");
    assert!(stderr.starts_with(&format!("error: {name}")), "{context}");
    // The message must name the variable, not an argument of the parser.
    assert!(!stderr.contains("for an argument"), "{context}");
    for hidden in [HIDDEN, SECRET, "aHVudGVyMmh1bnRlcjI="] {
        assert!(!stderr.contains(hidden), "{context}");
    }
}

#[test]
fn a_wrong_setting_stops_the_server_with_one_line() {
    let rows = SERVERS
        .iter()
        .flat_map(|server| rows().into_iter().map(move |row| (server, row)));
    let rows = Mutex::new(rows.collect::<Vec<_>>());
    let next = || rows.lock().unwrap().pop();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some((server, (name, settings))) = next() {
                    let folder = folder();
                    let mut command = command(server, folder.path());
                    check(name, command.env("HALLPASS_SECRET", SECRET).envs(settings));
                }
            });
        }
    });
}

#[test]
fn a_wrong_flag_is_reported_by_its_environment_name() {
    let rows: [(&str, &[&str]); 8] = [
        ("HALLPASS_BIND", &["--bind", "nowhere"]),
        ("HALLPASS_BIND", &["--bind"]),
        ("HALLPASS_SECRET", &["--secret", HIDDEN]),
        ("HALLPASS_SECRET", &["--secret=hunter2hunter2"]),
        ("HALLPASS_ADMIN_EMAIL", &["--admin-password", HIDDEN]),
        ("HALLPASS_ACCESS_TTL", &["--access-ttl", "0"]),
        ("--secrets", &["--secrets=hunter2hunter2"]),
        ("an argument", &[HIDDEN]),
    ];
    for server in SERVERS {
        let folder = folder();
        for (name, flags) in rows {
            check(name, command(server, folder.path()).args(flags));
        }
    }
}

#[test]
fn a_root_certificate_that_cannot_be_used_is_named() {
    let (root, key) = (Authority::new(), Authority::new().sign("localhost").key);
    for server in SERVERS {
        let folder = folder();
        for (name, text) in [("root", root.pem()), ("key", &key), ("text", HIDDEN)] {
            fs::write(folder.path().join(name), text).unwrap();
        }
        for (url, path) in [
            (Some("smtps://localhost"), "nowhere"),
            (Some("smtps://localhost"), "."),
            (Some("smtps://localhost"), "key"),
            (Some("smtp://localhost?tls=required"), "text"),
            (Some("smtp://localhost"), "root"),
            (None, "root"),
        ] {
            let mut command = command(server, folder.path());
            command.env("HALLPASS_SMTP_ROOT_CERTIFICATE", path);
            if let Some(url) = url {
                command.env("HALLPASS_SMTP_URL", url);
            }
            check("HALLPASS_SMTP_ROOT_CERTIFICATE", &mut command);
        }
    }
}

#[test]
fn a_variable_that_is_not_utf8_is_named_too() {
    for server in SERVERS {
        let folder = folder();
        let wrong = OsStr::from_bytes(b"hall\xffpass");
        for name in ["HALLPASS_AUDIENCE", "HALLPASS_OAUTH_ACME_CLIENT_SECRET"] {
            check(name, command(server, folder.path()).env(name, wrong));
        }
    }
}

#[test]
fn an_address_in_use_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for server in SERVERS {
        let folder = folder();
        let mut command = command(server, folder.path());
        command
            .env("HALLPASS_SECRET", SECRET)
            .env("HALLPASS_BIND", &address);
        check("HALLPASS_BIND", &mut command);
    }
}

#[test]
fn database_that_refuses_connections_is_reported() {
    for server in SERVERS {
        let folder = folder();
        let url = "postgres://ann:hunter2hunter2@127.0.0.1:1/app";
        let mut command = command(server, folder.path());
        command
            .env("HALLPASS_SECRET", SECRET)
            .env("DATABASE_URL", url);
        let (status, stderr) = refused(&mut command);
        assert!(!status.success(), "{stderr}");
        let is_clear = stderr.contains("DATABASE_URL") && stderr.contains("refused");
        assert!(is_clear && !stderr.contains("timed out"), "{stderr}");
    }
}

/// The migrations succeed. Then the database fails with an error of a trigger, or because a table is missing.
#[tokio::test]
async fn database_failure_during_administrator_setup_is_reported() {
    for server in SERVERS {
        for failure in ["SELECT RAISE(ABORT, 'no')", "DELETE FROM gone"] {
            let folder = folder();
            let file = folder.path().join("users.db");
            let url = format!("sqlite://{}?mode=rwc", file.display());
            let settings = ConnectSettings::new(&url);
            let store = SeaOrmStore::connect(&settings).await.unwrap();
            store.migrate().await.unwrap();
            let sql =
                format!("CREATE TRIGGER failure BEFORE INSERT ON auth_users BEGIN {failure}; END");
            store.database().execute_unprepared(&sql).await.unwrap();
            store.close().await.unwrap();
            let mut command = command(server, folder.path());
            command
                .env("HALLPASS_SECRET", SECRET)
                .env("DATABASE_URL", url)
                .env("HALLPASS_ADMIN_EMAIL", "root@example.org")
                .env("HALLPASS_ADMIN_PASSWORD", PASSWORD);
            check("DATABASE_URL", &mut command);
        }
    }
}

#[test]
fn version_is_printed_with_any_other_settings() {
    for server in SERVERS {
        let folder = folder();
        let mut command = command(server, folder.path());
        let printed = command
            .arg("--version")
            .env("HALLPASS_BIND", "nowhere")
            .output()
            .unwrap();
        let version = String::from_utf8(printed.stdout).unwrap();
        assert!(printed.status.success(), "{version}");
        assert_eq!(
            version.trim(),
            concat!("hallpass ", env!("CARGO_PKG_VERSION"))
        );
        assert_eq!(folder.path().read_dir().unwrap().count(), 0);
    }
}

#[test]
fn postgres_needs_a_secret_of_its_own() {
    for server in SERVERS {
        let folder = folder();
        let url = "postgres://ann:hunter2hunter2@127.0.0.1:1/app";
        check(
            "HALLPASS_SECRET",
            command(server, folder.path()).env("DATABASE_URL", url),
        );
        assert!(!folder.path().join("hallpass.secret").exists());
    }
}

#[test]
fn a_wrong_setting_leaves_no_files() {
    for server in SERVERS {
        let folder = folder();
        for (name, value) in [
            ("HALLPASS_ARGON2", "fast"),
            ("HALLPASS_PASSWORD_MIN", "3"),
            ("HALLPASS_PUBLIC_URL", "x"),
            ("HALLPASS_SMTP_URL", "x"),
            ("HALLPASS_ACCESS_TTL", "0"),
        ] {
            check(name, command(server, folder.path()).env(name, value));
        }
        assert_eq!(folder.path().read_dir().unwrap().count(), 0);
    }
}

#[test]
fn unknown_settings_are_reported() {
    for server in SERVERS {
        let folder = folder();
        let settings = [
            ("HALLPASS_SMTP_ULR", HIDDEN),
            ("HALLPASS_OAUTHS", HIDDEN),
            ("HALLPASS_AUDIENCE", "app"),
            ("PATHS", HIDDEN),
        ];
        let server = Server::of(server, folder.path(), &settings);
        let log = server.whole_log();
        for name in ["HALLPASS_SMTP_ULR", "HALLPASS_OAUTHS"] {
            assert_eq!(log.matches(name).count(), 1, "{log}");
        }
        assert_eq!(
            log.matches("not a setting of this version").count(),
            2,
            "{log}"
        );
        assert!(!log.contains(HIDDEN), "{log}");
    }
}

#[test]
fn help_lists_every_setting_and_shows_no_secret() {
    for server in SERVERS {
        let folder = folder();
        let mut command = command(server, folder.path());
        let help = command
            .arg("--help")
            .env("HALLPASS_SECRET", SECRET)
            .output()
            .unwrap();
        let help = String::from_utf8(help.stdout).unwrap();
        for name in [
            "HALLPASS_BIND",
            "DATABASE_URL",
            "HALLPASS_SECRET",
            "HALLPASS_PASSWORD_MIN",
            "HALLPASS_TRUSTED_PROXIES",
            "HALLPASS_WRITE_TIMEOUT",
            "HALLPASS_MAX_CONNECTIONS",
            "HALLPASS_KEEP_ALIVE",
            "HALLPASS_LOG",
            "HALLPASS_TOKEN_ALGORITHM",
            "HALLPASS_OAUTH_REDIRECTS",
            "HALLPASS_OAUTH_<NAME>_CLIENT_ID",
            "HALLPASS_OAUTH_<NAME>_TRUST_EMAIL_DOMAINS",
        ] {
            assert!(help.contains(name), "{help}");
        }
        assert!(!help.contains(SECRET), "{help}");
    }
}
