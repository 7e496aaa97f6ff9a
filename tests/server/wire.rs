//! A proxy in front of Postgres that delays bytes, holds back the replies to BEGIN, or cuts connections.

use std::{
    io::{self, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use crate::patience::PATIENCE;

/// BEGIN, as the driver sends it: a simple query.
const BEGIN: &[u8] = b"BEGIN\0";

pub(crate) struct Wire {
    address: String,
    held: Arc<Held>,
}

#[derive(Default)]
struct Held {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    is_holding: bool,
    /// The number of connections whose BEGIN has arrived while replies are held.
    begun: usize,
    /// A connection that sends this text is cut before the server receives it.
    cuts_at: Option<&'static [u8]>,
}

impl Wire {
    /// A proxy to the server of this URL. Each chunk of bytes waits for `delay` in both directions.
    pub(crate) fn to(url: &str, delay: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let (server, held) = (host_of(url).to_owned(), Arc::<Held>::default());
        let shared = Arc::clone(&held);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                carry(client, &server, delay, &shared).ok();
            }
        });
        Self { address, held }
    }

    /// The URL of the same database through this proxy.
    pub(crate) fn url(&self, url: &str) -> String {
        url.replacen(host_of(url), &self.address, 1)
    }

    pub(crate) fn hold_begin(&self) {
        let mut state = self.held.state.lock().unwrap();
        state.is_holding = true;
        state.begun = 0;
    }

    /// Cuts every connection that sends this text from now on; `None` cuts none.
    pub(crate) fn cut_at(&self, text: Option<&'static [u8]>) {
        self.held.state.lock().unwrap().cuts_at = text;
    }

    /// Waits until this many connections have sent a BEGIN.
    pub(crate) fn wait_for_begin(&self, connections: usize) {
        let state = self.held.state.lock().unwrap();
        let is_waiting = |state: &mut State| state.begun < connections;
        let waited = self
            .held
            .changed
            .wait_timeout_while(state, PATIENCE, is_waiting);
        assert!(!waited.unwrap().1.timed_out(), "no BEGIN was sent");
    }

    pub(crate) fn release(&self) {
        self.held.state.lock().unwrap().is_holding = false;
        self.held.changed.notify_all();
    }
}

fn host_of(url: &str) -> &str {
    let rest = url.rsplit_once('@').expect("a user in the URL").1;
    rest.split('/').next().expect("a host in the URL")
}

fn carry(client: TcpStream, server: &str, delay: Duration, held: &Arc<Held>) -> io::Result<()> {
    let server = TcpStream::connect(server)?;
    for stream in [&client, &server] {
        stream.set_nodelay(true)?;
    }
    let has_begun = Arc::new(AtomicBool::new(false));
    let (asked, answered) = (Arc::clone(held), Arc::clone(held));
    let begun = Arc::clone(&has_begun);
    let (from, to) = (client.try_clone()?, server.try_clone()?);
    thread::spawn(move || {
        pump(from, to, delay, |chunk| {
            let mut state = asked.state.lock().unwrap();
            let has = |text: &[u8]| chunk.windows(text.len()).any(|window| window == text);
            if state.is_holding && has(BEGIN) {
                begun.store(true, Ordering::SeqCst);
                state.begun += 1;
                asked.changed.notify_all();
            }
            !state.cuts_at.is_some_and(has)
        })
    });
    thread::spawn(move || {
        pump(server, client, delay, |_| {
            let state = answered.state.lock().unwrap();
            if has_begun.load(Ordering::SeqCst) {
                let is_held = |state: &mut State| state.is_holding;
                drop(answered.changed.wait_while(state, is_held));
                has_begun.store(false, Ordering::SeqCst);
            }
            true
        })
    });
    Ok(())
}

/// Copies until one side ends or `passes` returns false.
fn pump(mut from: TcpStream, mut to: TcpStream, delay: Duration, passes: impl Fn(&[u8]) -> bool) {
    let mut chunk = [0; 16 * 1024];
    while let Ok(length @ 1..) = from.read(&mut chunk) {
        if !passes(&chunk[..length]) {
            break;
        }
        if !delay.is_zero() {
            thread::sleep(delay);
        }
        if to.write_all(&chunk[..length]).is_err() {
            break;
        }
    }
    for stream in [from, to] {
        stream.shutdown(std::net::Shutdown::Both).ok();
    }
}
