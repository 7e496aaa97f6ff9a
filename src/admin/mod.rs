//! The administrator's use cases.

mod cursor;
#[cfg(feature = "http")]
pub(crate) mod http;

use self::cursor::Cursors;
use crate::{
    error::{Error, Result, Violation},
    secret::Secrets,
    store::Store,
    user::{Page, User, UserQuery},
};

const MAX_LIMIT: u32 = 200;

/// The use cases of this folder. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Administration {
    cursors: Cursors,
}

impl Administration {
    pub(crate) fn new(secrets: &Secrets) -> Self {
        Self {
            cursors: Cursors::new(secrets),
        }
    }

    pub(crate) async fn list_users(
        &self,
        store: &dyn Store,
        query: &UserQuery,
    ) -> Result<Page<User>> {
        if !(1..=MAX_LIMIT).contains(&query.limit) {
            let detail = format!("the limit is 1 to {MAX_LIMIT}");
            return Err(Error::validation(vec![Violation::new(
                "limit",
                "out_of_range",
                detail,
            )]));
        }
        let open = |cursor: &String| self.cursors.open(cursor, &query.filter);
        let after = query.cursor.as_ref().map(open).transpose()?;
        // One more than asked for tells whether there is a next page.
        let mut users = store
            .list_users(&query.filter, after, query.limit + 1)
            .await?;
        let limit = query.limit as usize;
        let more = users.len() > limit;
        users.truncate(limit);
        let next = users.last().filter(|_| more);
        let next = next
            .map(|user| self.cursors.seal(user.id, &query.filter))
            .transpose()?;
        Ok(Page::new(users, next))
    }
}
