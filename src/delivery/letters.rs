//! The text of an email, and the link in it.

use super::{Deliveries, addressee::Addressee};
use crate::{
    error::{Error, Result},
    mail::{ClaimedIntent, Intent, Letter, Mail, Seen},
    secret::{OneTimeToken, TokenDigest},
    token::{IssueOneTime, NewOneTimeToken, Purpose},
    user::{EmailAddress, Locale, UserId},
};

impl Deliveries {
    /// The email, and its token if it has one; `None` if the email is no longer valid.
    pub(super) async fn write(
        &self,
        claimed: &ClaimedIntent,
        addressee: Addressee,
    ) -> Result<Option<(Mail, Option<OneTimeToken>)>> {
        let intent = &claimed.intent;
        let token = match intent.letter.purpose() {
            None => None,
            Some(purpose) => match self.issue(intent, &addressee, purpose).await? {
                None => return Ok(None),
                token => token,
            },
        };
        let (templates, chosen) = (&self.0.parts.templates, addressee.user.locale);
        let locale = chosen.as_ref().unwrap_or(&Locale::EN);
        let locale = templates.language(intent.letter, locale)?;
        // Without a known language, the browser's is the better guess for the page.
        let of_link = chosen.as_ref().map(|_| locale);
        let mut letter = self.content(claimed, token.as_ref(), of_link)?;
        letter.to = Some(addressee.address.clone());
        let content = templates.render(&letter, locale)?;
        let mail = Mail::new(intent.id, intent.created_at, addressee.address, content);
        Ok(Some((mail, token)))
    }

    /// Builds the email with the data that its template requires.
    fn content(
        &self,
        claimed: &ClaimedIntent,
        token: Option<&OneTimeToken>,
        of_link: Option<&Locale>,
    ) -> Result<Letter> {
        let (intent, links) = (&claimed.intent, &self.0.parts.links);
        let kind = intent.letter;
        let said = |name: &str| intent.payload.get(name).and_then(|value| value.as_str());
        let mut letter = Letter::new(kind);
        if let Some(purpose) = kind.purpose() {
            let token = token.ok_or_else(|| Error::internal("a letter with a link has a token"))?;
            let expires_in = (intent.not_after - self.0.parts.clock.now())
                .to_std()
                .unwrap_or_default();
            let link = match of_link {
                Some(locale) => links.to_in(locale, purpose, token),
                None => links.to(purpose, token),
            };
            letter.link = Some((link, expires_in));
        }
        if kind.is_notice() {
            letter.seen = Some(Seen {
                at: claimed.ordered_at,
                ip: said("ip").and_then(|ip| ip.parse().ok()),
            });
            letter.user_agent = said("user_agent").map(ToOwned::to_owned);
        }
        if kind.has_new_email() {
            let new_email = said("new_email").unwrap_or_default().parse();
            letter.new_email = Some(new_email.map_err(Error::internal)?);
        }
        Ok(letter)
    }

    /// The live token of this intent; `None` if the intent is no longer valid, or a newer token has replaced it.
    async fn issue(
        &self,
        intent: &Intent,
        addressee: &Addressee,
        purpose: Purpose,
    ) -> Result<Option<OneTimeToken>> {
        let (address, version) = (&addressee.address, addressee.credential_version);
        let new = self.token_of(intent, addressee.user.id, address, version, purpose);
        match self.0.parts.store.issue_one_time(&new).await? {
            IssueOneTime::Dead => {
                tracing::info!(id = %intent.id, "an email was dropped because its link would be dead");
                Ok(None)
            }
            // The email has to wait for an instance that has the secret.
            IssueOneTime::Elsewhere => Err(Error::internal(
                "the link was made with a secret that this instance does not have",
            )),
            IssueOneTime::Live(live) => self
                .0
                .keys
                .derive(intent.id.as_uuid(), purpose)
                .into_iter()
                .find(|token| digest(token) == live)
                .map(Some)
                .ok_or_else(|| {
                    Error::internal("the store returned a digest that was not requested")
                }),
        }
    }

    /// The token of an intent, as it is stored.
    pub(super) fn token_of(
        &self,
        intent: &Intent,
        user_id: UserId,
        address: &EmailAddress,
        credential_version: i64,
        purpose: Purpose,
    ) -> NewOneTimeToken {
        let tokens = self.0.keys.derive(intent.id.as_uuid(), purpose);
        NewOneTimeToken {
            digests: tokens.iter().map(digest).collect(),
            purpose,
            user_id,
            address: address.clone(),
            credential_version,
            intent: intent.id,
            letter: intent.letter,
            created_at: intent.created_at,
            expires_at: intent.not_after,
        }
    }
}

fn digest(token: &OneTimeToken) -> TokenDigest {
    TokenDigest::of(token.expose())
}
