use std::sync::Arc;

use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    },
};

use super::certificates::Identity;

/// A server with the commands that the mailer needs. It records every line that it receives.
pub(super) struct FakeServer {
    port: u16,
    behaviour: Behaviour,
    lines: Arc<watch::Sender<Vec<Line>>>,
    task: JoinHandle<()>,
}

#[derive(Clone)]
pub(super) struct Line {
    pub(super) text: String,
    pub(super) encrypted: bool,
}

#[derive(Clone, Default)]
pub(super) struct Behaviour {
    pub(super) extensions: &'static [&'static str],
    /// The extensions that are offered until TLS begins.
    pub(super) extensions_in_clear: &'static [&'static str],
    /// The reply to lines with this prefix. If it is empty, the server sends no reply.
    pub(super) reply: Option<(&'static str, &'static str)>,
    /// Bytes that are appended to the greeting and to each reply. They need not be UTF-8.
    pub(super) suffix: &'static [u8],
    pub(super) tls: Encryption,
}

#[derive(Clone, Default)]
pub(super) enum Encryption {
    #[default]
    None,
    /// The text contains bytes that an attacker on the path adds to the reply to STARTTLS.
    StartTls(TlsAcceptor, &'static str),
    Wrapped(TlsAcceptor),
}

pub(super) fn acceptor(identity: &Identity) -> TlsAcceptor {
    let certificate = CertificateDer::from_pem_slice(identity.certificate.as_bytes()).unwrap();
    let key = PrivateKeyDer::from_pem_slice(identity.key.as_bytes()).unwrap();
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

impl FakeServer {
    pub(super) async fn start(behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let lines = Arc::new(watch::Sender::default());
        let task = tokio::spawn({
            let (behaviour, lines) = (behaviour.clone(), Arc::clone(&lines));
            async move {
                while let Ok((stream, _)) = listener.accept().await {
                    let (behaviour, lines) = (behaviour.clone(), Arc::clone(&lines));
                    tokio::spawn(async move { serve(stream, &behaviour, &lines).await });
                }
            }
        });
        Self {
            port,
            behaviour,
            lines,
            task,
        }
    }

    pub(super) fn url(&self) -> String {
        self.url_of("127.0.0.1")
    }

    /// `host` may be preceded by user and password.
    pub(super) fn url_of(&self, host: &str) -> String {
        let port = self.port;
        match self.behaviour.tls {
            Encryption::None => format!("smtp://{host}:{port}"),
            Encryption::StartTls(..) => format!("smtp://{host}:{port}?tls=required"),
            Encryption::Wrapped(_) => format!("smtps://{host}:{port}"),
        }
    }

    pub(super) fn lines(&self) -> Vec<Line> {
        self.lines.borrow().clone()
    }

    pub(super) fn count(&self, prefix: &str) -> usize {
        let lines = self.lines();
        let found = lines.iter().filter(|line| line.text.starts_with(prefix));
        found.count()
    }

    /// Waits for a line with this prefix.
    pub(super) async fn saw(&self, prefix: &str) {
        let mut lines = self.lines.subscribe();
        let seen = lines.wait_for(|lines| lines.iter().any(|line| line.text.starts_with(prefix)));
        seen.await.unwrap();
    }

    /// Waits until this many emails have arrived completely.
    pub(super) async fn saw_mails(&self, count: usize) {
        let ends = |line: &&Line| line.text == ".";
        let mut lines = self.lines.subscribe();
        let seen = lines.wait_for(|lines| lines.iter().filter(ends).count() >= count);
        seen.await.unwrap();
    }
}

impl Drop for FakeServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Returns `None` when the other side has closed the connection.
async fn serve(
    mut stream: TcpStream,
    behaviour: &Behaviour,
    lines: &watch::Sender<Vec<Line>>,
) -> Option<()> {
    let greeting = [b"220 fake", behaviour.suffix, b"\r\n"].concat();
    match &behaviour.tls {
        Encryption::None => {
            stream.write_all(&greeting).await.ok()?;
            talk(stream, false, behaviour, lines).await?;
        }
        Encryption::StartTls(acceptor, injected) => {
            stream.write_all(&greeting).await.ok()?;
            let mut stream = talk(stream, false, behaviour, lines).await?;
            let reply = [b"220 go on", behaviour.suffix, b"\r\n", injected.as_bytes()].concat();
            stream.write_all(&reply).await.ok()?;
            let stream = acceptor.accept(stream).await.ok()?;
            talk(stream, true, behaviour, lines).await?;
        }
        Encryption::Wrapped(acceptor) => {
            let mut stream = acceptor.accept(stream).await.ok()?;
            stream.write_all(&greeting).await.ok()?;
            talk(stream, true, behaviour, lines).await?;
        }
    }
    Some(())
}

/// Runs until the other side closes or starts TLS.
async fn talk<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    encrypted: bool,
    behaviour: &Behaviour,
    lines: &watch::Sender<Vec<Line>>,
) -> Option<S> {
    let may_start = !encrypted && matches!(behaviour.tls, Encryption::StartTls(..));
    let mut reader = BufReader::new(stream);
    let mut in_data = false;
    let mut answers = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).await.unwrap_or(0) == 0 {
            return None;
        }
        let text = line.strip_suffix("\r\n").unwrap().to_owned();
        let command = text.split(' ').next().unwrap().to_owned();
        lines.send_modify(|lines| {
            lines.push(Line {
                text: text.clone(),
                encrypted,
            });
        });
        let own = behaviour
            .reply
            .filter(|(prefix, _)| text.starts_with(prefix) && (!in_data || text == *prefix));
        let ends = in_data && text == ".";
        if in_data && !ends {
            continue;
        }
        in_data = command == "DATA" && own.is_none();
        let reply = match command.as_str() {
            _ if own.is_some() => own.unwrap().1.to_owned(),
            _ if ends => "250 taken".to_owned(),
            _ if answers > 0 => {
                answers -= 1;
                ["235 welcome", "334 UGFzc3dvcmQ6"][answers].to_owned()
            }
            "AUTH" if text == "AUTH LOGIN" => {
                answers = 2;
                "334 VXNlcm5hbWU6".to_owned()
            }
            "AUTH" => "235 welcome".to_owned(),
            "DATA" => "354 go on".to_owned(),
            "EHLO" => hello(behaviour, encrypted),
            "QUIT" => "221 bye".to_owned(),
            "STARTTLS" if may_start => return Some(reader.into_inner()),
            "MAIL" | "NOOP" | "RCPT" => "250 fine".to_owned(),
            _ => "500 what?".to_owned(),
        };
        if !reply.is_empty() {
            let reply = [reply.as_bytes(), behaviour.suffix, b"\r\n"].concat();
            reader.get_mut().write_all(&reply).await.ok()?;
            reader.get_mut().flush().await.ok()?;
        }
    }
}

fn hello(behaviour: &Behaviour, encrypted: bool) -> String {
    let mut words = vec!["fake", "8BITMIME"];
    words.extend(behaviour.extensions);
    if !encrypted {
        words.extend(behaviour.extensions_in_clear);
        if matches!(behaviour.tls, Encryption::StartTls(..)) {
            words.push("STARTTLS");
        }
    }
    let last = words.pop().unwrap();
    let first: String = words.iter().map(|w| format!("250-{w}\r\n")).collect();
    format!("{first}250 {last}")
}
