//! Emails by SMTP.

mod message;
mod replies;
mod server;
mod starttls;
mod tls;

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use lettre::transport::smtp::{client::AsyncSmtpConnection, extension::ClientId};
use tokio::time;

use self::server::Server;
use super::{Mail, MailError, Mailer, Sender};
use crate::error::Result;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const SEND_TIMEOUT: Duration = Duration::from_secs(10);
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);
const MAX_IDLE: usize = 4;

/// Sends emails through an SMTP server (RFC 5321), and reuses connections. TLS is provided by
/// rustls.
///
/// With TLS, the server's certificate is always verified: its name, its dates, and its root. The
/// root must be one that the machine trusts, or one that the host [has
/// given](Self::with_root_certificate). The user, the password and the emails are then sent only
/// through TLS. Without TLS, anyone on the network can read everything, so use plain `smtp://` only for servers on the
/// same machine or network.
///
/// Only the three digits of a reply determine its meaning (RFC 5321 section 4.2); its text need not
/// be UTF-8. Connecting and sending may take up to 10 seconds each. Addresses with UTF-8 local
/// parts need a server that offers SMTPUTF8 (RFC 6531).
///
/// ```
/// use hallpass::mail::SmtpMailer;
///
/// let sender = "Hallpass <no-reply@example.org>".parse()?;
/// let mailer = SmtpMailer::from_url("smtps://user:p%40ss@mail.example.org", sender)?;
/// # Ok::<(), hallpass::Error>(())
/// ```
// The connections are kept here, because the transport of `lettre` has no timeout for replies. If a caller gave up
// waiting, `lettre` would also put the connection back into its pool. The late reply would then be read as the answer
// to the next email.
#[derive(Debug)]
pub struct SmtpMailer {
    server: Server,
    sender: Sender,
    idle: Connections,
}

#[derive(Default)]
struct Connections(Mutex<Vec<Idle>>);

struct Idle {
    connection: AsyncSmtpConnection,
    since: Instant,
}

impl SmtpMailer {
    /// Sends through the server at this URL:
    ///
    /// * `smtp://host:port`: without TLS, port 25 by default;
    /// * `smtp://host:port?tls=required`: only with TLS by STARTTLS, port 587 by default;
    /// * `smtps://host:port`: TLS from the start, port 465 by default.
    ///
    /// The user and the password are written before the host, percent-encoded:
    /// `smtps://user:p%40ss@host`.
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) if the URL has none of these formats, or uses TLS without any
    /// [cryptography](crate#cryptography) for TLS. The error contains
    /// neither the user nor the password.
    pub fn from_url(url: &str, sender: Sender) -> Result<Self> {
        message::mailbox(&sender)?;
        Ok(Self {
            server: Server::from_url(url)?,
            sender,
            idle: Connections::default(),
        })
    }

    /// Trusts the root certificates in `pem` (one or more, RFC 7468) instead of those that the machine trusts. Use
    /// this for a server whose certificate comes from a private authority.
    ///
    /// ```no_run
    /// use hallpass::mail::SmtpMailer;
    ///
    /// let sender = "Hallpass <no-reply@example.org>".parse()?;
    /// let root = std::fs::read("/etc/hallpass/ca.pem")?;
    /// let mailer = SmtpMailer::from_url("smtps://mail.internal", sender)?.with_root_certificate(&root)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) if `pem` contains no certificate or an
    /// unreadable one, or if the URL does not use TLS.
    pub fn with_root_certificate(self, pem: &[u8]) -> Result<Self> {
        Ok(Self {
            server: self.server.with_root_certificate(pem)?,
            sender: self.sender,
            idle: Connections::default(),
        })
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, MailError> {
        while let Some(mut connection) = self.idle.take() {
            let alive = time::timeout(PROBE_TIMEOUT, connection.test_connected()).await;
            if alive == Ok(true) {
                return Ok(connection);
            }
        }
        // No command has named the email yet, so a failure here does not concern the email itself.
        let hello = ClientId::Domain(self.sender.domain().to_owned());
        time::timeout(CONNECT_TIMEOUT, self.server.connect(&hello))
            .await
            .map_err(MailError::transient)?
            .map_err(MailError::transient)
    }
}

#[async_trait]
impl Mailer for SmtpMailer {
    async fn send(&self, mail: &Mail) -> Result<(), MailError> {
        let message = message::build(mail, &self.sender).map_err(MailError::permanent)?;
        let (envelope, bytes) = (message.envelope(), message.formatted());
        let mut connection = self.connect().await?;
        match time::timeout(SEND_TIMEOUT, connection.send(envelope, &bytes))
            .await
            .map_err(MailError::transient)?
        {
            Ok(_) => {
                self.idle.put(connection);
                Ok(())
            }
            Err(error) if error.is_permanent() || error.is_client() => {
                Err(MailError::permanent(error))
            }
            Err(error) => Err(MailError::transient(error)),
        }
    }
}

impl Connections {
    fn take(&self) -> Option<AsyncSmtpConnection> {
        let mut idle = self.lock();
        idle.retain(|idle| idle.since.elapsed() < IDLE_TIMEOUT);
        idle.pop().map(|idle| idle.connection)
    }

    fn put(&self, connection: AsyncSmtpConnection) {
        let mut idle = self.lock();
        if idle.len() < MAX_IDLE && !connection.has_broken() {
            idle.push(Idle {
                connection,
                since: Instant::now(),
            });
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Idle>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Connections {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} idle", self.lock().len())
    }
}

#[cfg(test)]
mod tests;
