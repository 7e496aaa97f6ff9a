//! A mail server of a few lines.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream},
    sync::mpsc::{self, Receiver, Sender},
    thread,
};

/// The mails with a reset link that come in, each as its whole text.
pub(crate) fn serve(listener: TcpListener) -> Receiver<String> {
    let (sender, mails) = mpsc::channel();
    thread::spawn(move || {
        for connection in listener.incoming().map_while(Result::ok) {
            let sender = sender.clone();
            thread::spawn(move || talk(connection, &sender));
        }
    });
    mails
}

/// RFC 5321, as far as it is needed. Ends when the other side does.
fn talk(mut connection: TcpStream, mails: &Sender<String>) -> Option<()> {
    let lines = BufReader::new(connection.try_clone().ok()?).lines();
    let mut lines = lines.map_while(Result::ok);
    let mut say = |text: &str| connection.write_all(format!("{text}\r\n").as_bytes()).ok();
    say("220 test")?;
    while let Some(line) = lines.next() {
        match line.split([' ', ':']).next()? {
            "EHLO" => say("250-test\r\n250 8BITMIME")?,
            "DATA" => {
                say("354 go on")?;
                let mail: Vec<String> = lines.by_ref().take_while(|line| line != ".").collect();
                if mail.iter().any(|line| line.contains("/reset-password?")) {
                    mails.send(mail.join("\r\n")).ok()?;
                }
                say("250 taken")?;
            }
            "QUIT" => return say("221 bye"),
            _ => say("250 fine")?,
        }
    }
    Some(())
}

/// The token of the first link in the mail.
pub(crate) fn token(mail: &str) -> String {
    // Quoted-printable: lines are broken, and `=` is written as `=3D`.
    let mail = mail.replace("=\r\n", "").replace("=3D", "=");
    let (_, rest) = mail
        .split_once("?token=")
        .unwrap_or_else(|| panic!("no link in {mail}"));
    let token = rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-');
    token.map(str::to_owned).next().unwrap()
}
