//! Second factors: enrolling and removing them, recovery codes, remembered devices, and the second step of a sign-in.
//!
//! ```text
//! enrol      begin ─► INSERT pending ─► TotpSecret    confirm ─► SELECT pending ► compare ─► UPDATE factor, user, session
//! sign in    ticket, code ─► UPDATE challenge (counted) ► compare ─► UPDATE factor, challenge; INSERT session
//! step up    code ─► SELECT factors ► compare ─► UPDATE factor, session
//! ```

mod codes;
mod device;
#[cfg(feature = "http")]
pub(crate) mod http;
mod totp;

use std::sync::Arc;

pub use crate::sign_in::{
    Challenge, SecondFactor, SecondFactorMethod, SecondFactorPolicy, TotpSecret,
    UnknownSecondFactorPolicy,
};
use crate::{
    core::Core,
    error::Result,
    event::{ClientInfo, Event, EventKind},
    factor::{FactorList, TotpCode},
    mail::{Intent, LetterKind, Recipient},
    secret::Ticket,
    sign_in::{Door, Enrolments, SecondFactors, SignIn},
    token::{ActiveUser, NewCookie},
};
#[cfg(feature = "pages")]
use crate::{factor::FactorId, token::ChallengePurpose};

/// The use cases for second factors, returned by [`Auth::factors`](crate::Auth::factors). Cheap to clone.
///
/// Every method fails with [`Unavailable`](crate::ErrorKind::Unavailable) while the database is unreachable.
///
/// ```
/// use hallpass::{Login, SignIn, second_factor::SecondFactor, testing::{PASSWORD, TestAuth}};
///
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// let auth = TestAuth::new();
/// let ann = auth.user("ann@example.org").await;
/// let caller = auth.current_user(&auth.token_of(&ann).await).await?;
/// let client = Default::default();
///
/// let secret = auth.factors().begin_totp(&caller, None).await?;
/// let code = auth.totp_code(secret.expose_base32());
/// let recovery_codes = auth.factors().confirm_totp(&caller, secret.id, &code, &client).await?;
/// assert_eq!(recovery_codes.len(), 10);
///
/// let SignIn::SecondFactor(challenge) = auth.login(Login::new(ann.email, PASSWORD)).await? else {
///     panic!("the user has a second factor");
/// };
/// let shown = SecondFactor::RecoveryCode(recovery_codes[0].clone());
/// let signed_in = auth.factors().answer(&challenge.ticket, shown, false, client).await?;
/// assert!(signed_in.into_tokens().is_ok());
/// # Ok::<(), hallpass::Error>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct Factors {
    pub(crate) core: Arc<Core>,
    pub(crate) enrolments: Enrolments,
    pub(crate) second_factors: SecondFactors,
    pub(crate) policy: Arc<SecondFactorPolicy>,
}

impl Factors {
    /// The caller's second factors, and the number of unused recovery codes.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn list(&self, caller: &ActiveUser) -> Result<FactorList> {
        Ok(self.core.store.factors(caller.user.id).await?)
    }

    /// Whether the caller must have a second factor; see
    /// [`AuthBuilder::second_factor`](crate::AuthBuilder::second_factor).
    #[must_use]
    pub fn is_required(&self, caller: &ActiveUser) -> bool {
        self.policy.requires(&caller.user.roles)
    }

    /// Completes a sign-in with a second factor. If the [challenge](Challenge::enrol) requires an enrolment, the first
    /// code from the new authenticator app completes the enrolment, and the result contains the recovery codes.
    ///
    /// With `remember`, the user is not asked for a second factor on this device for 30 days. Keep the device token
    /// from the sign-in, as [`ClientInfo::device`] describes.
    ///
    /// # Errors
    /// * [`InvalidToken`](crate::ErrorKind::InvalidToken) if the ticket is unknown, used or
    ///   expired, or after five wrong codes for this ticket;
    /// * [`InvalidCode`](crate::ErrorKind::InvalidCode) if the code is wrong or was already used;
    /// * [`TooManyAttempts`](crate::ErrorKind::TooManyAttempts) after ten wrong codes in an hour, in which case the
    ///   code is not checked;
    /// * [`RateLimited`](crate::ErrorKind::RateLimited) if the client calls too often;
    /// * [`Refused`](crate::ErrorKind::Refused) if a hook refuses.
    pub async fn answer(
        &self,
        ticket: &Ticket,
        shown: SecondFactor,
        remember: bool,
        client: ClientInfo,
    ) -> Result<SignIn> {
        let factors = &self.second_factors;
        factors
            .answer(ticket, Door::Tokens, shown, remember, client)
            .await
    }

    /// Like [`answer`](Self::answer), for a sign-in that opens a browser session.
    ///
    /// # Errors
    /// The errors of [`answer`](Self::answer).
    pub async fn answer_in_browser(
        &self,
        ticket: &Ticket,
        shown: SecondFactor,
        remember: bool,
        client: ClientInfo,
    ) -> Result<SignIn> {
        let factors = &self.second_factors;
        factors
            .answer(ticket, Door::Browser, shown, remember, client)
            .await
    }

    /// Begins the enrolment that a [challenge](Challenge::enrol) requires. A second call replaces the key.
    ///
    /// # Errors
    /// [`InvalidToken`](crate::ErrorKind::InvalidToken) if the ticket does not require an enrolment, and in the cases
    /// listed at [`answer`](Self::answer).
    pub async fn enrol(&self, ticket: &Ticket) -> Result<TotpSecret> {
        self.enrolments.begin(ticket).await
    }

    /// The step that a browser's ticket requires; `None` if the ticket is not valid.
    #[cfg(feature = "pages")]
    pub(crate) fn step_of(&self, ticket: &Ticket) -> Option<ChallengePurpose> {
        let read = self.core.tickets.read(ticket, self.core.clock.now());
        read.filter(|parsed| Door::Browser.admits(parsed.kind))
            .map(|parsed| parsed.purpose)
    }

    /// The pending enrolment that a ticket has begun.
    #[cfg(feature = "pages")]
    pub(crate) async fn pending(&self, ticket: &Ticket, id: FactorId) -> Result<TotpSecret> {
        self.enrolments.pending(ticket, id).await
    }

    /// Checks a code from an authenticator app in a session. The session then counts as
    /// multi-factor and, for 10 minutes, as recently authenticated. A browser session gets a new
    /// cookie, which is returned.
    ///
    /// # Errors
    /// [`InvalidCode`](crate::ErrorKind::InvalidCode), [`TooManyAttempts`](crate::ErrorKind::TooManyAttempts),
    /// [`RateLimited`](crate::ErrorKind::RateLimited), or [`InvalidAccessToken`](crate::ErrorKind::InvalidAccessToken) if
    /// the session has ended.
    pub async fn reauthenticate(
        &self,
        caller: &ActiveUser,
        code: &TotpCode,
        client: &ClientInfo,
    ) -> Result<Option<NewCookie>> {
        self.second_factors
            .reauthenticate(caller, code, client)
            .await
    }

    fn event(&self, kind: EventKind, caller: &ActiveUser, client: &ClientInfo) -> Event {
        Event::new(kind, self.core.clock.now(), client)
            .of(caller.user.id)
            .by(caller.user.id)
            .with("session_id", caller.session_id.to_string())
    }

    fn notice(
        &self,
        letter: LetterKind,
        caller: &ActiveUser,
        client: &ClientInfo,
    ) -> Option<Intent> {
        let recipient = Recipient::User(caller.user.id);
        let now = self.core.clock.now();
        self.core.deliveries.notice(letter, recipient, now, client)
    }

    /// Publishes the event for a written change, and starts its hooks and emails.
    fn announce(&self, event: &Event, caller: &ActiveUser) {
        self.core.trail.publish(event);
        self.core.hooks.after_factor_change(&caller.user);
        self.core.deliveries.wake();
    }
}
