//! Ports of programs that have to know theirs before they listen.

use std::{
    hash::{BuildHasher as _, RandomState},
    net::TcpListener,
    sync::{
        OnceLock,
        atomic::{AtomicU16, Ordering},
    },
};

/// Below the ports that Linux gives away by itself: until it is used, no connection of anybody takes it.
const FIRST: u16 = 10_000;
const COUNT: u16 = 20_000;

/// A port on loopback where nobody listens. No other call in this process gives the same.
pub(crate) fn free_port() -> u16 {
    static BEGIN: OnceLock<u16> = OnceLock::new();
    static GIVEN: AtomicU16 = AtomicU16::new(0);
    // Std's own: keys that are random for every state.
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
