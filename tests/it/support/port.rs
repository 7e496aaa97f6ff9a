//! Ports for programs that must know theirs before they listen.

use std::{
    hash::{BuildHasher as _, RandomState},
    net::TcpListener,
    sync::{
        OnceLock,
        atomic::{AtomicU16, Ordering},
    },
};

/// Below the ephemeral ports of Linux, so no other connection takes it.
const FIRST: u16 = 10_000;
const COUNT: u16 = 20_000;

/// A free port on loopback, unique in this process.
pub(crate) fn free_port() -> u16 {
    static BEGIN: OnceLock<u16> = OnceLock::new();
    static GIVEN: AtomicU16 = AtomicU16::new(0);
    // The keys of std are random for every state.
    let random = || RandomState::new().hash_one(std::process::id()) % u64::from(COUNT);
    let begin = *BEGIN.get_or_init(|| u16::try_from(random()).expect("it is below the count"));
    for _ in 0..COUNT {
        let given = GIVEN.fetch_add(1, Ordering::Relaxed) % COUNT;
        let port = FIRST + (begin + given) % COUNT;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
    panic!("no port is free");
}
