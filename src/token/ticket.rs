//! Tickets: opaque tokens that represent an open challenge, and are verifiable without a query.

use std::time::Duration;

use uuid::Uuid;

use super::{ChallengeId, ChallengePurpose, SessionKind, opaque::OpaqueKeys};
use crate::{
    clock::Timestamp,
    id::UserId,
    secret::{Secrets, Ticket},
};

/// How long a ticket is valid.
pub(crate) const TICKET_LIFETIME: Duration = Duration::from_secs(300);

/// The length of the purpose, kind, challenge id, user id and device id.
const BODY: usize = 1 + 1 + 16 + 16 + 16;
/// The device id in a ticket whose device is not known.
const UNKNOWN: [u8; 16] = [0; 16];
/// How far clocks may differ, in seconds.
const SKEW: i64 = 60;

/// Creates and reads tickets: [opaque tokens](OpaqueKeys) `hp_ct_…` that consist of purpose (1 byte), kind of the
/// session to open (1), challenge id (16), user id (16) and device id (16, zeros for an unknown device).
#[derive(Clone, Debug)]
pub(crate) struct Tickets(OpaqueKeys);

/// The parts of an authentic ticket. Only the store can determine whether the ticket's challenge is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ParsedTicket {
    pub(crate) purpose: ChallengePurpose,
    /// The kind of the session that the sign-in opens.
    pub(crate) kind: SessionKind,
    pub(crate) id: ChallengeId,
    pub(crate) user_id: UserId,
    /// The device that was used for the first proof, if known. Wrong codes from this device are counted separately.
    pub(crate) device: Option<[u8; 16]>,
}

impl ParsedTicket {
    /// Whether the ticket expired so long ago that it is expired on every instance, even one whose clock is behind.
    fn is_stale(&self, now: Timestamp) -> bool {
        let (issued, _) = self
            .id
            .as_uuid()
            .get_timestamp()
            .map_or((0, 0), |at| at.to_unix());
        let expiry = issued.saturating_add(TICKET_LIFETIME.as_secs());
        now.timestamp() - SKEW > i64::try_from(expiry).unwrap_or(i64::MAX)
    }
}

impl Tickets {
    pub(crate) fn new(secrets: &Secrets) -> Self {
        Self(OpaqueKeys::new(secrets, "ticket", "hp_ct_"))
    }

    pub(crate) fn seal(&self, ticket: &ParsedTicket) -> Option<Ticket> {
        let key = self.0.first()?;
        let sealed = key.seal(&[
            &[ticket.purpose.byte(), ticket.kind.byte()],
            ticket.id.as_uuid().as_bytes(),
            ticket.user_id.as_uuid().as_bytes(),
            &ticket.device.unwrap_or(UNKNOWN),
        ]);
        Some(sealed.into())
    }

    /// Parses a ticket without a query; `None` if this service did not issue it, or it expired long ago.
    pub(crate) fn read(&self, ticket: &Ticket, now: Timestamp) -> Option<ParsedTicket> {
        self.parse(ticket).filter(|parsed| !parsed.is_stale(now))
    }

    fn parse(&self, ticket: &Ticket) -> Option<ParsedTicket> {
        let body = self.0.open::<BODY>(ticket.expose())?;
        let (&purpose, rest) = body.split_first()?;
        let (&kind, rest) = rest.split_first()?;
        let (id, rest) = rest.split_first_chunk::<16>()?;
        let (user_id, rest) = rest.split_first_chunk::<16>()?;
        let device = *rest.first_chunk::<16>()?;
        Some(ParsedTicket {
            purpose: ChallengePurpose::of_byte(purpose)?,
            kind: SessionKind::of_byte(kind)?,
            id: Uuid::from_bytes(*id).into(),
            user_id: Uuid::from_bytes(*user_id).into(),
            device: (device != UNKNOWN).then_some(device),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clock::{Clock as _, ManualClock, SystemClock},
        secret::Secret,
    };

    fn ticket() -> ParsedTicket {
        let now = SystemClock.now();
        ParsedTicket {
            purpose: ChallengePurpose::SecondFactor,
            kind: SessionKind::browser(true),
            id: ChallengeId::new(now),
            user_id: UserId::new(now),
            device: Some([7; 16]),
        }
    }

    #[test]
    fn ticket_is_read_by_every_instance_with_the_secret() {
        let (old, new) = (Secret::generate(), Secret::generate());
        let sealed = Tickets::new(&old.clone().into()).seal(&ticket()).unwrap();
        let rotated = Tickets::new(&Secrets::new(new.clone(), vec![old]).unwrap());
        assert!(rotated.parse(&sealed).is_some());
        assert!(Tickets::new(&new.into()).parse(&sealed).is_none());
    }

    #[test]
    fn ticket_of_the_past_is_refused_without_a_query() {
        let clock = ManualClock::new();
        let tickets = Tickets::new(&Secret::generate().into());
        let whole = ParsedTicket {
            id: ChallengeId::new(clock.now()),
            ..ticket()
        };
        let sealed = tickets.seal(&whole).unwrap();
        clock.advance(TICKET_LIFETIME);
        assert_eq!(tickets.read(&sealed, clock.now()), Some(whole));
        clock.advance(Duration::from_secs(62));
        assert_eq!(tickets.read(&sealed, clock.now()), None);
    }

    #[test]
    fn changed_ticket_is_refused() {
        let tickets = Tickets::new(&Secret::generate().into());
        let whole = ticket();
        let sealed = tickets.seal(&whole).unwrap();
        assert_eq!(tickets.parse(&sealed), Some(whole));
        let text = sealed.expose();
        for index in 0..text.len() {
            let mut bytes = text.as_bytes().to_vec();
            bytes[index] = if bytes[index] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            assert!(tickets.parse(&changed.into()).is_none(), "{index}");
            assert!(tickets.parse(&text[..index].into()).is_none(), "{index}");
        }
    }
}
