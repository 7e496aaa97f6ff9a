//! The summary that a server shows on a terminal when it is ready.

use std::{fmt, net::SocketAddr, path::Path};

use url::form_urlencoded;

use crate::{
    printable::printable,
    secret::{self, SecretOrigin},
};

/// A summary of the server for the person who started it. It never shows a password.
#[derive(Clone, Debug)]
pub(crate) struct Banner<'a> {
    pub(crate) address: SocketAddr,
    pub(crate) has_sign_in: bool,
    /// The administrator's address in the settings.
    pub(crate) administrator: Option<&'a str>,
    pub(crate) database_url: &'a str,
    pub(crate) smtp_url: Option<&'a str>,
    pub(crate) secret: SecretOrigin,
}

impl fmt::Display for Banner<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let version = env!("CARGO_PKG_VERSION");
        writeln!(f, "Hallpass {version} on http://{}", self.address)?;
        let pages = [
            self.has_sign_in.then(|| ("sign in", "/sign-in".to_owned())),
            Some(("docs", "/docs".to_owned())),
            self.has_sign_in
                .then(|| ("console", console(self.administrator))),
        ];
        let parts = [
            ("database", database(self.database_url)),
            (
                "mails",
                self.smtp_url
                    .map_or_else(|| "printed here".to_owned(), mail_server),
            ),
            ("secret", origin(self.secret)),
        ];
        table(f, &[pages.into_iter().flatten().collect(), parts.into()])
    }
}

/// Writes rows of labels and values in columns.
fn table(f: &mut fmt::Formatter<'_>, rows: &[Vec<(&str, String)>]) -> fmt::Result {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        let widths = cells.map(|(label, value)| (label.len(), value.chars().count()));
        widths.fold((0, 0), |(a, b), (label, value)| {
            (a.max(label), b.max(value))
        })
    };
    for row in rows {
        let mut line = String::new();
        for (column, (label, value)) in row.iter().enumerate() {
            let (labels, values) = width(column);
            line.push_str(&format!("  {label:labels$}  {value:values$}"));
        }
        writeln!(f, "{}", line.trim_end())?;
    }
    Ok(())
}

fn console(administrator: Option<&str>) -> String {
    match administrator {
        Some(email) => format!("/console ({})", printable(email)),
        None => "/console".to_owned(),
    }
}

fn origin(secret: SecretOrigin) -> String {
    match secret {
        SecretOrigin::File => secret::FILE.to_owned(),
        SecretOrigin::NewFile => format!("{} (new)", secret::FILE),
        SecretOrigin::Setting => "HALLPASS_SECRET".to_owned(),
    }
}

/// The name of the file, or the host and the name of the database.
fn database(url: &str) -> String {
    let shown = match url.strip_prefix("sqlite:") {
        Some(rest) => file(rest),
        None => postgres(url).unwrap_or_else(|| "Postgres".to_owned()),
    };
    printable(&shown).into_owned()
}

fn file(rest: &str) -> String {
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let path = path.strip_prefix("//").unwrap_or(path);
    if path == ":memory:" || parameter(query, "mode").as_deref() == Some("memory") {
        return "in memory".to_owned();
    }
    let name = Path::new(path).file_name();
    name.map_or(path.into(), |name| name.to_string_lossy())
        .into_owned()
}

fn postgres(url: &str) -> Option<String> {
    let Place { hosts, path, query } = Place::of(url)?;
    let hosts = parameter(query, "host").unwrap_or_else(|| hosts.to_owned());
    let name = parameter(query, "dbname").unwrap_or_else(|| path.trim_matches('/').to_owned());
    let parts = [hosts, name].into_iter().filter(|part| !part.is_empty());
    let shown = parts.collect::<Vec<_>>().join("/");
    (!shown.is_empty()).then_some(shown)
}

fn mail_server(url: &str) -> String {
    let hosts = Place::of(url).map(|place| place.hosts);
    printable(hosts.unwrap_or("SMTP")).into_owned()
}

/// The parts of a URL that hold no user and no password.
struct Place<'a> {
    hosts: &'a str,
    path: &'a str,
    query: &'a str,
}

impl<'a> Place<'a> {
    fn of(url: &'a str) -> Option<Self> {
        let (_, rest) = url.split_once("://")?;
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, rest) = rest.split_at(end);
        if rest.contains('@') {
            // The password may contain one of the delimiters.
            return None;
        }
        let hosts = authority
            .rsplit_once('@')
            .map_or(authority, |(_, hosts)| hosts);
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        Some(Self { hosts, path, query })
    }
}

fn parameter(query: &str, name: &str) -> Option<String> {
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    let found = pairs.find(|(known, _)| known == name);
    found.map(|(_, value)| value.into_owned())
}

#[cfg(test)]
mod tests;
