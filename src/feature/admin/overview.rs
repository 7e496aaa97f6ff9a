//! Usage figures for the whole service, and a full overview of one user.

use std::{array, collections::HashMap, time::Duration};

use super::Administration;
use crate::{
    clock::Timestamp,
    error::{ErrorKind, Result},
    event::EventId,
    store::{AccountOverview, FIGURE_DAYS, Figures},
    user::{EmailAddress, User, UserId},
};

/// The maximum number of addresses that are requested from the store at once.
const AT_ONCE: usize = 100;

const DAY: Duration = Duration::from_secs(86_400);

/// The counts of users, sign-ins and emails, and the days that the daily counts cover.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DatedFigures {
    /// The counts.
    pub figures: Figures,
    /// The beginning of each day of [`Figures::days`], in UTC.
    pub days: [Timestamp; FIGURE_DAYS],
}

impl Administration {
    /// The counts of users and emails, and the sign-ins of the last fourteen days in UTC, today included.
    ///
    /// # Errors
    /// [`Unavailable`](ErrorKind::Unavailable) while the database is unreachable.
    pub async fn figures(&self) -> Result<DatedFigures> {
        let today = start_of_day(self.core.clock.now());
        let day = |index: usize| {
            let ago = (FIGURE_DAYS - 1).saturating_sub(index);
            today - DAY * u32::try_from(ago).unwrap_or_default()
        };
        let mut bounds = array::from_fn(|index| EventId::first_of(day(index)));
        bounds[FIGURE_DAYS] = EventId::first_of(today + DAY);
        Ok(DatedFigures {
            figures: self.core.store.figures(&bounds).await?,
            days: array::from_fn(day),
        })
    }

    /// A user, and everything that belongs to the account, read at once.
    ///
    /// # Errors
    /// [`UserNotFound`](ErrorKind::UserNotFound).
    pub async fn account(&self, id: UserId) -> Result<(User, AccountOverview)> {
        let now = self.core.clock.now();
        let mut overview = self.core.store.account(id, now).await?;
        let user = overview.user.take().ok_or(ErrorKind::UserNotFound)?;
        Ok((user, overview))
    }

    /// The addresses of users. Users that do not exist are left out.
    ///
    /// # Errors
    /// [`Unavailable`](ErrorKind::Unavailable) while the database is unreachable.
    pub async fn addresses(&self, ids: &[UserId]) -> Result<HashMap<UserId, EmailAddress>> {
        let mut addresses = HashMap::new();
        for ids in ids.chunks(AT_ONCE) {
            addresses.extend(self.core.store.addresses(ids).await?);
        }
        Ok(addresses)
    }

    /// The user with this address, if there is one.
    ///
    /// # Errors
    /// [`Unavailable`](ErrorKind::Unavailable) while the database is unreachable.
    pub async fn user_with_address(&self, email: &EmailAddress) -> Result<Option<User>> {
        let found = self.core.store.credentials(email).await?;
        Ok(found.map(|found| found.user))
    }
}

fn start_of_day(at: Timestamp) -> Timestamp {
    let seconds = at.timestamp();
    let start = seconds - seconds.rem_euclid(86_400);
    Timestamp::from_timestamp(start, 0).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn day_starts_at_midnight_in_utc() {
        for (at, start) in [
            ("2026-11-29T23:59:59.999999Z", "2026-11-29T00:00:00Z"),
            ("2026-11-29T00:00:00Z", "2026-11-29T00:00:00Z"),
            ("1969-12-31T10:00:00Z", "1969-12-31T00:00:00Z"),
        ] {
            let at: Timestamp = at.parse().unwrap();
            let start: Timestamp = start.parse().unwrap();
            assert_eq!(start_of_day(at), start);
        }
    }
}
