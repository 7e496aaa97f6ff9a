//! `GET /console/users`.

use super::{
    super::{
        super::{
            UserSearch, UsersView,
            answer::Reply,
            frame::{Frame, Tab},
        },
        Parts,
    },
    Admin, Asked, Below,
};
use crate::{
    error::Result,
    token::ActiveUser,
    user::{EmailPrefix, Page, User, UserFilter, UserId, UserQuery},
};

const PAGE: &str = "console/users";

/// The number of users on a page.
const SHOWN: u32 = 25;

/// The longest address, in bytes (RFC 5321).
const LONGEST: usize = 254;

pub(super) async fn show(
    parts: Parts,
    Below(asked): Below<1>,
    Admin(admin): Admin,
) -> Result<Reply> {
    let search = search(&asked);
    if let Ok(id) = search.email.parse::<UserId>() {
        return Ok(Reply::see_other(asked.to(&format!("console/users/{id}"))));
    }
    let Some(query) = query(&search, asked.parameter("cursor")) else {
        let nobody = Page::new(Vec::new(), None);
        return parts.users_page(&asked, &admin, &search, &nobody);
    };
    match parts.service.list_users(&query).await {
        Ok(page) => parts.users_page(&asked, &admin, &search, &page),
        Err(error) => asked.first_page(PAGE, &search.query(), query.cursor.as_deref(), error),
    }
}

fn search(asked: &Asked) -> UserSearch {
    let text = |name| asked.parameter(name).unwrap_or_default().trim().to_owned();
    UserSearch {
        email: text("email"),
        role: text("role"),
        status: text("status").parse().ok(),
    }
}

/// The query for a search; `None` if no user can match.
fn query(search: &UserSearch, cursor: Option<&str>) -> Option<UserQuery> {
    let email = search.email.as_str();
    if email.len() > LONGEST || email.chars().any(char::is_control) {
        return None;
    }
    let role = match search.role.as_str() {
        "" => None,
        role => Some(role.parse().ok()?),
    };
    let mut query = UserQuery::new(UserFilter {
        email: Some(email)
            .filter(|email| !email.is_empty())
            .map(EmailPrefix::new),
        role,
        status: search.status,
    });
    query.limit = SHOWN;
    query.cursor = cursor.map(str::to_owned);
    Some(query)
}

impl Parts {
    fn users_page(
        &self,
        asked: &Asked,
        admin: &ActiveUser,
        search: &UserSearch,
        page: &Page<User>,
    ) -> Result<Reply> {
        let query = search.query();
        let frame = Frame {
            query: &query,
            ..asked.frame_for(admin, Some(Tab::Users))
        };
        let view = UsersView {
            search,
            users: &page.items,
            next: page.next_cursor.as_deref(),
            done: asked.done(),
        };
        self.pages.users(&frame, &view).map(Reply::page)
    }
}
