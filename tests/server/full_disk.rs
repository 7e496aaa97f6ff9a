//! SQLite on a disk that is temporarily full: acknowledged writes are there after the next start.

use std::{
    fs::{self, File},
    io::Write as _,
    path::Path,
    process::Command,
};

use tempfile::TempDir;

use crate::{
    patience::block_until,
    process::{PASSWORD, SECRET, SERVERS, Server, folder},
    skip::skip,
};

/// A file system of its own. Unmounted on drop.
struct SmallDisk(TempDir);

impl SmallDisk {
    /// `None` without permission to mount. With `HALLPASS_TEST_MOUNT=required`, that is a failure.
    fn mount() -> Option<Self> {
        let folder = folder();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=2m", "tmpfs"])
            .arg(folder.path())
            .status();
        if mounted.is_ok_and(|status| status.success()) {
            return Some(Self(folder));
        }
        let reason = "This user may not mount a file system.";
        skip("HALLPASS_TEST_MOUNT", "SQLite on a full disk", reason);
        None
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn filler(&self) -> std::path::PathBuf {
        self.path().join("filler")
    }

    /// Fills the disk.
    fn fill(&self) {
        let mut filler = File::create(self.filler()).expect("a file");
        while filler.write_all(&[0; 4096]).is_ok() {}
        while filler.write_all(&[0]).is_ok() {}
    }

    fn free(&self) {
        fs::remove_file(self.filler()).expect("the file can be removed");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        Command::new("umount").arg(self.path()).status().ok();
    }
}

#[test]
fn full_disk_loses_no_acknowledged_write() {
    for name in SERVERS {
        for pool in ["1", "10"] {
            let Some(disk) = SmallDisk::mount() else {
                return;
            };
            let settings = [
                ("HALLPASS_SECRET", SECRET),
                ("HALLPASS_RATE_LIMITS", "false"),
                ("HALLPASS_DB_POOL", pool),
            ];
            let server = Server::of(name, disk.path(), &settings);
            let mut kept = Vec::new();
            assert!(registers(&server, "before", 3, &mut kept));
            assert_eq!(server.get("/health/ready").status, 200);

            disk.fill();
            let mut attempts = 0;
            while registers(&server, &format!("full-{attempts}"), 1, &mut kept) {
                attempts += 1;
                assert!(attempts < 1000, "{name}: the disk is never full");
            }
            wait_for_ready(&server, 503);
            registers(&server, "still-full", 20, &mut kept);

            disk.free();
            wait_for_ready(&server, 200);
            assert!(
                registers(&server, "after", 10, &mut kept),
                "{name}: no recovery"
            );

            server.kill();
            let server = Server::of(name, disk.path(), &settings);
            for address in &kept {
                let login = server.login(address, PASSWORD);
                assert_eq!(
                    login.status, 200,
                    "{name}, pool of {pool}: {address} is lost"
                );
            }
        }
    }
}

/// Whether all of these registrations are acknowledged. Those that are acknowledged are added to `kept`.
fn registers(server: &Server, name: &str, count: usize, kept: &mut Vec<String>) -> bool {
    let addresses = (0..count).map(|number| format!("{name}-{number}@example.org"));
    let mut are_acknowledged = true;
    for address in addresses {
        let reply = server.register(&address, PASSWORD);
        match reply.status {
            201 => kept.push(address),
            503 => are_acknowledged = false,
            _ => panic!("{reply:?}"),
        }
    }
    are_acknowledged
}

/// Waits for this status of the readiness check, which the server caches for a second.
fn wait_for_ready(server: &Server, status: u16) {
    block_until(&format!("/health/ready answers {status}"), || {
        server.get("/health/ready").status == status
    });
}
