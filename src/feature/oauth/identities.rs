//! A user's linked identities.

use super::ProviderSignIns;
use crate::{
    error::{ErrorKind, Result},
    event::{ClientInfo, Event, EventKind},
    identity::{CodeChallenge, Identity, IdentityId, LinkIdentity, Linked, Unlinked},
    mail::{LetterKind, Recipient},
    secret::{OneTimeToken, TokenDigest},
    token::ActiveUser,
};

impl ProviderSignIns {
    /// The caller's identities at providers, in the order in which they were linked.
    ///
    /// # Errors
    /// [`Unavailable`](ErrorKind::Unavailable) while the database is unreachable.
    pub async fn identities(&self, caller: &ActiveUser) -> Result<Vec<Identity>> {
        Ok(self.core.store.identities(caller.user.id).await?)
    }

    /// Links the identity of a flow that began with the intent to link. If the identity is already linked to the
    /// caller, it stays linked.
    ///
    /// # Errors
    /// * [`ReauthenticationRequired`](ErrorKind::ReauthenticationRequired) if the caller's sign-in is older than 10
    ///   minutes;
    /// * [`InvalidToken`](ErrorKind::InvalidToken) for a code that is unknown, used or older than a minute, or for a
    ///   wrong verifier, which does not use up the code;
    /// * [`IdentityTaken`](ErrorKind::IdentityTaken) if the identity is linked to another user;
    /// * [`InvalidAccessToken`](ErrorKind::InvalidAccessToken) if the session has ended;
    /// * [`Unavailable`](ErrorKind::Unavailable) while the database is unreachable.
    pub async fn link(
        &self,
        caller: &ActiveUser,
        code: &OneTimeToken,
        verifier: &str,
        client: &ClientInfo,
    ) -> Result<Identity> {
        let now = self.core.clock.now();
        caller.require_recent_sign_in(now)?;
        let link = LinkIdentity {
            id: IdentityId::new(now),
            code: TokenDigest::of(code.expose()),
            challenge: CodeChallenge::of(verifier),
            session_id: caller.session_id,
            user_id: caller.user.id,
        };
        let event = |kind| {
            Event::new(kind, now, client)
                .of(caller.user.id)
                .by(caller.user.id)
        };
        let linked = event(EventKind::IdentityLinked);
        let mail = self.core.deliveries.notice(
            LetterKind::IdentityLinked,
            Recipient::UserOfFact,
            now,
            client,
        );
        match self
            .core
            .store
            .link_identity(&link, now, &linked, mail.as_ref())
            .await?
        {
            Linked::Linked(identity) => {
                self.core.deliveries.wake();
                self.core.trail.publish(&identity.noted_on(&linked));
                Ok(identity)
            }
            Linked::Known(identity) => Ok(identity),
            Linked::Taken => {
                let refused = event(EventKind::LinkRefused).with("reason", "identity_taken");
                self.core.trail.record(&refused).await?;
                Err(ErrorKind::IdentityTaken.into())
            }
            Linked::BadCode => Err(ErrorKind::InvalidToken.into()),
            Linked::Gone => Err(ErrorKind::InvalidAccessToken.into()),
        }
    }

    /// Removes one of the caller's identities. Sessions that were opened with the identity stay open.
    ///
    /// # Errors
    /// * [`LastCredential`](ErrorKind::LastCredential) if the account has no password and no other identity;
    /// * [`NotFound`](ErrorKind::NotFound) if the caller has no such identity;
    /// * [`Unavailable`](ErrorKind::Unavailable) while the database is unreachable.
    pub async fn unlink(
        &self,
        caller: &ActiveUser,
        id: IdentityId,
        client: &ClientInfo,
    ) -> Result<()> {
        let own = self.core.store.identities(caller.user.id).await?;
        let identity = own
            .iter()
            .find(|identity| identity.id == id)
            .ok_or(ErrorKind::NotFound)?;
        let event = Event::new(EventKind::IdentityUnlinked, self.core.clock.now(), client)
            .of(caller.user.id)
            .by(caller.user.id);
        let event = identity.noted_on(&event);
        match self
            .core
            .store
            .unlink_identity(caller.user.id, id, &event)
            .await?
        {
            Unlinked::Unlinked => {
                self.core.trail.publish(&event);
                Ok(())
            }
            Unlinked::LastCredential => Err(ErrorKind::LastCredential.into()),
            Unlinked::NotFound => Err(ErrorKind::NotFound.into()),
        }
    }
}
