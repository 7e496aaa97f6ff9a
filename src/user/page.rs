//! List pages.

use super::UserFilter;

/// One page of a longer list.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// The cursor of the next page; `None` on the last page.
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// A page with these items.
    #[must_use]
    pub fn new(items: Vec<T>, next_cursor: Option<String>) -> Self {
        Self { items, next_cursor }
    }
}

/// Selects a page of users. By default, this is the first page of all users, with up to 50 users.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct UserQuery {
    /// The filter.
    pub filter: UserFilter,
    /// The maximum number of users: 1 to 200, 50 by default.
    pub limit: u32,
    /// The start of the page: the `next_cursor` of the previous page, which must have the same filter.
    pub cursor: Option<String>,
}

impl Default for UserQuery {
    fn default() -> Self {
        Self {
            filter: UserFilter::default(),
            limit: 50,
            cursor: None,
        }
    }
}

impl UserQuery {
    /// The first page of the users that match the filter.
    #[must_use]
    pub fn new(filter: UserFilter) -> Self {
        Self {
            filter,
            ..Self::default()
        }
    }
}
