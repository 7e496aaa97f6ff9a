//! Redeems the code of a finished flow.

use super::ProviderSignIns;
use crate::{
    error::{ErrorKind, Result},
    event::{ClientInfo, Event, EventKind},
    identity::{CodeChallenge, FlowProof, Redeemed},
    secret::{OneTimeToken, TokenDigest},
    sign_in::{Proof, SignIn},
    token::SessionKind,
};

impl ProviderSignIns {
    /// Exchanges the code at the end of a flow for a sign-in with a session of this kind. The verifier must match the
    /// challenge that the flow began with (RFC 7636).
    ///
    /// A code issued by the pages opens only a session with tokens. That session has the methods and the time of the
    /// sign-in.
    ///
    /// # Errors
    /// * [`InvalidToken`](ErrorKind::InvalidToken) for a code that is unknown, used or older than a minute; for a wrong
    ///   verifier, which does not use up the code; or if the user's credentials have changed since the flow was
    ///   finished;
    /// * [`EmailNotVerified`](ErrorKind::EmailNotVerified) if signing in requires a verified
    ///   address, and the user's address is not verified;
    /// * [`Refused`](ErrorKind::Refused) if a hook refuses;
    /// * [`Unavailable`](ErrorKind::Unavailable) while the database is unreachable.
    pub async fn redeem(
        &self,
        code: &OneTimeToken,
        verifier: &str,
        kind: SessionKind,
        client: &ClientInfo,
    ) -> Result<SignIn> {
        let client = client.clone();
        self.redeem_for(code, verifier, kind, client, false).await
    }

    /// Like [`redeem`](Self::redeem). With `on_every_device`, a remembered device does not replace the second factor.
    pub(crate) async fn redeem_for(
        &self,
        code: &OneTimeToken,
        verifier: &str,
        kind: SessionKind,
        client: ClientInfo,
        on_every_device: bool,
    ) -> Result<SignIn> {
        let (digest, now) = (TokenDigest::of(code.expose()), self.core.clock.now());
        let challenge = CodeChallenge::of(verifier);
        let redeemed = self
            .core
            .store
            .redeem_code(&digest, &challenge, now)
            .await?
            .ok_or(ErrorKind::InvalidToken)?;
        let Redeemed { credentials, proof } = redeemed;
        let user = &credentials.user;
        if self.require_verified && user.email_verified_at.is_none() {
            let mut event = Event::new(EventKind::SignInFailed, now, &client)
                .of(user.id)
                .with("reason", "email_not_verified");
            if let FlowProof::Provider(provider) = &proof {
                event = event.with("provider", provider.as_str());
            }
            let event = self.core.trail.about(event, user.email.canonical());
            self.core.trail.record(&event).await?;
            return Err(ErrorKind::EmailNotVerified.into());
        }
        let limits = &self.core.limits;
        let proof = match proof {
            FlowProof::Provider(provider) => {
                // A sign-in with a provider that is no longer configured counts as one factor.
                let known = self.providers.named(&provider);
                let is_multi_factor = known.is_ok_and(|client| client.provider().is_multi_factor());
                Proof::of_provider(credentials, provider, is_multi_factor, limits)
            }
            // A browser has its session already.
            FlowProof::Session(_) if kind != SessionKind::Tokens => {
                return Err(ErrorKind::InvalidToken.into());
            }
            FlowProof::Session(earlier) => Proof::of_session(credentials, earlier, limits),
        };
        self.sign_in
            .complete(proof.on_every_device(on_every_device), kind, client)
            .await?
            .ok_or_else(|| ErrorKind::InvalidToken.into())
    }
}
