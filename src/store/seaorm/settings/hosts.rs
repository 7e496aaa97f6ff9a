//! The hosts in a Postgres URL and the choice among them.

use std::time::Duration;

use sea_orm::{
    SqlxError,
    sqlx::{self, ConnectOptions as _, PgConnection, Row as _, postgres::PgConnectOptions},
};
use tokio::time::{Instant, sleep, timeout_at};
use url::form_urlencoded;

use super::unknown_parameter;
use crate::{
    error::{Error, StoreError},
    store::seaorm::error::{connection_error, store_error},
};

/// The names of the URL parameters that the driver reads, in all spellings.
const PARAMETERS: [&str; 18] = [
    "application_name",
    "dbname",
    "host",
    "hostaddr",
    "options",
    "password",
    "port",
    "ssl-ca",
    "ssl-cert",
    "ssl-key",
    "ssl-mode",
    "ssl-root-cert",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "statement-cache-capacity",
    "user",
];

/// The pause between two rounds in which no host was usable.
const PAUSE: Duration = Duration::from_millis(50);

/// The role that a host must have (`target_session_attrs`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    Any,
    Primary,
    ReadWrite,
}

impl Wanted {
    /// Whether this connection's host has the required role.
    pub(super) async fn suits(self, connection: &mut PgConnection) -> Result<bool, SqlxError> {
        let sql = match self {
            Self::Any => "SELECT true",
            Self::Primary => "SELECT NOT pg_is_in_recovery()",
            Self::ReadWrite => {
                "SELECT NOT pg_is_in_recovery() AND current_setting('transaction_read_only') = 'off'"
            }
        };
        sqlx::raw_sql(sql).fetch_one(connection).await?.try_get(0)
    }

    fn parse(text: &str) -> Result<Self, Error> {
        match text {
            "any" => Ok(Self::Any),
            "primary" => Ok(Self::Primary),
            "read-write" => Ok(Self::ReadWrite),
            _ => Err(Error::configuration(
                "target_session_attrs of the database URL: expected any, primary or read-write",
            )),
        }
    }
}

/// The driver options for one host, as if the URL named no other host.
#[derive(Clone)]
pub(super) struct Host {
    /// The URL without parameters that the driver does not support.
    pub(super) url: String,
    pub(super) options: PgConnectOptions,
}

/// All hosts, in the order in which they are tried.
#[derive(Clone)]
pub(super) struct Hosts {
    hosts: Vec<Host>,
    wanted: Wanted,
}

impl Hosts {
    /// Reads `postgres://user:password@host:port,host:port/database?…`, or the lists `host=` and `port=` of the query.
    /// The driver reads the rest of the URL, once for each host.
    pub(super) fn parse(
        url: &str,
        tune: impl Fn(PgConnectOptions) -> PgConnectOptions,
    ) -> Result<Self, Error> {
        let parts = Parts::of(url).ok_or_else(not_a_url)?;
        parts.ensure_known()?;
        let hosts = parts
            .urls()?
            .into_iter()
            .map(|url| {
                let options: PgConnectOptions = url.parse().map_err(|_| not_a_url())?;
                let options = tune(unbracketed(options)).disable_statement_logging();
                Ok(Host { url, options })
            })
            .collect::<Result<Vec<Host>, Error>>()?;
        let wanted = match parts.wanted {
            Some(wanted) => Wanted::parse(wanted)?,
            // The store does not work on a read-only host.
            None if hosts.len() > 1 => Wanted::ReadWrite,
            None => Wanted::Any,
        };
        Ok(Self { hosts, wanted })
    }

    pub(super) fn wanted(&self) -> Wanted {
        self.wanted
    }

    /// Returns the host if it is the only one.
    pub(super) fn only(&self) -> Option<&Host> {
        match self.hosts.as_slice() {
            [host] => Some(host),
            _ => None,
        }
    }

    /// Whether the chosen host may change.
    pub(super) fn may_change(&self) -> bool {
        self.hosts.len() > 1 || self.wanted != Wanted::Any
    }

    /// Finds the first host that accepts a connection and has the required role. Tries the hosts in rounds, until
    /// `patience` has passed or another round cannot succeed.
    pub(super) async fn find(
        &self,
        patience: Duration,
    ) -> Result<(&Host, PgConnection), StoreError> {
        let end = Instant::now() + patience;
        let share = patience / u32::try_from(self.hosts.len()).unwrap_or(u32::MAX).max(1);
        let mut misfit = None;
        // The last transient connection error. This error is returned instead of a timeout, because it is more
        // specific.
        let mut passing = None;
        loop {
            let mut may_pass = misfit.is_some();
            let mut lasting = None;
            for host in &self.hosts {
                let until = end.min(Instant::now() + share);
                match timeout_at(until, self.open(host)).await {
                    Ok(Ok(Some(connection))) => return Ok((host, connection)),
                    Ok(Ok(None)) => {
                        misfit = Some(unavailable("no host of the database URL accepts writes"));
                        may_pass = true;
                    }
                    Ok(Err(error)) if is_passing(&error) => {
                        passing = Some(connect_error(error));
                        may_pass = true;
                    }
                    Ok(Err(error)) => lasting = Some(connect_error(error)),
                    Err(_) => may_pass = true,
                }
            }
            if !may_pass || Instant::now() + PAUSE >= end {
                let error = misfit.or(lasting).or(passing);
                return Err(
                    error.unwrap_or_else(|| unavailable("no host of the database URL answers"))
                );
            }
            sleep(PAUSE).await;
        }
    }

    /// Connects to a host; returns `None` if the host does not have the required role.
    async fn open(&self, host: &Host) -> Result<Option<PgConnection>, SqlxError> {
        let mut connection = host.options.connect().await?;
        if self.wanted == Wanted::Any || self.wanted.suits(&mut connection).await? {
            return Ok(Some(connection));
        }
        sqlx::Connection::close(connection).await?;
        Ok(None)
    }
}

/// Whether this error is transient, for example because the host is still starting.
fn is_passing(error: &SqlxError) -> bool {
    match error {
        SqlxError::Io(_) => true,
        SqlxError::Database(error) => error.is_transient_in_connect_phase(),
        _ => false,
    }
}

pub(super) fn connect_error(error: SqlxError) -> StoreError {
    store_error(&connection_error(error))
}

fn unavailable(text: &'static str) -> StoreError {
    StoreError::Unavailable(text.into())
}

pub(super) fn not_a_url() -> Error {
    Error::configuration("the database URL is not a Postgres URL")
}

/// Removes the brackets of an IPv6 address, because the driver would look up the bracketed text as a host name and find
/// nothing.
pub(super) fn unbracketed(options: PgConnectOptions) -> PgConnectOptions {
    let host = options.get_host();
    let inner = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    match inner.map(str::to_owned) {
        Some(inner) => options.host(&inner),
        None => options,
    }
}

/// The parts of a URL, exactly as written.
struct Parts<'a> {
    /// `postgres://user:password@`
    front: &'a str,
    hosts: Vec<&'a str>,
    path: &'a str,
    query: Vec<&'a str>,
    wanted: Option<&'a str>,
    /// The values of `host=` and `port=` in the query, if one of them is a list.
    listed: Option<Lists>,
}

struct Lists {
    hosts: Vec<String>,
    ports: Vec<String>,
}

impl<'a> Parts<'a> {
    fn of(url: &'a str) -> Option<Self> {
        let authority = url.find("://")? + 3;
        let end = url.get(authority..)?.find(['/', '?', '#']);
        let end = end.map_or(url.len(), |end| authority + end);
        let named = url.get(authority..end)?;
        let hosts = named.rfind('@').map_or(0, |at| at + 1);
        let (front, rest) = url.split_at(authority + hosts);
        let (hosts, rest) = rest.split_at(end - front.len());
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let query = query.split('&').filter(|pair| !pair.is_empty());
        let (wanted, query): (Vec<_>, Vec<_>) =
            query.partition(|pair| pair.starts_with("target_session_attrs="));
        let wanted = wanted.last().and_then(|pair| pair.split_once('='));
        let (listed, query) = lists(query);
        Some(Self {
            front,
            hosts: hosts.split(',').collect(),
            path,
            query,
            wanted: wanted.map(|(_, value)| value),
            listed,
        })
    }

    /// Refuses unknown parameters. The driver would log them with their values, and continue without them.
    fn ensure_known(&self) -> Result<(), Error> {
        let query = self.query.join("&");
        for (name, _) in form_urlencoded::parse(query.as_bytes()) {
            let is_option = name.starts_with("options[") && name.ends_with(']');
            if !is_option && !PARAMETERS.contains(&&*name) {
                return Err(unknown_parameter(&name));
            }
        }
        Ok(())
    }

    /// Returns one URL for each host.
    fn urls(&self) -> Result<Vec<String>, Error> {
        let url = |host: &str, more: &[String]| {
            let mut query: Vec<&str> = self.query.clone();
            query.extend(more.iter().map(String::as_str));
            let mark = if query.is_empty() { "" } else { "?" };
            format!("{}{host}{}{mark}{}", self.front, self.path, query.join("&"))
        };
        let Some(Lists { hosts, ports }) = &self.listed else {
            if self.hosts.len() > 1 && self.hosts.iter().any(|host| host.is_empty()) {
                return Err(not_a_url());
            }
            return Ok(self.hosts.iter().map(|host| url(host, &[])).collect());
        };
        let [host] = self.hosts.as_slice() else {
            return Err(not_a_url());
        };
        let is_whole = hosts.iter().chain(ports).all(|item| !item.is_empty());
        if !is_whole || !(ports.len() <= 1 || ports.len() == hosts.len()) {
            return Err(not_a_url());
        }
        Ok(hosts
            .iter()
            .enumerate()
            .map(|(index, listed)| {
                let port = ports
                    .get(index)
                    .or(ports.first())
                    .map(|port| format!("port={port}"));
                let more: Vec<String> = [Some(format!("host={listed}")), port]
                    .into_iter()
                    .flatten()
                    .collect();
                url(host, &more)
            })
            .collect())
    }
}

/// Removes `host=` and `port=` from the query if `host=` lists several hosts.
fn lists(query: Vec<&str>) -> (Option<Lists>, Vec<&str>) {
    let list = |name: &str| {
        let value = query
            .iter()
            .filter_map(|pair| pair.strip_prefix(name))
            .next_back()?
            .replace("%2C", ",")
            .replace("%2c", ",");
        Some(value.split(',').map(str::to_owned).collect::<Vec<_>>())
    };
    let hosts = list("host=").unwrap_or_default();
    if hosts.len() < 2 {
        return (None, query);
    }
    let ports = list("port=").unwrap_or_default();
    let rest = query
        .into_iter()
        .filter(|pair| !pair.starts_with("host=") && !pair.starts_with("port="));
    (Some(Lists { hosts, ports }), rest.collect())
}

#[cfg(test)]
mod tests;
