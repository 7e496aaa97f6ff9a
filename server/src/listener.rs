//! The listening socket.

use std::{io, net::SocketAddr};

use tokio::net::{TcpListener, TcpSocket};

use crate::{Failure, Settings, descriptors::connections};

/// The length of the queue of connections that wait to be accepted.
const BACKLOG: u32 = 1024;
/// The size of the send buffer in the kernel for each client; the kernel doubles the figure for its own use.
const SEND_BUFFER: u32 = 64 * 1024;

/// A listening socket, with a limit on connections.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    connections: usize,
}

impl Listener {
    /// Listens on the configured address, and raises the limit on open files for the configured connections. Call it
    /// within a tokio runtime.
    ///
    /// # Errors
    /// If the address cannot be bound.
    pub fn open(settings: &Settings) -> Result<Self, Failure> {
        let socket = listen(settings.bind)
            .map_err(|error| Failure::of_start(format!("HALLPASS_BIND: {error}")))?;
        Ok(Self {
            socket,
            connections: connections(settings),
        })
    }

    /// The socket's address. If the setting has port 0, this address has the port that the system picked.
    ///
    /// # Errors
    /// If the system does not report the address.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// The socket, and how many connections may be open at once.
    pub(crate) fn into_parts(self) -> (TcpListener, usize) {
        (self.socket, self.connections)
    }
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    socket.set_reuseaddr(true)?;
    // Accepted sockets inherit this size.
    socket.set_send_buffer_size(SEND_BUFFER)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}
