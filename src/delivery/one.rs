use std::{error::Error as StdError, time::Duration};

use chrono::TimeDelta;
use tokio::time;

use super::Deliveries;
use crate::{
    error::{Error, Result},
    mail::{ClaimedIntent, Intent, Letter, LetterKind, Mail, MailError},
    secret::{OneTimeToken, TokenDigest},
    token::{IssueOneTime, NewOneTimeToken, Purpose},
    user::{User, UserStatus},
};

/// Well below the lease, so that no other worker sends the same mail meanwhile.
const SEND_TIMEOUT: Duration = Duration::from_secs(20);
const RETRY: TimeDelta = TimeDelta::seconds(15);
/// A refusal seldom turns into a yes, but a server's rules do get mended.
const RETRY_REFUSED: TimeDelta = TimeDelta::minutes(5);
const MAX_NOTE: usize = 500;

/// Why a mail did not go out this time.
struct Setback {
    /// For an operator. Holds no secret.
    note: String,
    retry: TimeDelta,
}

impl Deliveries {
    /// Delivers one mail, or notes why not. What cannot even be noted is logged: the lease ends by itself.
    pub(super) async fn deliver_one(&self, claimed: &ClaimedIntent) {
        let parts = &self.0.parts;
        let (intent, attempt) = (&claimed.intent, claimed.attempt);
        let outcome = if parts.clock.now() >= intent.not_after {
            Ok(())
        } else {
            self.send(intent).await
        };
        let noted = match outcome {
            Ok(()) => parts.store.complete(intent.id, attempt).await,
            Err(Setback { note, retry }) => {
                let id = intent.id;
                tracing::warn!(%id, attempt, error = note, "a mail did not go out");
                let due_at = parts.clock.now() + retry;
                parts.store.postpone(id, attempt, due_at, &note).await
            }
        };
        if let Err(error) = noted {
            let error = &error as &dyn StdError;
            tracing::error!(id = %intent.id, error, "the outcome of a mail cannot be noted");
        }
    }

    /// Sends the mail, if there is anybody to send it to.
    async fn send(&self, intent: &Intent) -> Result<(), Setback> {
        let parts = &self.0.parts;
        let Some((mail, token)) = self.write(intent).await.map_err(Setback::of)? else {
            return Ok(());
        };
        match time::timeout(SEND_TIMEOUT, parts.mailer.send(&mail)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(Setback::of_mailer(&error, &token)),
            Err(_) => Err(Setback {
                note: "the mailer did not answer in time".to_owned(),
                retry: RETRY,
            }),
        }
    }

    /// The mail to the stored address, and the token in it; `None` if there is nobody to write to, or a newer mail
    /// took its place.
    async fn write(&self, intent: &Intent) -> Result<Option<(Mail, OneTimeToken)>> {
        let parts = &self.0.parts;
        let found = parts.store.credentials(&intent.address).await?;
        let Some(user) = found.map(|found| found.user) else {
            return Ok(None);
        };
        if user.status == UserStatus::Disabled {
            return Ok(None);
        }
        let (letter, token) = match intent.letter {
            LetterKind::ResetPassword => {
                let Some(token) = self.issue(intent, &user, Purpose::ResetPassword).await? else {
                    return Ok(None);
                };
                let remaining = intent.not_after - parts.clock.now();
                let letter = Letter::ResetPassword {
                    link: parts.links.reset_password(&token),
                    expires_in: remaining.to_std().unwrap_or_default(),
                };
                (letter, token)
            }
        };
        let content = parts.templates.render(&letter)?;
        let mail = Mail::new(intent.id, intent.created_at, user.email, content);
        Ok(Some((mail, token)))
    }

    /// The live token of this intent; `None` if it is spent or a newer one took its place.
    async fn issue(
        &self,
        intent: &Intent,
        user: &User,
        purpose: Purpose,
    ) -> Result<Option<OneTimeToken>> {
        let tokens = self.0.keys.derive(intent.id.as_uuid(), purpose);
        let digest = |token: &OneTimeToken| TokenDigest::of(token.expose());
        let new = NewOneTimeToken {
            digests: tokens.iter().map(digest).collect(),
            purpose,
            user_id: user.id,
            created_at: intent.created_at,
            expires_at: intent.not_after,
        };
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
}

impl Setback {
    #[allow(clippy::needless_pass_by_value, reason = "taken by map_err")]
    fn of(error: Error) -> Self {
        Self {
            note: one_line(&with_sources(&error)),
            retry: RETRY,
        }
    }

    fn of_mailer(error: &MailError, token: &OneTimeToken) -> Self {
        // A server that refuses a mail may quote it.
        let text = with_sources(error).replace(token.expose(), "[token]");
        Self {
            note: one_line(&text),
            retry: if error.is_permanent() {
                RETRY_REFUSED
            } else {
                RETRY
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
