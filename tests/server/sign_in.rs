//! The pages on which people sign in, in a browser.

mod account;
mod application;
mod clicks;
mod console;
mod forms;
mod host;
mod journey;
mod keyboard;
mod notes;
mod provider;
mod second_factor;
mod sibling;
mod tls;

use tempfile::TempDir;

use crate::{
    chromium::Chromium,
    postgres::{self, PostgresDatabase},
    process::{PASSWORD, SECRET, SERVERS, Server, folder, free_address},
};

const ANN: &str = "ann@example.org";

/// The place where people go on after the sign-in. It shows the account of the browser's session.
const NEXT: &str = "?next=%2Fusers%2Fme";

/// The button of the form of a page.
const BUTTON: &str = "main form > button";

/// A server whose pages a browser can open.
struct Site {
    server: Server,
    url: String,
    name: &'static str,
    _folder: TempDir,
    _database: Option<PostgresDatabase>,
}

impl Site {
    /// Starts a server on Postgres if there is a database, and otherwise on SQLite.
    fn start(
        name: &'static str,
        database: Option<PostgresDatabase>,
        settings: &[(&str, &str)],
    ) -> Self {
        let address = free_address();
        let url = format!("http://{address}");
        Self::start_at(name, (&address, &url), database, settings)
    }

    /// The same, at this address and with this public URL.
    fn start_at(
        name: &'static str,
        (address, url): (&str, &str),
        database: Option<PostgresDatabase>,
        settings: &[(&str, &str)],
    ) -> Self {
        let folder = folder();
        let mut own = vec![("HALLPASS_BIND", address), ("HALLPASS_PUBLIC_URL", url)];
        if let Some(database) = &database {
            own.extend([
                ("DATABASE_URL", database.url()),
                ("HALLPASS_SECRET", SECRET),
            ]);
        }
        let server = Server::of(name, folder.path(), &[&own, settings].concat());
        Self {
            server,
            url: url.to_owned(),
            name,
            _folder: folder,
            _database: database,
        }
    }

    /// One server on SQLite, and the other one on Postgres.
    async fn two(settings: &[(&str, &str)]) -> [Self; 2] {
        let [first, second] = SERVERS;
        [
            Self::start(first, None, settings),
            Self::start(second, postgres::empty().await, settings),
        ]
    }

    /// The same servers with the databases the other way round.
    async fn other_two(settings: &[(&str, &str)]) -> [Self; 2] {
        let [first, second] = SERVERS;
        [
            Self::start(first, postgres::empty().await, settings),
            Self::start(second, None, settings),
        ]
    }

    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// The mailed link to this page.
    fn link(&self, page: &str) -> String {
        let line = self.server.stdout.wait_for(&format!("/{page}?token="));
        line.expect("a mail with a link").trim().to_owned()
    }
}

impl Chromium {
    /// Fills in the address and the password, and sends the form.
    fn send_credentials(&mut self, email: &str, password: &str) {
        self.fill("#email", email);
        self.fill("#password", password);
        self.click(BUTTON);
    }

    /// Signs in on the page.
    fn sign_in(&mut self, site: &Site, email: &str) {
        self.open(&site.at(&format!("/sign-in{NEXT}")));
        self.send_credentials(email, PASSWORD);
        self.is_signed_in(site, email);
    }

    /// Checks that the browser has arrived at the place where this user goes on.
    fn is_signed_in(&mut self, site: &Site, email: &str) {
        let html = self.html();
        assert_eq!(self.url(), site.at("/users/me"), "{html}");
        assert!(html.contains(&format!("\"{email}\"")), "{html}");
    }

    fn shows(&mut self, text: &str) {
        let html = self.html();
        assert!(html.contains(text), "no {text:?}: {html}");
    }

    /// Checks that the browser has found nothing wrong with any page.
    fn has_no_complaints(&self) {
        let complaints = &self.complaints;
        assert!(complaints.is_empty(), "{complaints:?}");
    }
}
