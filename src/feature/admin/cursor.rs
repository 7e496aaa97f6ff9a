//! Cursors that only this service can create, each valid for one list and one filter.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use uuid::Uuid;

use crate::{
    error::{Error, Result, Violation},
    secret::{HmacKey, Secrets},
    user::Page,
};

const ID: usize = 16;
const TAG: usize = 16;

/// Creates and reads the cursors of one list. The items of the list are ordered by id.
#[derive(Clone, Debug)]
pub(super) struct Cursors(Vec<HmacKey>);

impl Cursors {
    /// `list` is the name of the list. A cursor for one list is invalid for every other list.
    pub(super) fn new(secrets: &Secrets, list: &str) -> Self {
        Self(secrets.iter().map(|secret| secret.hmac_key(list)).collect())
    }

    /// The id after which the page begins; `None` for the first page. Different filters must be
    /// encoded as different bytes.
    ///
    /// # Errors
    /// [`ValidationFailed`](crate::ErrorKind::ValidationFailed) if the cursor does not belong to this list and filter.
    pub(super) fn after<I: From<Uuid>>(
        &self,
        cursor: Option<&str>,
        filter: &[u8],
    ) -> Result<Option<I>> {
        Ok(cursor
            .map(|cursor| self.open(cursor, filter))
            .transpose()?
            .map(I::from))
    }

    /// The page with the first `limit` items. If `items` has one item more than the limit, there is a next page.
    pub(super) fn page<T>(
        &self,
        mut items: Vec<T>,
        limit: u32,
        filter: &[u8],
        id: impl FnOnce(&T) -> Uuid,
    ) -> Result<Page<T>> {
        let limit = limit as usize;
        let more = items.len() > limit;
        items.truncate(limit);
        let last = items.last().filter(|_| more);
        let next = last.map(|last| self.seal(id(last), filter)).transpose()?;
        Ok(Page::new(items, next))
    }

    fn seal(&self, last: Uuid, filter: &[u8]) -> Result<String> {
        let key = self
            .0
            .first()
            .ok_or_else(|| Error::internal("there is no cursor key"))?;
        let tag = key
            .tag(&message(last.as_bytes(), filter))
            .first_chunk::<TAG>()
            .copied()
            .unwrap_or_default();
        Ok(URL_SAFE_NO_PAD.encode([*last.as_bytes(), tag].concat()))
    }

    fn open(&self, cursor: &str, filter: &[u8]) -> Result<Uuid> {
        self.authentic(cursor, filter).ok_or_else(|| {
            let detail = "the cursor does not belong to this list";
            Error::validation(vec![Violation::new("cursor", "invalid_cursor", detail)])
        })
    }

    fn authentic(&self, cursor: &str, filter: &[u8]) -> Option<Uuid> {
        let mut bytes = [0; ID + TAG];
        let length = URL_SAFE_NO_PAD.decode_slice(cursor, &mut bytes).ok()?;
        let (id, tag) = bytes.split_first_chunk::<ID>()?;
        let message = message(id, filter);
        let ours = length == bytes.len() && self.0.iter().any(|key| key.verify(&message, tag));
        ours.then(|| Uuid::from_bytes(*id))
    }
}

/// All ids have the same length, so no part of a filter can be mistaken for a part of an id.
fn message(id: &[u8; ID], filter: &[u8]) -> Vec<u8> {
    [id.as_slice(), filter].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clock::{Clock as _, SystemClock},
        secret::Secret,
        user::UserId,
    };

    fn id() -> Uuid {
        UserId::new(SystemClock.now()).as_uuid()
    }

    #[test]
    fn a_cursor_opens_for_its_own_list_and_filter_only() {
        let secrets = Secret::generate().into();
        let cursors = Cursors::new(&secrets, "one list");
        let (id, filter) = (id(), b"ann");
        let cursor = cursors.seal(id, filter).unwrap();
        assert_eq!(cursors.open(&cursor, filter).unwrap(), id);
        assert!(cursors.open(&cursor, b"").is_err());
        let other_list = Cursors::new(&secrets, "another list");
        assert!(other_list.open(&cursor, filter).is_err());
        let other = Cursors::new(&Secret::generate().into(), "one list");
        assert!(other.open(&cursor, filter).is_err());
    }

    #[test]
    fn an_edited_cursor_is_refused() {
        let cursors = Cursors::new(&Secret::generate().into(), "a list");
        let cursor = cursors.seal(id(), b"").unwrap();
        for index in 0..cursor.len() {
            let mut edited = cursor.clone().into_bytes();
            edited[index] = if edited[index] == b'A' { b'B' } else { b'A' };
            let edited = std::str::from_utf8(&edited).unwrap();
            assert!(cursors.open(edited, b"").is_err());
        }
        for edited in [
            "",
            "x",
            "%00",
            &cursor[1..],
            &format!("{cursor}A"),
            &cursor.repeat(1000),
        ] {
            assert!(cursors.open(edited, b"").is_err());
        }
    }
}
