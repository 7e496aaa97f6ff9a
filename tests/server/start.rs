//! The first start and later ones.

use std::{
    fs,
    os::unix::{
        fs::{MetadataExt as _, PermissionsExt as _},
        process::ExitStatusExt as _,
    },
    process::{Command, Stdio},
    sync::Barrier,
    thread,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;

use crate::{
    postgres,
    process::{PASSWORD, SECRET, SERVERS, Server, folder, program},
};

/// The number of the signal on Linux.
const SIGXFSZ: i32 = 25;

#[test]
fn a_server_without_settings_creates_its_secret_and_says_so() {
    for server in SERVERS {
        let folder = folder();
        let first = Server::of(server, folder.path(), &[]);
        for name in [
            "hallpass.secret",
            "hallpass.db",
            "hallpass.db-wal",
            "hallpass.db-shm",
        ] {
            let about = fs::metadata(folder.path().join(name)).unwrap();
            assert_eq!(about.mode() & 0o777, 0o600, "{name}");
        }
        let secret = fs::read_to_string(folder.path().join("hallpass.secret")).unwrap();
        assert_eq!(first.register("ann@example.org", PASSWORD).status, 201);
        let tokens = first.login("ann@example.org", PASSWORD);
        let log = first.whole_log();
        let mut lines = log.lines();
        assert!(
            lines.any(|line| line.contains("WARN") && line.contains("hallpass.secret")),
            "{log}"
        );
        assert!(!log.contains(secret.trim()), "{log}");

        let second = Server::of(server, folder.path(), &[]);
        assert_eq!(second.me(&tokens.text("access_token")).status, 200);
        assert_eq!(second.refresh(&tokens.text("refresh_token")).status, 200);
        let kept = fs::read_to_string(folder.path().join("hallpass.secret")).unwrap();
        assert_eq!(kept, secret);
        let mut files: Vec<String> = fs::read_dir(folder.path())
            .unwrap()
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .filter(|name| !name.starts_with("hallpass.db"))
            .collect();
        files.sort();
        assert_eq!(files, ["hallpass.secret"]);
        assert!(!second.whole_log().contains("hallpass.secret"));
    }
}

/// A database server suggests production. There, more people can read standard output than a mailbox.
#[tokio::test]
async fn a_server_on_postgres_warns_that_it_prints_its_mails() {
    let Some(database) = postgres::empty().await else {
        return;
    };
    let folder = folder();
    let says_so = |server: Server| {
        let log = server.whole_log();
        let mut lines = log.lines();
        lines.any(|line| line.contains("WARN") && line.contains("HALLPASS_SMTP_URL"))
    };
    for server in SERVERS {
        let shared = [
            ("DATABASE_URL", database.url()),
            ("HALLPASS_SECRET", SECRET),
        ];
        assert!(says_so(Server::of(server, folder.path(), &shared)));
        let smtp = ("HALLPASS_SMTP_URL", "smtp://127.0.0.1:1");
        let sending = [shared[0], shared[1], smtp];
        assert!(!says_so(Server::of(server, folder.path(), &sending)));
        assert!(!says_so(Server::of(server, folder.path(), &[])));
    }
}

/// The file size limit kills the process when it writes the first byte to a file, which is a byte of the secret.
#[test]
fn kill_at_the_first_start_leaves_no_copy_of_the_secret() {
    for server in SERVERS {
        let folder = folder();
        let mut shell = Command::new("sh");
        shell.args(["-c", "ulimit -c 0 && ulimit -f 0 && exec \"$0\""]);
        let killed = shell
            .arg(program(server))
            .env_clear()
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .status();
        let killed = killed.expect("the shell can be run");
        assert_eq!(killed.signal(), Some(SIGXFSZ), "{killed}");
        let left = fs::read_dir(folder.path()).unwrap();
        let left: Vec<_> = left.map(|file| file.unwrap().file_name()).collect();
        assert_eq!(left, ["hallpass.secret"]);
        // Nobody else may read the file, even if it is empty.
        let path = folder.path().join("hallpass.secret");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();

        let started = Server::of(server, folder.path(), &[]);
        let reported = started.stderr.wait_for("created a master secret");
        assert!(reported.is_some(), "{}", started.stderr.text());
        let about = fs::metadata(&path).unwrap();
        assert_eq!((about.mode() & 0o777, about.len()), (0o600, 44));
    }
}

/// Both servers use the same new SQLite file.
#[test]
fn servers_that_start_together_share_a_secret() {
    let folder = folder();
    let barrier = Barrier::new(4);
    let servers: Vec<Server> = thread::scope(|scope| {
        let start = |server| {
            let (folder, barrier) = (&folder, &barrier);
            scope.spawn(move || {
                barrier.wait();
                Server::of(server, folder.path(), &[])
            })
        };
        let starting: Vec<_> = [SERVERS, SERVERS].concat().into_iter().map(start).collect();
        starting
            .into_iter()
            .map(|server| server.join().unwrap())
            .collect()
    });
    let keys: Vec<_> = servers
        .iter()
        .map(|server| server.get("/.well-known/jwks.json").json())
        .collect();
    assert_eq!(keys[0]["keys"].as_array().unwrap().len(), 1);
    assert!(keys.iter().all(|key| *key == keys[0]), "{keys:?}");
    assert_eq!(servers[0].register("ann@example.org", PASSWORD).status, 201);
    let tokens = servers[1].login("ann@example.org", PASSWORD);
    for server in &servers {
        assert_eq!(server.me(&tokens.text("access_token")).status, 200);
    }
}

#[test]
fn tokens_are_signed_with_the_configured_algorithm() {
    for server in SERVERS {
        let folder = folder();
        for (given, algorithm, kind) in [
            (None, "EdDSA", "OKP"),
            (Some("EdDSA"), "EdDSA", "OKP"),
            (Some("ES256"), "ES256", "EC"),
        ] {
            let setting = given.map(|given| ("HALLPASS_TOKEN_ALGORITHM", given));
            let server = Server::of(server, folder.path(), setting.as_slice());
            server.register("ann@example.org", PASSWORD);
            let tokens = server.login("ann@example.org", PASSWORD);
            let token = tokens.text("access_token");
            let header = token.split('.').next().unwrap();
            let header = URL_SAFE_NO_PAD.decode(header).unwrap();
            let header: Value = serde_json::from_slice(&header).unwrap();
            assert_eq!(header["alg"], algorithm, "{given:?}");
            let keys = server.get("/.well-known/jwks.json").json();
            let key = &keys["keys"][0];
            assert_eq!(
                (&key["alg"], &key["kty"]),
                (&algorithm.into(), &kind.into())
            );
            assert_eq!(key["kid"], header["kid"], "{given:?}");
            assert_eq!(server.me(&token).status, 200, "{given:?}");
        }
    }
}

#[test]
fn the_administrator_is_created_once() {
    for server in SERVERS {
        let folder = folder();
        let admin = |password: &'static str| {
            [
                ("HALLPASS_ADMIN_EMAIL", "root@example.org"),
                ("HALLPASS_ADMIN_PASSWORD", password),
            ]
        };
        let first = Server::of(server, folder.path(), &admin(PASSWORD));
        let tokens = first.login("root@example.org", PASSWORD);
        let me = first.me(&tokens.text("access_token")).json();
        assert_eq!(me["email_verified"], true, "{me}");
        let roles: Vec<&str> = me["roles"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|role| role.as_str())
            .collect();
        assert!(roles.contains(&"admin"), "{me}");
        let bearer = format!("authorization: Bearer {}", tokens.text("access_token"));
        assert_eq!(
            first.call("GET", "/admin/users", &[&bearer], "").status,
            200
        );
        assert!(!first.whole_log().contains("a staple"));

        // An account that already exists is left unchanged.
        let second = Server::of(server, folder.path(), &admin("another good password"));
        assert_eq!(
            second
                .login("root@example.org", "another good password")
                .status,
            401
        );
        assert_eq!(second.login("root@example.org", PASSWORD).status, 200);
    }
}

/// The administrator may have changed their address since the setting was written.
#[test]
fn a_start_with_another_address_creates_no_administrator() {
    for server in SERVERS {
        let folder = folder();
        let admin = |email: &'static str| {
            [
                ("HALLPASS_ADMIN_EMAIL", email),
                ("HALLPASS_ADMIN_PASSWORD", PASSWORD),
            ]
        };
        drop(Server::of(
            server,
            folder.path(),
            &admin("root@example.org"),
        ));
        let second = Server::of(server, folder.path(), &admin("boss@example.org"));
        assert_eq!(second.login("boss@example.org", PASSWORD).status, 401);
        assert_eq!(second.login("root@example.org", PASSWORD).status, 200);
    }
}
