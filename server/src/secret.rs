//! The master secret of a server whose settings contain none: generated at first start and stored in a file.

use std::{
    fs::{self, File, OpenOptions, Permissions},
    io::{self, Read as _, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::Path,
};

use hallpass::{Secrets, secret::Secret};

pub(crate) const FILE: &str = "hallpass.secret";
const MODE: u32 = 0o600;

/// Where the master secret comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum SecretOrigin {
    File,
    /// This start created the file.
    NewFile,
    Setting,
}

/// Reads the file, or creates it. If several instances start together, one of them creates it.
pub(super) fn from_file() -> Result<(Secrets, SecretOrigin), Box<dyn std::error::Error>> {
    let path = Path::new(FILE);
    if let Some(secrets) = fs::read_to_string(path).ok().and_then(|text| parse(&text)) {
        return Ok((secrets, SecretOrigin::File));
    }
    let (text, origin) = make(path).map_err(|error| format!("{FILE}: {error}"))?;
    let secrets = parse(&text).ok_or_else(|| format!("{FILE}: not a master secret in base64"))?;
    Ok((secrets, origin))
}

/// A generated secret has the minimum length, so that a truncated secret is invalid.
fn parse(text: &str) -> Option<Secrets> {
    text.trim().parse().ok()
}

/// Locks the file, and writes the secret unless another instance has already written one. The file is written in
/// place, because a temporary file would remain if the process is killed. If a killed process leaves the file empty,
/// the next start writes the secret.
fn make(path: &Path) -> io::Result<(String, SecretOrigin)> {
    let mut file = open(path)?;
    file.lock()?;
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    // After a power loss, the file may have its full length but contain only zero bytes.
    if text.bytes().any(|byte| byte != 0) {
        return Ok((text, SecretOrigin::File));
    }
    file.set_permissions(Permissions::from_mode(MODE))?;
    let secret = Secret::generate().expose_base64();
    if let Err(error) = write(&mut file, secret.as_bytes()) {
        file.set_len(0)?;
        return Err(error);
    }
    File::open(".")?.sync_all()?;
    tracing::warn!("created a master secret in {FILE}; set HALLPASS_SECRET in production");
    Ok((secret.to_string(), SecretOrigin::NewFile))
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).mode(MODE);
    match options.clone().create_new(true).open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => options.open(path),
        opened => opened,
    }
}

fn write(file: &mut File, secret: &[u8]) -> io::Result<()> {
    file.set_len(0)?;
    io::Seek::rewind(file)?;
    file.write_all(secret)?;
    file.sync_all()
}
