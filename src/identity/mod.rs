//! Identities at providers: the account that an identity belongs to, and the flow that verifies an
//! identity.
//!
//! An identity is determined by its issuer and its subject, never by an address, because an address
//! can later belong to another person. [`Assertion::resolve`] alone decides which account an
//! unknown identity belongs to.

mod assertion;
mod flow;
mod linking;
mod record;

pub use self::{
    assertion::Assertion,
    flow::{
        CodeChallenge, Flow, FlowIntent, InvalidChallenge, NewCode, NewFlow, UnknownFlowIntent,
    },
    linking::{Candidates, LinkRefusal, Linking, Local},
    record::{
        FlowProof, IdentityAdmission, IdentitySignIn, LinkIdentity, Linked, Redeemed, Unlinked,
    },
};
use crate::{clock::Timestamp, event::Event, id::id};

id! {
    /// Identifies the link between a user and an identity at a provider.
    IdentityId
}

/// A user's identity at a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a host's own store builds it")]
pub struct Identity {
    /// The identifier of the link between the user and the identity.
    pub id: IdentityId,
    /// The name that the provider had when the identity was linked, such as `google`.
    pub provider: String,
    /// The issuer, exactly as the provider sends it.
    pub issuer: String,
    /// The user's permanent identifier at the provider: at most 255 bytes.
    pub subject: String,
    /// The address that the provider gave when the identity was linked. It may be out of date.
    pub email: Option<String>,
    /// When the identity was linked.
    pub created_at: Timestamp,
}

impl Identity {
    /// An event about the identity, with the details `provider` and `identity_id`.
    #[must_use]
    pub fn noted_on(&self, event: &Event) -> Event {
        event
            .clone()
            .with("provider", self.provider.as_str())
            .with("identity_id", self.id.to_string())
    }
}
