//! The log lines about clients that call too often.

use std::{
    collections::HashMap,
    mem,
    sync::{Mutex, PoisonError},
};

use chrono::TimeDelta;

use crate::{clock::Timestamp, limit::LimitKey};

/// The period that one log line about a client covers.
const MINUTE: TimeDelta = TimeDelta::minutes(1);
/// The number of clients that have their own log line. All other clients share one line.
const CLIENTS: usize = 1000;

/// The refusals that are not logged yet, by client. Clients that share a line are counted under the
/// key `None`.
#[derive(Debug, Default)]
pub(super) struct Complaints(Mutex<Open>);

#[derive(Debug, Default)]
struct Open {
    clients: HashMap<Option<LimitKey>, Client>,
    looked_at: Option<Timestamp>,
}

#[derive(Debug)]
struct Client {
    said_at: Timestamp,
    refused: u64,
}

/// One log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Complaint {
    pub(super) client: Option<LimitKey>,
    /// The number of refusals that the line reports.
    pub(super) refused: u64,
}

impl Complaints {
    /// Counts one more refusal and returns the lines that are due, at most one per client per minute. The line about
    /// this client comes last.
    pub(super) fn take(&self, client: Option<LimitKey>, now: Timestamp) -> Vec<Complaint> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut due = open.overdue(client, now);
        let client = open.told_apart(client);
        let known = open.clients.entry(client).or_insert_with(|| Client {
            said_at: now - MINUTE,
            refused: 0,
        });
        known.refused += 1;
        due.extend(known.due(client, now));
        due
    }
}

impl Open {
    /// Collects the lines about other clients once a minute, and forgets a client after a minute
    /// without a new refusal.
    fn overdue(&mut self, but: Option<LimitKey>, now: Timestamp) -> Vec<Complaint> {
        if self.looked_at.is_some_and(|at| is_recent(at, now)) {
            return Vec::new();
        }
        self.looked_at = Some(now);
        let is_reported = |client: &Client| client.refused == 0 && !is_recent(client.said_at, now);
        self.clients.retain(|_, client| !is_reported(client));
        self.clients
            .iter_mut()
            .filter(|(key, _)| **key != but)
            .filter_map(|(key, client)| client.due(*key, now))
            .collect()
    }

    fn told_apart(&self, client: Option<LimitKey>) -> Option<LimitKey> {
        client.filter(|_| self.clients.contains_key(&client) || self.clients.len() < CLIENTS)
    }
}

impl Client {
    fn due(&mut self, client: Option<LimitKey>, now: Timestamp) -> Option<Complaint> {
        if self.refused == 0 || is_recent(self.said_at, now) {
            return None;
        }
        self.said_at = now;
        Some(Complaint {
            client,
            refused: mem::take(&mut self.refused),
        })
    }
}

/// Whether `at` is less than a minute ago. `false` if `at` is in the future, which means that the clock was set back.
fn is_recent(at: Timestamp, now: Timestamp) -> bool {
    at <= now && now - at < MINUTE
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
    }

    fn client(number: u16) -> Option<LimitKey> {
        let mut key = [0; 16];
        key[..2].copy_from_slice(&number.to_be_bytes());
        Some(key.into())
    }

    fn line(client: Option<LimitKey>, refused: u64) -> Complaint {
        Complaint { client, refused }
    }

    #[test]
    fn a_repeatedly_refused_client_has_one_line_a_minute() {
        let complaints = Complaints::default();
        let mut lines = Vec::new();
        for second in 0..=180 {
            for _ in 0..10 {
                lines.extend(complaints.take(client(1), at(second)));
            }
        }
        let counts: Vec<u64> = lines.iter().map(|line| line.refused).collect();
        assert_eq!(counts, [1, 600, 600, 600]);
    }

    #[test]
    fn clients_have_lines_of_their_own() {
        let complaints = Complaints::default();
        for number in 1..=3 {
            assert_eq!(
                complaints.take(client(number), at(0)),
                [line(client(number), 1)]
            );
            assert_eq!(complaints.take(client(number), at(1)), []);
        }
    }

    #[test]
    fn the_count_of_a_former_client_is_logged_with_the_next_one() {
        let complaints = Complaints::default();
        for _ in 0..100 {
            complaints.take(client(1), at(0));
        }
        let lines = complaints.take(client(2), at(60));
        assert_eq!(lines, [line(client(1), 99), line(client(2), 1)]);
        assert_eq!(complaints.take(client(1), at(61)), []);
    }

    #[test]
    fn memory_and_lines_are_bounded_for_many_clients() {
        let complaints = Complaints::default();
        let mut lines = 0;
        for number in 0..20_000 {
            lines += complaints.take(client(number), at(0)).len();
        }
        assert_eq!(lines, CLIENTS + 1);
        assert_eq!(complaints.0.lock().unwrap().clients.len(), CLIENTS + 1);
        // The other clients share one line.
        let told = complaints.take(client(0), at(60));
        assert!(told.contains(&line(None, 18_999)), "{told:?}");
        // After the next pass, only this client is left.
        complaints.take(client(0), at(200));
        assert_eq!(complaints.0.lock().unwrap().clients.len(), 1);
    }

    #[test]
    fn a_clock_set_back_suppresses_no_line() {
        let complaints = Complaints::default();
        complaints.take(client(1), at(10_000));
        assert_eq!(complaints.take(client(1), at(0)), [line(client(1), 1)]);
    }
}
