use super::ProviderSignIns;
use crate::{
    credential::Proof,
    error::{ErrorKind, Result},
    event::{ClientInfo, Event, EventKind},
    identity::CodeChallenge,
    secret::{OneTimeToken, TokenDigest},
    token::TokenPair,
};

impl ProviderSignIns {
    /// Exchanges the code at the end of a flow for the tokens of a session. The verifier is that of the challenge the flow
    /// began with (RFC 7636).
    ///
    /// # Errors
    /// * [`InvalidToken`](ErrorKind::InvalidToken) for a code that is unknown, used or older than a minute; with another
    ///   verifier, which does not spend it; or if the user's credentials changed meanwhile;
    /// * [`EmailNotVerified`](ErrorKind::EmailNotVerified) if that is required;
    /// * [`Refused`](ErrorKind::Refused) by a hook;
    /// * [`Unavailable`](ErrorKind::Unavailable) while the database is away.
    pub async fn redeem(
        &self,
        code: &OneTimeToken,
        verifier: &str,
        client: &ClientInfo,
    ) -> Result<TokenPair> {
        let store = self.store.as_ref();
        let (digest, now) = (TokenDigest::of(code.expose()), self.clock.now());
        let challenge = CodeChallenge::of(verifier);
        let redeemed = store.redeem_code(&digest, &challenge, now).await?;
        let redeemed = redeemed.ok_or(ErrorKind::InvalidToken)?;
        let user = &redeemed.credentials.user;
        if self.require_verified && user.email_verified_at.is_none() {
            let event = Event::new(EventKind::SignInFailed, client, now)
                .of(user.id)
                .with("reason", "email_not_verified")
                .with("provider", redeemed.provider.as_str());
            let event = self.trail.about(event, user.email.canonical());
            self.trail.record(store, &event).await?;
            return Err(ErrorKind::EmailNotVerified.into());
        }
        let proof = Proof::redeemed(redeemed);
        let pair = self.sign_in.complete(store, proof, client.clone()).await?;
        pair.ok_or_else(|| ErrorKind::InvalidToken.into())
    }
}
