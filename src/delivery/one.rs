use std::{error::Error as StdError, time::Duration};

use chrono::TimeDelta;
use tokio::time;

use super::{Deliveries, backoff::delay};
use crate::{
    clock::Timestamp,
    error::{Error, Result},
    mail::{
        Admission, ClaimedIntent, Intent, Letter, LetterKind, Link, Links, Mail, MailError,
        Recipient, Seen,
    },
    secret::{OneTimeToken, TokenDigest},
    token::{IssueOneTime, NewOneTimeToken, Purpose},
    user::{EmailAddress, Locale, User, UserId, UserStatus},
};

/// Well below the lease, so that no other worker sends the same mail meanwhile.
const SEND_TIMEOUT: Duration = Duration::from_secs(20);
/// After this time a mail that does not go out is given up.
const GIVE_UP: TimeDelta = TimeDelta::days(1);
const MAX_NOTE: usize = 500;

/// Why a mail did not go out this time.
struct Setback {
    /// For an operator. Holds no secret.
    note: String,
    kind: SetbackKind,
}

#[derive(Clone, Copy, PartialEq)]
enum SetbackKind {
    /// It would say what is not true any more.
    Expired,
    /// It may go better later.
    Passing,
    /// The mailer does not take this mail.
    Refused,
}

/// Who gets a mail, and where.
struct Addressed {
    user: User,
    address: EmailAddress,
}

impl Deliveries {
    /// Delivers one mail, or notes why not. What cannot even be noted is logged: the lease ends by itself.
    pub(super) async fn deliver_one(&self, claimed: &ClaimedIntent) {
        let store = &self.0.parts.store;
        let (id, attempt) = (claimed.intent.id, claimed.attempt);
        let noted = match self.send(claimed).await {
            Ok(()) => store.complete(id, attempt).await,
            Err(Setback { note, kind }) => match self.next_try(claimed, kind) {
                Some(due_at) => {
                    tracing::warn!(%id, attempt, error = note, "a mail did not go out");
                    store.postpone(id, attempt, due_at, &note).await
                }
                None => {
                    tracing::error!(%id, attempt, error = note, "a mail was given up");
                    store.bury(id, attempt, &note).await
                }
            },
        };
        if let Err(error) = noted {
            let error = &error as &dyn StdError;
            tracing::error!(%id, error, "the outcome of a mail cannot be noted");
        }
    }

    /// When it is worth another try; `None` if it is not.
    fn next_try(&self, claimed: &ClaimedIntent, kind: SetbackKind) -> Option<Timestamp> {
        let (intent, now) = (&claimed.intent, self.0.parts.clock.now());
        let due_at = now + delay(claimed.attempt, kind == SetbackKind::Refused);
        let given_up = kind == SetbackKind::Expired
            || now - intent.created_at >= GIVE_UP
            || due_at >= intent.not_after;
        (!given_up).then_some(due_at)
    }

    /// Sends the mail, if there is anybody to send it to, and the budget has room.
    async fn send(&self, claimed: &ClaimedIntent) -> Result<(), Setback> {
        let parts = &self.0.parts;
        let intent = &claimed.intent;
        let Some(addressed) = self.resolve(intent).await.map_err(Setback::of)? else {
            return Ok(());
        };
        if parts.clock.now() >= intent.not_after {
            return Err(Setback::expired(claimed.last_error.as_deref()));
        }
        // Before the token: a link that is not mailed must not take the place of one that was.
        if !self.admit(claimed, &addressed).await.map_err(Setback::of)? {
            return Ok(());
        }
        let written = self.write(intent, addressed).await;
        let Some((mail, token)) = written.map_err(Setback::of)? else {
            return Ok(());
        };
        match time::timeout(SEND_TIMEOUT, parts.mailer.send(&mail)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(Setback::of_mailer(&error, token.as_ref())),
            Err(_) => Err(Setback {
                note: "the mailer did not answer in time".to_owned(),
                kind: SetbackKind::Passing,
            }),
        }
    }

    /// Whether the budget of the address has room, or had when the mail was first tried.
    async fn admit(&self, claimed: &ClaimedIntent, addressed: &Addressed) -> Result<bool> {
        let parts = &self.0.parts;
        if claimed.admitted || !parts.budgets {
            return Ok(true);
        }
        let (id, letter) = (claimed.intent.id, claimed.intent.letter);
        let admission = Admission::new(letter, &addressed.address, parts.clock.now());
        let admitted = parts.store.admit(id, claimed.attempt, &admission).await?;
        if !admitted {
            tracing::info!(%id, letter = letter.as_str(), "a mail was one too many for its address");
        }
        Ok(admitted)
    }

    /// The mail, and the token in it, if it has one; `None` if a newer mail took its place.
    async fn write(
        &self,
        intent: &Intent,
        Addressed { user, address }: Addressed,
    ) -> Result<Option<(Mail, Option<OneTimeToken>)>> {
        let token = match purpose(intent.letter) {
            None => None,
            Some(purpose) => match self.issue(intent, &user, &address, purpose).await? {
                None => return Ok(None),
                token => token,
            },
        };
        let locale = user.locale.unwrap_or(Locale::EN);
        let letter = self.letter(intent, token.as_ref())?;
        let content = self.0.parts.templates.render(&letter, &locale)?;
        let mail = Mail::new(intent.id, intent.created_at, address, content);
        Ok(Some((mail, token)))
    }

    /// Who gets it, and where; `None` if there is nobody to write to, or nothing to say any more.
    async fn resolve(&self, intent: &Intent) -> Result<Option<Addressed>> {
        let store = &self.0.parts.store;
        let (user, new_address) = match &intent.recipient {
            Recipient::Holder(address) => {
                let found = store.credentials(address).await?;
                (found.map(|found| found.user), None)
            }
            Recipient::NewAddress(user, address) => (store.user(*user).await?, Some(address)),
            Recipient::User(user) => (store.user(*user).await?, None),
            Recipient::UserOfFact => (None, None),
        };
        let Some(user) = user.filter(|user| user.status == UserStatus::Active) else {
            return Ok(None);
        };
        if intent.letter == LetterKind::VerifyEmail && user.email_verified_at.is_some() {
            return Ok(None);
        }
        if let Some(address) = new_address
            && let Some(owner) = store.credentials(address).await?
            && owner.user.id != user.id
        {
            return Ok(None);
        }
        let address = new_address.unwrap_or(&user.email).clone();
        Ok(Some(Addressed { user, address }))
    }

    fn letter(&self, intent: &Intent, token: Option<&OneTimeToken>) -> Result<Letter> {
        let links = &self.0.parts.links;
        let remaining = intent.not_after - self.0.parts.clock.now();
        let expires_in = remaining.to_std().unwrap_or_default();
        let said = |name: &str| intent.payload.get(name).and_then(|value| value.as_str());
        let seen = Seen {
            at: intent.created_at,
            ip: said("ip").and_then(|ip| ip.parse().ok()),
        };
        let link = |of: fn(&Links, &OneTimeToken) -> Link| {
            let token = token.ok_or_else(|| Error::internal("a letter with a link has a token"));
            token.map(|token| of(links, token))
        };
        Ok(match intent.letter {
            LetterKind::AccountExists => Letter::AccountExists,
            LetterKind::AccountLocked => Letter::AccountLocked {
                link: link(Links::unlock)?,
                expires_in,
            },
            LetterKind::ConfirmEmailChange => Letter::ConfirmEmailChange {
                link: link(Links::confirm_email_change)?,
                expires_in,
            },
            LetterKind::EmailChangeRequested => Letter::EmailChangeRequested {
                new_email: said("new_email")
                    .unwrap_or_default()
                    .parse()
                    .map_err(Error::internal)?,
                seen,
            },
            LetterKind::IdentityLinked => Letter::IdentityLinked { seen },
            LetterKind::NewSignIn => Letter::NewSignIn { seen },
            LetterKind::PasswordChanged => Letter::PasswordChanged { seen },
            LetterKind::RefreshTokenReused => Letter::RefreshTokenReused { seen },
            LetterKind::ResetPassword => Letter::ResetPassword {
                link: link(Links::reset_password)?,
                expires_in,
            },
            LetterKind::VerifyEmail => Letter::VerifyEmail {
                link: link(Links::verify_email)?,
                expires_in,
            },
        })
    }

    /// The live token of this intent; `None` if it is spent or a newer one took its place.
    async fn issue(
        &self,
        intent: &Intent,
        user: &User,
        address: &EmailAddress,
        purpose: Purpose,
    ) -> Result<Option<OneTimeToken>> {
        let tokens = self.0.keys.derive(intent.id.as_uuid(), purpose);
        let new = self.token_of(intent, user.id, address, purpose);
        match self.0.parts.store.issue_one_time(&new).await? {
            IssueOneTime::Dead => Ok(None),
            // An instance with other secrets may have issued it: that one can send the mail.
            IssueOneTime::Live(live) => tokens
                .into_iter()
                .find(|token| digest(token) == live)
                .map(Some)
                .ok_or_else(|| {
                    Error::internal("the live token is under a key of another instance")
                }),
        }
    }

    /// The token of an intent, as it is kept.
    pub(super) fn token_of(
        &self,
        intent: &Intent,
        user_id: UserId,
        address: &EmailAddress,
        purpose: Purpose,
    ) -> NewOneTimeToken {
        let tokens = self.0.keys.derive(intent.id.as_uuid(), purpose);
        NewOneTimeToken {
            digests: tokens.iter().map(digest).collect(),
            purpose,
            user_id,
            address: address.clone(),
            created_at: intent.created_at,
            expires_at: intent.not_after,
        }
    }
}

fn digest(token: &OneTimeToken) -> TokenDigest {
    TokenDigest::of(token.expose())
}

/// What the link in a letter is good for; `None` if it has none.
fn purpose(letter: LetterKind) -> Option<Purpose> {
    match letter {
        LetterKind::AccountLocked => Some(Purpose::Unlock),
        LetterKind::ConfirmEmailChange => Some(Purpose::ConfirmEmailChange),
        LetterKind::ResetPassword => Some(Purpose::ResetPassword),
        LetterKind::VerifyEmail => Some(Purpose::VerifyEmail),
        LetterKind::AccountExists
        | LetterKind::EmailChangeRequested
        | LetterKind::IdentityLinked
        | LetterKind::NewSignIn
        | LetterKind::PasswordChanged
        | LetterKind::RefreshTokenReused => None,
    }
}

impl Setback {
    fn expired(last_error: Option<&str>) -> Self {
        let mut note = "it expired before it could be sent".to_owned();
        if let Some(last_error) = last_error {
            note = one_line(&format!("{note}; the last try: {last_error}"));
        }
        Self {
            note,
            kind: SetbackKind::Expired,
        }
    }

    #[allow(clippy::needless_pass_by_value, reason = "taken by map_err")]
    fn of(error: Error) -> Self {
        Self {
            note: one_line(&with_sources(&error)),
            kind: SetbackKind::Passing,
        }
    }

    fn of_mailer(error: &MailError, token: Option<&OneTimeToken>) -> Self {
        let mut text = with_sources(error);
        if let Some(token) = token {
            // A server that refuses a mail may quote it.
            text = text.replace(token.expose(), "[token]");
        }
        Self {
            note: one_line(&text),
            kind: if error.is_permanent() {
                SetbackKind::Refused
            } else {
                SetbackKind::Passing
            },
        }
    }
}

fn with_sources(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}

/// Cut to what is worth keeping, without what a database does not take.
fn one_line(text: &str) -> String {
    let text = text
        .get(..text.floor_char_boundary(MAX_NOTE))
        .unwrap_or_default();
    text.replace(|c: char| c.is_control(), " ")
}
