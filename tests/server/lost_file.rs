//! SQLite files that are removed or replaced under a running server: the server is no longer ready.

use std::{fs, path::Path, thread, time::Duration};

use crate::{
    patience::block_until,
    process::{PASSWORD, SECRET, SERVERS, Server, folder},
};

fn remove(file: &Path) {
    fs::remove_file(file).expect("the file can be removed");
}

/// Signs in more often at once than connections are open, so that new ones have to be opened.
fn sign_in_at_once(server: &Server) {
    thread::scope(|scope| {
        for _ in 0..12 {
            scope.spawn(|| server.login("ann@example.org", PASSWORD));
        }
    });
}

/// Connections that are opened after the loss neither create a file nor touch the old log.
#[test]
fn file_moved_away_and_back_under_load_loses_no_write() {
    for name in SERVERS {
        let folder = folder();
        let settings = [
            ("HALLPASS_SECRET", SECRET),
            ("HALLPASS_RATE_LIMITS", "false"),
        ];
        let (file, away) = ["hallpass.db", "away"]
            .map(|name| folder.path().join(name))
            .into();
        let server = Server::of(name, folder.path(), &settings);
        assert_eq!(server.register("ann@example.org", PASSWORD).status, 201);
        fs::rename(&file, &away).unwrap();
        sign_in_at_once(&server);
        block_until("the server is not ready", || {
            server.get("/health/ready").status == 503
        });
        assert!(!file.exists(), "{name} has made another file");
        fs::rename(&away, &file).unwrap();
        server.kill();
        let server = Server::of(name, folder.path(), &settings);
        assert_eq!(
            server.login("ann@example.org", PASSWORD).status,
            200,
            "{name}"
        );
    }
}

#[test]
fn file_of_a_stopped_server_is_the_whole_database() {
    for name in SERVERS {
        let folder = folder();
        let settings = [("HALLPASS_SECRET", SECRET)];
        let mut server = Server::of(name, folder.path(), &settings);
        assert_eq!(server.register("ann@example.org", PASSWORD).status, 201);
        server.signal("TERM");
        assert!(server.end().success(), "{name}");
        let copy = crate::process::folder();
        let file = |folder: &Path| folder.join("hallpass.db");
        fs::copy(file(folder.path()), file(copy.path())).unwrap();
        let server = Server::of(name, copy.path(), &settings);
        assert_eq!(
            server.login("ann@example.org", PASSWORD).status,
            200,
            "{name}"
        );
    }
}

/// A copy takes the place of the file, as after a restore.
fn replace(file: &Path) {
    let copy = file.with_extension("copy");
    fs::copy(file, &copy).expect("the file can be copied");
    fs::rename(copy, file).expect("the copy can be moved");
}

#[test]
fn lost_file_ends_the_readiness_of_a_running_server() {
    for name in SERVERS {
        for file in ["hallpass.db", "hallpass.db-wal"] {
            for lose in [remove, replace] {
                let folder = folder();
                let settings = [("HALLPASS_SECRET", SECRET)];
                let server = Server::of(name, folder.path(), &settings);
                assert_eq!(server.register("ann@example.org", PASSWORD).status, 201);
                assert_eq!(server.get("/health/ready").status, 200, "{name}");
                lose(&folder.path().join(file));
                block_until(&format!("{name} is not ready without {file}"), || {
                    server.get("/health/ready").status == 503
                });
                assert_eq!(server.get("/health/live").status, 200);
                // The server does not become ready again. Each result is cached for a second.
                thread::sleep(Duration::from_millis(1100));
                assert_eq!(server.get("/health/ready").status, 503, "{name}");
                let reported = server.stderr.wait_for(file);
                assert!(reported.is_some(), "{}", server.stderr.text());
            }
        }
    }
}
