//! The master secret of a server that was given none: made at first start, kept in a file.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use hallpass::{Secret, Secrets};

const FILE: &str = "hallpass.secret";

/// Reads the file, or makes it. Of several instances that start together, one makes it.
pub(super) fn from_file() -> Result<Secrets, Box<dyn std::error::Error>> {
    let path = Path::new(FILE);
    if !path.exists() {
        create(path).map_err(|error| format!("{FILE}: {error}"))?;
        tracing::warn!(
            "made a master secret and kept it in {FILE}; set HALLPASS_SECRET in production"
        );
    }
    let text = fs::read_to_string(path).map_err(|error| format!("{FILE}: {error}"))?;
    text.trim()
        .parse()
        .map_err(|_| format!("{FILE}: not a master secret in base64").into())
}

/// Writes beside it and links: the file appears whole, and only if there is none.
fn create(path: &Path) -> io::Result<()> {
    let beside = path.with_extension(format!("secret.{}", uuid::Uuid::now_v7()));
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&beside)?;
    file.write_all(Secret::generate().expose_base64().as_bytes())?;
    file.sync_all()?;
    let linked = fs::hard_link(&beside, path);
    fs::remove_file(&beside)?;
    match linked {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}
