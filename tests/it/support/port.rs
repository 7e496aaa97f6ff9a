//! Ports for programs that must know their port before they listen.

use std::{
    hash::{BuildHasher as _, RandomState},
    net::TcpListener,
    sync::{
        OnceLock,
        atomic::{AtomicU16, Ordering},
    },
};

/// The ports are below the ephemeral ports of Linux, so no other connection takes them.
const FIRST: u16 = 10_000;
const COUNT: u16 = 20_000;

/// A free port on loopback, unique in this process.
pub(crate) fn free_port() -> u16 {
    static BEGIN: OnceLock<u16> = OnceLock::new();
    static GIVEN: AtomicU16 = AtomicU16::new(0);
    // std creates random keys for every state.
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
