//! Pages of lists.

use super::UserFilter;

/// One page of a longer list.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// Where the next page begins; `None` on the last.
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// A page with these items.
    #[must_use]
    pub fn new(items: Vec<T>, next_cursor: Option<String>) -> Self {
        Self { items, next_cursor }
    }
}

/// A page of users. The default is the first fifty of all.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct UserQuery {
    /// The filter.
    pub filter: UserFilter,
    /// How many at most: 1 to 200, 50 by default.
    pub limit: u32,
    /// Where the page begins: the `next_cursor` of a page of the same filter.
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
    /// The first page of these users.
    #[must_use]
    pub fn new(filter: UserFilter) -> Self {
        Self {
            filter,
            ..Self::default()
        }
    }
}
