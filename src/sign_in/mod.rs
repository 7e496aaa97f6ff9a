//! Opening a session.
//!
//! Only [`SessionOpener`] opens a session. It takes a [`Proof`], which exists only after a
//! credential was checked, and checks with the [policy](SecondFactorPolicy) whether the proof
//! suffices. No way of signing in can therefore skip a step.
//!
//! ```text
//! Proof ──► complete ──► enough ────────────► open_session ──► SignIn::Complete
//!                  └──► needs, must enrol ──► open_challenge ──► SignIn::SecondFactor
//! ticket, code ──► SecondFactors ──► attempt_challenge ──► compare ──► open_session, which spends challenge and code
//! ```

mod enrolment;
#[cfg(feature = "http")]
pub(crate) mod http;
mod outcome;
mod policy;
mod proof;
mod second_factor;

use std::{num::NonZeroU32, sync::Arc};

use serde_json::{Map, Value};

pub(crate) use self::{
    enrolment::Enrolments,
    policy::Sufficiency,
    proof::Proof,
    second_factor::{Door, SecondFactors},
};
pub use self::{
    enrolment::TotpSecret,
    outcome::{Challenge, SecondFactorMethod, SignIn},
    policy::{SecondFactorPolicy, UnknownSecondFactorPolicy},
    second_factor::SecondFactor,
};
use crate::{
    core::Core,
    error::{Error, Refusal, Result},
    event::{ClientInfo, Event, EventKind},
    factor::{DeviceId, RecoveryCode},
    mail::{Intent, LetterKind, Recipient},
    secret::{AccessToken, RefreshToken},
    token::{
        Authentication, BrowserSession, ChallengeId, ChallengePurpose, Device, NewChallenge,
        NewCookie, NewSession, OpenChallenge, OpenSession, OpenedAs, ParsedTicket, SecondProof,
        SessionId, SessionKind, TICKET_LIFETIME,
    },
    user::User,
};

/// Opens sessions.
#[derive(Clone, Debug)]
pub(crate) struct SessionOpener {
    pub(crate) core: Arc<Core>,
    pub(crate) policy: Arc<SecondFactorPolicy>,
    /// The maximum number of sessions per user.
    pub(crate) sessions_at_most: NonZeroU32,
}

/// The data that a second step adds to a session.
#[derive(Default)]
struct Extras {
    second: Option<SecondProof>,
    /// The client's remembered device.
    device: Option<DeviceId>,
    events: Vec<Event>,
    mails: Vec<Intent>,
    recovery_codes: Vec<RecoveryCode>,
}

/// The secrets of a session that is about to be opened.
enum Prepared {
    Browser(NewCookie),
    Tokens {
        access: AccessToken,
        refresh: RefreshToken,
        claims: Map<String, Value>,
    },
}

impl SessionOpener {
    /// Opens a session, or a challenge if the proof does not suffice; `None` if the credentials changed while they were
    /// checked.
    ///
    /// Hooks that may refuse the sign-in are called before the session is opened. The access token is also signed
    /// before the session is opened, so that no session is opened if the claims do not fit into the token.
    pub(crate) async fn complete(
        &self,
        proof: Proof,
        kind: SessionKind,
        client: ClientInfo,
    ) -> Result<Option<SignIn>> {
        let known = self.known_device(&proof, &client);
        let (has_factor, roles) = (proof.second_factors > 0, &proof.user.roles);
        let purpose = match self.policy.judge(&proof.methods, has_factor, roles) {
            Sufficiency::Enough => {
                let extras = Extras::default();
                return self.open(&proof, kind, known, extras, client).await;
            }
            // A challenge needs a credential that has just been presented.
            _ if proof.earlier.is_some() => return Ok(None),
            Sufficiency::MustEnrol => ChallengePurpose::Enrolment,
            Sufficiency::Needs => ChallengePurpose::SecondFactor,
        };
        if purpose == ChallengePurpose::SecondFactor
            && !proof.on_every_device
            && let Some(id) = known.and_then(|known| known.remembered())
        {
            let extras = Extras {
                second: Some(SecondProof::Device(id)),
                device: Some(id),
                ..Extras::default()
            };
            let opened = self.open(&proof, kind, known, extras, client.clone());
            let opened = opened.await?;
            if opened.is_some() {
                return Ok(opened);
            }
        }
        self.challenge(proof, kind, purpose, known).await
    }

    async fn open(
        &self,
        proof: &Proof,
        kind: SessionKind,
        known: Option<Device>,
        extras: Extras,
        client: ClientInfo,
    ) -> Result<Option<SignIn>> {
        let checked = &proof.user;
        if let Err(error) = self.core.hooks.before_sign_in(checked, &client).await {
            if let Some(refusal) = error.refusal() {
                self.write_down(refusal, checked, &client).await?;
            }
            return Err(error);
        }
        let now = self.core.clock.now();
        let id = SessionId::new(now);
        let (authenticated_at, second_factor_at) = match &proof.earlier {
            Some(earlier) => (earlier.authenticated_at, earlier.second_factor_at),
            None => (now, proof.methods.have_second_factor().then_some(now)),
        };
        let authentication = Authentication {
            session_id: id,
            at: second_factor_at.unwrap_or(authenticated_at),
            methods: proof.methods.clone(),
        };
        let tokens = &self.core.tokens;
        let opening = tokens.open(id, checked.id, kind, now, authenticated_at)?;
        let prepared = match opening.secret {
            OpenedAs::Browser(cookie) => Prepared::Browser(cookie),
            OpenedAs::Tokens(refresh) => {
                let claims = self.core.hooks.access_token_claims(checked, id).await?;
                let access = self
                    .core
                    .tokens
                    .access(checked, &authentication, &claims, now)?;
                Prepared::Tokens {
                    access,
                    refresh,
                    claims,
                }
            }
        };
        let version = proof.credential_version;
        let mut mails = extras.mails;
        // The device of the first sign-in is always unknown, so the first sign-in is not reported
        // to the user. The browser session that this one continues was reported if necessary.
        let is_reported = checked.last_login_at.is_none() || proof.earlier.is_some();
        if known.is_none() && !is_reported {
            let (letter, recipient) = (LetterKind::NewSignIn, Recipient::User(checked.id));
            mails.extend(self.core.deliveries.notice(letter, recipient, now, &client));
        }
        let session = NewSession {
            id,
            user_id: checked.id,
            credential_version: version,
            factor_version: proof.factor_version,
            kind,
            digest: opening.digest,
            created_at: now,
            idle_expires_at: opening.idle_expires_at,
            absolute_expires_at: opening.absolute_expires_at,
            client,
            methods: authentication.methods.clone(),
            authenticated_at,
            second_factor_at,
            second: extras.second,
            verified_hash: proof.verified_hash.clone(),
            rehashed: proof.rehashed.clone(),
            cleared_counter: proof.attempt.cleared_counter(),
            sessions_at_most: self.sessions_at_most,
        };
        let mut event = Event::new(EventKind::SignedIn, now, &session.client)
            .by(session.user_id)
            .with("session_id", id.to_string())
            .with("methods", session.methods.to_string());
        if let Some(provider) = &proof.provider {
            event = event.with("provider", provider.as_str());
        }
        if let Some(earlier) = &proof.earlier {
            event = event.with("from_session", earlier.session_id.to_string());
        }
        let mut events = extras.events;
        events.push(event);
        let opened = self.core.store.open_session(&session, &events, &mails);
        let user = match opened.await? {
            OpenSession::Opened(user) => user,
            OpenSession::Stale => return Ok(None),
        };
        for event in events {
            self.core.trail.publish(&event.of(user.id));
        }
        let is_on_device = proof.attempt.is_on_device();
        proof.attempt.clone().cleared().await;
        if !mails.is_empty() {
            self.core.deliveries.wake();
        }
        let expires_at = session.idle_expires_at.min(session.absolute_expires_at);
        let tokens = &self.core.tokens;
        // Roles may have changed since the credential was checked.
        let prepared = match prepared {
            Prepared::Tokens {
                refresh, claims, ..
            } if user.roles != checked.roles => Prepared::Tokens {
                access: tokens.access(&user, &authentication, &claims, now)?,
                refresh,
                claims,
            },
            prepared => prepared,
        };
        self.core.hooks.after_sign_in(&user, id);
        let device = match extras.device {
            Some(id) => self.core.devices.remembered(id, &user, version),
            // If the failure counter of a device is full, the device gets a new identity.
            None => {
                let same = known.filter(|_| is_on_device);
                // A device that has once been marked as strong stays strong, whichever factors
                // later sign-ins present.
                let is_strong = session.methods.have_second_factor()
                    || same.is_some_and(|same| same.strong().is_some());
                self.core.devices.token(same, &user, version, is_strong)
            }
        };
        let recovery_codes = extras.recovery_codes;
        Ok(Some(match prepared {
            Prepared::Tokens {
                access, refresh, ..
            } => SignIn::Complete {
                tokens: tokens.pair(access, id, refresh, expires_at, now),
                device,
                recovery_codes,
            },
            Prepared::Browser(cookie) => SignIn::Browser {
                session: BrowserSession {
                    id,
                    cookie,
                    user,
                    expires_at,
                },
                device,
                recovery_codes,
            },
        }))
    }

    /// Opens a challenge, and clears the failures that preceded the first proof.
    async fn challenge(
        &self,
        proof: Proof,
        kind: SessionKind,
        purpose: ChallengePurpose,
        known: Option<Device>,
    ) -> Result<Option<SignIn>> {
        let now = self.core.clock.now();
        let id = ChallengeId::new(now);
        let ticket = self.core.tickets.seal(&ParsedTicket {
            purpose,
            kind,
            id,
            user_id: proof.user.id,
            device: known.and_then(|known| known.strong()),
        });
        let ticket = ticket.ok_or_else(|| Error::internal("there is no ticket key"))?;
        let challenge = NewChallenge {
            id,
            purpose,
            user_id: proof.user.id,
            credential_version: proof.credential_version,
            factor_version: proof.factor_version,
            methods: proof.methods,
            provider: proof.provider,
            verified_hash: proof.verified_hash,
            rehashed: proof.rehashed,
            cleared_counter: proof.attempt.cleared_counter(),
            created_at: now,
            expires_at: now + TICKET_LIFETIME,
        };
        let factors = match self.core.store.open_challenge(&challenge).await? {
            OpenChallenge::Opened(factors) => factors,
            OpenChallenge::Stale => return Ok(None),
        };
        proof.attempt.cleared().await;
        let enrol = purpose == ChallengePurpose::Enrolment;
        let mut methods = Vec::new();
        if enrol || factors.totps > 0 {
            methods.push(SecondFactorMethod::Totp);
        }
        if !enrol && factors.recovery_codes > 0 {
            methods.push(SecondFactorMethod::RecoveryCode);
        }
        Ok(Some(SignIn::SecondFactor(Challenge {
            ticket,
            expires_in: TICKET_LIFETIME,
            methods,
            enrol,
        })))
    }

    /// The client's known device, if its token was issued to the user at this credential version.
    fn known_device(&self, proof: &Proof, client: &ClientInfo) -> Option<Device> {
        let token = client.device.as_ref()?;
        let canonical = proof.user.email.canonical();
        let known = self.core.devices.read(token, canonical)?;
        known
            .is_of(proof.user.id, proof.credential_version)
            .then_some(known)
    }

    /// Records a refusal by the host, which the audit trail distinguishes from a refusal by Hallpass.
    async fn write_down(&self, refusal: &Refusal, user: &User, client: &ClientInfo) -> Result<()> {
        let event = Event::new(EventKind::SignInFailed, self.core.clock.now(), client)
            .of(user.id)
            .with("reason", "refused_by_application")
            .with("code", refusal.code());
        let event = self.core.trail.about(event, user.email.canonical());
        Ok(self.core.trail.record(&event).await?)
    }
}
