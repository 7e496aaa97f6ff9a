//! SQLite whose files are removed or replaced under a running server: it is not ready any more.

use std::{
    fs,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use crate::process::{SECRET, SERVERS, Server, folder};

const PASSWORD: &str = "a staple for a horse";
/// A finding is kept for a second, and a busy machine is slow.
const PATIENCE: Duration = Duration::from_secs(30);

fn remove(file: &Path) {
    fs::remove_file(file).expect("the file can be removed");
}

/// A copy takes its place, as after a restore.
fn replace(file: &Path) {
    let copy = file.with_extension("copy");
    fs::copy(file, &copy).expect("the file can be copied");
    fs::rename(copy, file).expect("the copy can be moved");
}

#[test]
fn file_that_is_lost_under_a_running_server_ends_its_readiness() {
    for name in SERVERS {
        for file in ["hallpass.db", "hallpass.db-wal"] {
            for lose in [remove, replace] {
                let folder = folder();
                let settings = [("HALLPASS_SECRET", SECRET)];
                let server = Server::of(name, folder.path(), &settings);
                assert_eq!(server.register("ann@example.org", PASSWORD).status, 201);
                assert_eq!(server.get("/health/ready").status, 200, "{name}");
                lose(&folder.path().join(file));
                let begun = Instant::now();
                let not_ready = loop {
                    let reply = server.get("/health/ready");
                    if reply.status == 503 || begun.elapsed() > PATIENCE {
                        break reply;
                    }
                    thread::sleep(Duration::from_millis(50));
                };
                assert_eq!(not_ready.status, 503, "{name} without {file}");
                assert_eq!(server.get("/health/live").status, 200);
                // Nor does it come back by itself.
                thread::sleep(Duration::from_millis(1100));
                assert_eq!(server.get("/health/ready").status, 503, "{name}");
                let log = server.stderr.text();
                assert!(log.contains(file), "{log}");
            }
        }
    }
}
