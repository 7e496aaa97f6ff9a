//! A minimal mail server.

use std::{
    io::{BufRead as _, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc,
        mpsc::{self, Receiver, Sender},
    },
    thread,
};

use tokio_rustls::rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};

use crate::certificates::Identity;

/// Serves mails, and passes on those with a reset link, each as its whole text.
pub(crate) fn serve(listener: TcpListener) -> Receiver<String> {
    accept(listener, talk)
}

/// The same with TLS from the start.
pub(crate) fn serve_tls(listener: TcpListener, identity: &Identity) -> Receiver<String> {
    let certificate = CertificateDer::from_pem_slice(identity.certificate.as_bytes()).unwrap();
    let key = PrivateKeyDer::from_pem_slice(identity.key.as_bytes()).unwrap();
    let config = ServerConfig::builder().with_no_client_auth();
    let config = Arc::new(config.with_single_cert(vec![certificate], key).unwrap());
    accept(listener, move |connection, mails| {
        let tls = ServerConnection::new(Arc::clone(&config)).ok()?;
        talk(StreamOwned::new(tls, connection), mails)
    })
}

fn accept(
    listener: TcpListener,
    talk: impl Fn(TcpStream, &Sender<String>) -> Option<()> + Clone + Send + 'static,
) -> Receiver<String> {
    let (sender, mails) = mpsc::channel();
    thread::spawn(move || {
        for connection in listener.incoming().map_while(Result::ok) {
            let (talk, sender) = (talk.clone(), sender.clone());
            thread::spawn(move || talk(connection, &sender));
        }
    });
    mails
}

/// The part of RFC 5321 that is needed. It ends when the other side does.
fn talk(connection: impl Read + Write, mails: &Sender<String>) -> Option<()> {
    let mut connection = BufReader::new(connection);
    say(&mut connection, "220 test")?;
    loop {
        match line(&mut connection)?.split([' ', ':']).next()? {
            "EHLO" => say(&mut connection, "250-test\r\n250 8BITMIME")?,
            "DATA" => {
                say(&mut connection, "354 go on")?;
                let mut mail = Vec::new();
                loop {
                    match line(&mut connection)? {
                        end if end == "." => break,
                        line => mail.push(line),
                    }
                }
                if mail.iter().any(|line| line.contains("/reset-password?")) {
                    mails.send(mail.join("\r\n")).ok()?;
                }
                say(&mut connection, "250 taken")?;
            }
            "QUIT" => return say(&mut connection, "221 bye"),
            _ => say(&mut connection, "250 fine")?,
        }
    }
}

fn line(connection: &mut BufReader<impl Read>) -> Option<String> {
    let mut line = String::new();
    connection.read_line(&mut line).ok()?;
    Some(line.strip_suffix("\r\n")?.to_owned())
}

fn say(connection: &mut BufReader<impl Read + Write>, text: &str) -> Option<()> {
    let connection = connection.get_mut();
    connection
        .write_all(format!("{text}\r\n").as_bytes())
        .ok()?;
    connection.flush().ok()
}

/// The token of the first link in the mail.
pub(crate) fn token(mail: &str) -> String {
    let (_, rest) = mail
        .split_once("?token=")
        .unwrap_or_else(|| panic!("no link in {mail}"));
    let token = rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-');
    token.map(str::to_owned).next().unwrap()
}
