//! The limit on open files, which every connection counts against.

use std::io;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::Settings;

/// The number of files that a server without connections has open: sockets, pipes, standard streams, files read at
/// start.
const SERVER: u64 = 64;
/// The number of files that one database connection has open. A connection to SQLite has four.
const DATABASE: u64 = 4;

/// Raises the limit as far as the configured connections need, and returns how many of them fit.
pub(crate) fn connections(settings: &Settings) -> usize {
    let wanted = settings.max_connections;
    let reserved = SERVER + DATABASE * u64::from(settings.db_pool);
    let fit = match raise(reserved + u64::from(wanted)) {
        Ok(files) => u32::try_from(files.saturating_sub(reserved)).unwrap_or(u32::MAX),
        Err(error) => {
            tracing::warn!(%error, "the limit on open files cannot be raised");
            wanted
        }
    };
    let connections = wanted.min(fit).max(1);
    if connections < wanted {
        tracing::warn!(
            connections,
            wanted,
            "the limit on open files has room for fewer connections than HALLPASS_MAX_CONNECTIONS"
        );
    }
    usize::try_from(connections).unwrap_or(usize::MAX)
}

/// Raises the limit to this number of files, or as far as possible. Returns the limit that is then in effect.
fn raise(files: u64) -> io::Result<u64> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    match current {
        None => return Ok(files),
        Some(current) if current >= files => return Ok(current),
        Some(_) => {}
    }
    let current = files.min(maximum.unwrap_or(files));
    let raised = Rlimit {
        current: Some(current),
        maximum,
    };
    setrlimit(Resource::Nofile, raised)?;
    Ok(current)
}
