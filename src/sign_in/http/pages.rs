//! The cookies of a sign-in on the pages.

use std::time::Duration;

use ::http::HeaderValue;

use super::super::SignIn;
use crate::{
    error::{Error, Result},
    http::Cookies,
    secret::SessionCookie,
};

/// The cookie of a browser whose sign-in needs another step on a page.
pub(crate) const TICKET: &str = "hallpass_ticket";

/// The value of `Set-Cookie` that deletes the ticket.
pub(crate) fn no_ticket(cookies: Cookies) -> Option<HeaderValue> {
    cookies.set(TICKET, "", Duration::ZERO)
}

/// The step that follows a sign-in on the pages.
#[derive(Clone, Copy, Debug)]
pub(crate) enum NextStep<'a> {
    /// The user is signed in with this cookie, and continues to the destination.
    GoOn(&'a SessionCookie),
    SecondFactor,
}

impl SignIn {
    /// The next step and the cookies that it needs.
    ///
    /// # Errors
    /// [`Internal`](crate::ErrorKind::Internal) if the sign-in has opened a session with tokens.
    pub(crate) fn on_pages(&self, cookies: Cookies) -> Result<(NextStep<'_>, Vec<HeaderValue>)> {
        let (step, set) = match self {
            Self::Browser {
                session, device, ..
            } => {
                let device = device.as_ref().and_then(|token| cookies.set_device(token));
                let set = session.cookie.header(cookies);
                let step = NextStep::GoOn(&session.cookie.value);
                (step, [set, device, no_ticket(cookies)])
            }
            Self::SecondFactor(challenge) => {
                let ticket = cookies.set(TICKET, challenge.ticket.expose(), challenge.expires_in);
                (NextStep::SecondFactor, [ticket, None, None])
            }
            Self::Complete { .. } => {
                return Err(Error::internal("a page has opened a session with tokens"));
            }
        };
        Ok((step, set.into_iter().flatten().collect()))
    }
}
