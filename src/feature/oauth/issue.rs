//! Issues a code to the user of a browser session, for an application that uses the pages.

use super::{CODE_LIFETIME, NewSignIn, ProviderSignIns, redirect, secret};
use crate::{
    error::Result,
    event::ClientInfo,
    identity::{Flow, NewCode, NewFlow},
    limit::Budget,
    secret::{SessionCookie, TokenDigest},
    sign_in::Sufficiency,
};

/// The provider name that is stored with a code issued by the pages. Nothing reads it back.
const PAGES: &str = "pages";

/// The page to which a user whose session has ended is sent.
const SIGN_IN: &str = "sign-in";

/// The outcome of a request for a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Issued {
    /// The application's URL, with the code and the application's state.
    At(String),
    /// The page on which the user has to continue first.
    First(&'static str),
}

impl ProviderSignIns {
    /// Issues a code to the user of a browser session. The code carries over the methods and the time of the sign-in,
    /// so that the application's session is not stronger or fresher than this one.
    ///
    /// # Errors
    /// [`InvalidRedirect`](crate::ErrorKind::InvalidRedirect); [`RateLimited`](crate::ErrorKind::RateLimited),
    /// [`Overloaded`](crate::ErrorKind::Overloaded); [`Unavailable`](crate::ErrorKind::Unavailable) while the database
    /// is unreachable.
    pub(crate) async fn issue(
        &self,
        cookie: &SessionCookie,
        app: &NewSignIn,
        client: &ClientInfo,
    ) -> Result<Issued> {
        self.ensure_redirect(&app.redirect_to)?;
        let Some(cookie) = self.core.tokens.presented(cookie) else {
            return Ok(Issued::First(SIGN_IN));
        };
        let limits = &self.core.limits;
        limits.admit(Budget::OauthStart, None, client).await?;
        let (store, now) = (&self.core.store, self.core.clock.now());
        let Some(found) = store.browser_user(&cookie, now).await? else {
            return Ok(Issued::First(SIGN_IN));
        };
        let session = &found.session;
        let has_factor = session.has_second_factor;
        let second_factor_at = session.second_factor_at.filter(|_| has_factor);
        let methods = session.methods.counting(second_factor_at);
        let policy = &self.sign_in.policy;
        match policy.judge(&methods, has_factor, &session.user.roles) {
            Sufficiency::Enough => {}
            // The enrolment needs a credential that has just been presented.
            Sufficiency::MustEnrol => return Ok(Issued::First("sign-out")),
            Sufficiency::Needs => return Ok(Issued::First("second-factor")),
        }
        let (state, code) = (secret::random_text(), secret::random_text());
        let state = TokenDigest::of(&state);
        let expires_at = now + CODE_LIFETIME;
        let flow = NewFlow {
            flow: Flow {
                state,
                provider: PAGES.to_owned(),
                intent: app.intent,
                redirect_to: app.redirect_to.clone(),
                app_state: app.app_state.clone(),
                challenge: app.challenge.clone(),
            },
            binding: TokenDigest::of(&secret::random_text()),
            created_at: now,
            expires_at,
        };
        let new = NewCode {
            flow: state,
            digest: TokenDigest::of(&code),
            expires_at,
        };
        if !store.issue_code(&cookie, &flow, &new).await? {
            return Ok(Issued::First(SIGN_IN));
        }
        let app_state = app.app_state.as_deref();
        let url = redirect::back(&app.redirect_to, app_state, "code", &code);
        Ok(Issued::At(url))
    }
}
