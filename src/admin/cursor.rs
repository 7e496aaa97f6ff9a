//! Cursors that only we can make, each for one filter.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use uuid::Uuid;

use crate::{
    error::{Error, Result, Violation},
    secret::{HmacKey, Secrets},
    user::{UserFilter, UserId},
};

const ID: usize = 16;
const TAG: usize = 16;

#[derive(Clone, Debug)]
pub(super) struct Cursors(Vec<HmacKey>);

impl Cursors {
    pub(super) fn new(secrets: &Secrets) -> Self {
        Self(
            secrets
                .iter()
                .map(|secret| secret.hmac_key("user list cursor"))
                .collect(),
        )
    }

    /// The page after this user.
    pub(super) fn seal(&self, last: UserId, filter: &UserFilter) -> Result<String> {
        let key = self
            .0
            .first()
            .ok_or_else(|| Error::internal("there is no cursor key"))?;
        let tag = key.tag(&message(last.as_uuid().as_bytes(), filter));
        let tag = tag.first_chunk::<TAG>().copied().unwrap_or_default();
        Ok(URL_SAFE_NO_PAD.encode([*last.as_uuid().as_bytes(), tag].concat()))
    }

    pub(super) fn open(&self, cursor: &str, filter: &UserFilter) -> Result<UserId> {
        self.authentic(cursor, filter).ok_or_else(|| {
            let detail = "the cursor is not one of this list";
            Error::validation(vec![Violation::new("cursor", "invalid_cursor", detail)])
        })
    }

    fn authentic(&self, cursor: &str, filter: &UserFilter) -> Option<UserId> {
        let mut bytes = [0; ID + TAG];
        let length = URL_SAFE_NO_PAD.decode_slice(cursor, &mut bytes).ok()?;
        let (id, tag) = bytes.split_first_chunk::<ID>()?;
        let message = message(id, filter);
        let ours = length == bytes.len() && self.0.iter().any(|key| key.verify(&message, tag));
        ours.then(|| Uuid::from_bytes(*id).into())
    }
}

/// The id, and the filter in an unambiguous form: no part can hold the separator, which is not UTF-8.
fn message(id: &[u8; ID], filter: &UserFilter) -> Vec<u8> {
    let email = filter.email.as_ref().map_or("", |email| email.as_str());
    let role = filter.role.as_ref().map_or("", |role| role.as_str());
    let status = filter.status.map_or("", |status| status.as_str());
    [
        id.as_slice(),
        email.as_bytes(),
        role.as_bytes(),
        status.as_bytes(),
    ]
    .join(&0xFF)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clock::{Clock as _, SystemClock},
        secret::Secret,
        user::EmailPrefix,
    };

    #[test]
    fn a_cursor_opens_for_its_own_filter_only() {
        let cursors = Cursors::new(&Secret::generate().into());
        let id = UserId::new(SystemClock.now());
        let filter = UserFilter {
            email: Some(EmailPrefix::new("ann")),
            ..UserFilter::default()
        };
        let cursor = cursors.seal(id, &filter).unwrap();
        assert_eq!(cursors.open(&cursor, &filter).unwrap(), id);
        assert!(cursors.open(&cursor, &UserFilter::default()).is_err());
        assert!(
            Cursors::new(&Secret::generate().into())
                .open(&cursor, &filter)
                .is_err()
        );
    }

    #[test]
    fn an_edited_cursor_is_refused() {
        let cursors = Cursors::new(&Secret::generate().into());
        let filter = UserFilter::default();
        let cursor = cursors
            .seal(UserId::new(SystemClock.now()), &filter)
            .unwrap();
        for index in 0..cursor.len() {
            let mut edited = cursor.clone().into_bytes();
            edited[index] = if edited[index] == b'A' { b'B' } else { b'A' };
            assert!(
                cursors
                    .open(std::str::from_utf8(&edited).unwrap(), &filter)
                    .is_err()
            );
        }
        for edited in [
            "",
            "x",
            "%00",
            &cursor[1..],
            &format!("{cursor}A"),
            &cursor.repeat(1000),
        ] {
            assert!(cursors.open(edited, &filter).is_err());
        }
    }
}
