//! A host that belongs to somebody else.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream},
    sync::Arc,
    thread,
};

/// Header lines, each with its end, and the page.
pub(super) type Content = (String, String);

/// Serves what the function returns for a path without its slash, and returns the address.
pub(super) fn serve(content: impl Fn(&str) -> Content + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let content = Arc::new(content);
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let content = Arc::clone(&content);
            // Browsers open more connections than they use.
            thread::spawn(move || answer(&stream, &*content));
        }
    });
    address
}

fn answer(stream: &TcpStream, content: &dyn Fn(&str) -> Content) {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let Some(first) = lines.next() else {
        return;
    };
    let page = first.split(['/', ' ']).nth(2).unwrap_or_default();
    lines.find(String::is_empty);
    let (headers, html) = content(page);
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\nconnection: close";
    let length = html.len();
    write!(
        &*stream,
        "{head}\r\n{headers}content-length: {length}\r\n\r\n{html}"
    )
    .ok();
}
