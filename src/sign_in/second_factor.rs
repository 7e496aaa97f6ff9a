//! Checking a second factor, to complete a sign-in or to strengthen a session.

use std::sync::Arc;

use super::{Extras, Proof, SessionOpener, SignIn};
use crate::{
    admission::Counted,
    core::Core,
    credential::Caller,
    error::{ErrorKind, Result},
    event::{ClientInfo, Event, EventKind},
    factor::{DeviceId, RecoveryCode, SealedTotp, SpentTotp, TotpCode},
    id::UserId,
    limit::Budget,
    mail::{Intent, LetterKind, Recipient},
    secret::Ticket,
    token::{
        ActiveUser, Attempted, ChallengePurpose, Checked, Method, NewCookie, ParsedTicket,
        RememberDevice, SecondProof, SessionKind, SpentFactor,
    },
};

/// How long a device is remembered.
const REMEMBERED: std::time::Duration = std::time::Duration::from_secs(30 * 86_400);

/// A second factor that a user presents.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum SecondFactor {
    /// A code from an authenticator app.
    Totp(TotpCode),
    /// A recovery code.
    RecoveryCode(RecoveryCode),
}

impl SecondFactor {
    fn method(&self) -> Method {
        match self {
            Self::Totp(_) => Method::Otp,
            Self::RecoveryCode(_) => Method::Recovery,
        }
    }
}

/// The channel through which a challenge is answered. A ticket is valid only on the channel on which its sign-in began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    /// A caller that receives tokens.
    Tokens,
    /// A browser that receives a cookie.
    #[cfg_attr(not(feature = "http"), allow(dead_code, reason = "for endpoints"))]
    Browser,
}

impl Door {
    pub(crate) fn admits(self, kind: SessionKind) -> bool {
        (self == Self::Tokens) == (kind == SessionKind::Tokens)
    }
}

/// Checks second factors. Each try is counted before anything is compared.
#[derive(Clone, Debug)]
pub(crate) struct SecondFactors {
    pub(crate) core: Arc<Core>,
    pub(crate) opener: SessionOpener,
}

/// The result of a successful check: the code to mark as used, and the recovery codes of an
/// enrolment.
struct Right {
    spent: SpentFactor,
    recovery_codes: Vec<RecoveryCode>,
}

impl SecondFactors {
    /// Answers a challenge. If the caller disconnects, the outcome of the check is still recorded.
    pub(crate) async fn answer(
        &self,
        ticket: &Ticket,
        door: Door,
        shown: SecondFactor,
        remember: bool,
        client: ClientInfo,
    ) -> Result<SignIn> {
        let now = self.core.clock.now();
        let parsed = self
            .core
            .tickets
            .read(ticket, now)
            .filter(|parsed| door.admits(parsed.kind))
            .ok_or(ErrorKind::InvalidToken)?;
        self.core
            .limits
            .admit_here(Budget::SecondFactor, client.ip)
            .await?;
        let own = self.clone();
        Caller::outlived(|caller| async move {
            let (attempted, counted) = own.attempt(&parsed, &shown, &client).await?;
            let Some(right) = own.check(&attempted, &shown)? else {
                let user = attempted.user.id;
                own.fail(user, shown.method(), counted, &client, None)
                    .await?;
                return Err(ErrorKind::InvalidCode.into());
            };
            let (method, recorded) = (shown.method(), client.clone());
            let opening = own.open(&parsed, attempted, right, remember, client);
            let opened = caller.in_time(opening).await;
            match &opened {
                // Another call has used the code.
                Err(error) if error.kind() == ErrorKind::InvalidCode => {
                    let user = parsed.user_id;
                    own.fail(user, method, counted, &recorded, None).await?;
                }
                _ => own.take_back(counted).await,
            }
            opened
        })
        .await
    }

    /// Checks a code from an authenticator app in a session. If the code is right, the session
    /// becomes multi-factor and counts as recently authenticated. If the caller disconnects, the
    /// outcome of the check is still recorded.
    pub(crate) async fn reauthenticate(
        &self,
        caller: &ActiveUser,
        code: &TotpCode,
        client: &ClientInfo,
    ) -> Result<Option<NewCookie>> {
        self.core
            .limits
            .admit_here(Budget::SecondFactor, client.ip)
            .await?;
        let (own, code) = (self.clone(), code.clone());
        let (caller, client) = (caller.clone(), client.clone());
        Caller::outlived(|_| async move { own.strengthen(&caller, &code, &client).await }).await
    }

    async fn strengthen(
        &self,
        caller: &ActiveUser,
        code: &TotpCode,
        client: &ClientInfo,
    ) -> Result<Option<NewCookie>> {
        let (core, user) = (&self.core, caller.user.id);
        let token = client.device.as_ref();
        let device = token
            .and_then(|token| core.devices.read(token, caller.user.email.canonical()))
            .filter(|device| device.is_of_user(user))
            .and_then(|device| device.strong());
        let device = device.as_ref().map(|id| &id[..]);
        let session = Some(caller);
        let counted = match core.limits.try_code(user, device).await {
            Ok(counted) => counted,
            Err(error) => return self.refuse(user, Method::Otp, error, client, session).await,
        };
        let totps = core.store.totps(user).await?;
        let now = core.clock.now();
        let event = Event::new(EventKind::Reauthenticated, now, client)
            .of(user)
            .by(user)
            .with("session_id", caller.session_id.to_string())
            .with("method", Method::Otp.as_str());
        if let Some(spent) = self.matching(user, &totps, code)? {
            let id = caller.session_id;
            let renewal = core.tokens.renewal(caller, now)?;
            let renewed = renewal.as_ref().map(|renewal| &renewal.renewed);
            let done = core
                .store
                .authenticate_with_totp(id, user, &spent, renewed, now, &event);
            if done.await? == Checked::Done {
                self.take_back(counted).await;
                core.trail.publish(&event);
                return Ok(renewal.map(|renewal| renewal.cookie));
            }
            // Another call has used the code's time step, or the session has ended.
            if let Err(error) = core.ensure_live(caller).await {
                self.take_back(counted).await;
                return Err(error);
            }
        }
        self.fail(user, Method::Otp, counted, client, session)
            .await?;
        Err(ErrorKind::InvalidCode.into())
    }

    /// Counts a try for the user, and then for the challenge.
    async fn attempt(
        &self,
        ticket: &ParsedTicket,
        shown: &SecondFactor,
        client: &ClientInfo,
    ) -> Result<(Attempted, Counted)> {
        let (core, user) = (&self.core, ticket.user_id);
        let device = ticket.device.as_ref().map(|id| &id[..]);
        let counted = match core.limits.try_code(user, device).await {
            Ok(counted) => counted,
            Err(error) => return self.refuse(user, shown.method(), error, client, None).await,
        };
        let now = core.clock.now();
        let attempted = core.store.attempt_challenge(ticket.id, user, now).await;
        match attempted {
            Ok(Some(attempted)) if attempted.purpose == ticket.purpose => Ok((attempted, counted)),
            Ok(_) => {
                self.take_back(counted).await;
                Err(ErrorKind::InvalidToken.into())
            }
            Err(error) => {
                self.take_back(counted).await;
                Err(error.into())
            }
        }
    }

    /// Compares the presented code with the stored factors; `None` if it is wrong or was already
    /// used.
    fn check(&self, attempted: &Attempted, shown: &SecondFactor) -> Result<Option<Right>> {
        let user = attempted.user.id;
        let keys = &self.core.factor_keys;
        Ok(match shown {
            SecondFactor::RecoveryCode(code) => keys
                .matching(user, code, &attempted.recovery_codes)
                .map(|digest| Right {
                    spent: SpentFactor::RecoveryCode(digest),
                    recovery_codes: Vec::new(),
                }),
            SecondFactor::Totp(code) => {
                let spent = self.matching(user, &attempted.totps, code)?;
                spent.map(|spent| self.right(attempted, spent))
            }
        })
    }

    fn right(&self, attempted: &Attempted, spent: SpentTotp) -> Right {
        match attempted.purpose {
            ChallengePurpose::Enrolment => {
                let codes = RecoveryCode::set();
                Right {
                    spent: SpentFactor::Enrolled {
                        id: spent.id,
                        step: spent.step,
                        codes: self.core.factor_keys.digests(attempted.user.id, &codes),
                    },
                    recovery_codes: codes,
                }
            }
            ChallengePurpose::SecondFactor => Right {
                spent: SpentFactor::Totp(spent),
                recovery_codes: Vec::new(),
            },
        }
    }

    /// The factor and the unused time step that the code belongs to.
    fn matching(
        &self,
        user: UserId,
        totps: &[SealedTotp],
        code: &TotpCode,
    ) -> Result<Option<SpentTotp>> {
        let (keys, now) = (&self.core.factor_keys, self.core.clock.now());
        let mut found = None;
        for totp in totps {
            let Some(key) = keys.open(user, totp) else {
                tracing::error!(user_id = %user, factor_id = %totp.id, "no secret opens the key of a second factor");
                continue;
            };
            let step = key.matching(code, now);
            if let Some(step) = step.filter(|step| totp.last_step.is_none_or(|last| last < *step)) {
                found = Some(SpentTotp {
                    id: totp.id,
                    step,
                    resealed: keys.resealed(user, totp, &key)?,
                });
            }
        }
        Ok(found)
    }

    async fn open(
        &self,
        ticket: &ParsedTicket,
        attempted: Attempted,
        right: Right,
        remember: bool,
        client: ClientInfo,
    ) -> Result<SignIn> {
        let (core, now) = (&self.core, self.core.clock.now());
        let user = attempted.user.id;
        let device = remember.then(|| DeviceId::new(now));
        let event = |kind| Event::new(kind, now, &client).of(user).by(user);
        let (mut events, mut mails) = (Vec::new(), Vec::new());
        match &right.spent {
            SpentFactor::Totp(_) => {}
            SpentFactor::RecoveryCode(_) => {
                let left = attempted.recovery_codes.len().saturating_sub(1);
                events.push(event(EventKind::RecoveryCodeUsed).with("left", left));
                if left == 0 {
                    mails.extend(self.notice(LetterKind::RecoveryCodesUsedUp, user, &client));
                }
            }
            SpentFactor::Enrolled { id, .. } => {
                let added = event(EventKind::FactorAdded).with("kind", "totp");
                events.push(added.with("factor_id", id.to_string()));
                mails.extend(self.notice(LetterKind::FactorAdded, user, &client));
            }
        }
        if let Some(id) = device {
            events.push(event(EventKind::DeviceRemembered).with("device_id", id.to_string()));
        }
        let is_enrolled = matches!(right.spent, SpentFactor::Enrolled { .. });
        let method = right.spent.method();
        let changed = attempted.user.clone();
        let proof = Proof::of_answer(attempted, method, &core.limits);
        let extras = Extras {
            second: Some(SecondProof::Answer {
                challenge: ticket.id,
                spent: right.spent,
                remember: device.map(|id| RememberDevice {
                    id,
                    expires_at: now + REMEMBERED,
                }),
            }),
            device,
            events,
            mails,
            recovery_codes: right.recovery_codes,
        };
        let known = self.opener.known_device(&proof, &client);
        let opened = self.opener.open(&proof, ticket.kind, known, extras, client);
        let opened = opened.await?;
        if let Some(sign_in) = opened {
            if is_enrolled {
                core.hooks.after_factor_change(&changed);
            }
            return Ok(sign_in);
        }
        // Another call has used the ticket or the code, or the account has changed.
        let attempted = core.store.attempt_challenge(ticket.id, user, now).await?;
        Err(match attempted {
            Some(_) => ErrorKind::InvalidCode,
            None => ErrorKind::InvalidToken,
        }
        .into())
    }

    fn notice(&self, letter: LetterKind, user: UserId, client: &ClientInfo) -> Option<Intent> {
        let (core, now) = (&self.core, self.core.clock.now());
        core.deliveries
            .notice(letter, Recipient::User(user), now, client)
    }

    /// Records a wrong code, and notifies the owner when the limit is reached.
    async fn fail(
        &self,
        user: UserId,
        method: Method,
        counted: Counted,
        client: &ClientInfo,
        session: Option<&ActiveUser>,
    ) -> Result<()> {
        let event = self.failed(user, method, "wrong_code", client, session);
        let notice = || self.notice(LetterKind::FactorFailures, user, client);
        let mail = counted.is_notified.then(notice).flatten();
        let Some(mail) = mail else {
            return Ok(self.core.trail.record(&event).await?);
        };
        self.core.store.enqueue(&[mail], Some(&event)).await?;
        self.core.trail.publish(&event);
        self.core.deliveries.wake();
        Ok(())
    }

    /// Records the attempt if it exceeded the limit, and returns the error.
    async fn refuse<T>(
        &self,
        user: UserId,
        method: Method,
        error: crate::error::Error,
        client: &ClientInfo,
        session: Option<&ActiveUser>,
    ) -> Result<T> {
        if error.kind() == ErrorKind::TooManyAttempts {
            let event = self.failed(user, method, "too_many_attempts", client, session);
            self.core.trail.record(&event).await?;
        }
        Err(error)
    }

    fn failed(
        &self,
        user: UserId,
        method: Method,
        reason: &str,
        client: &ClientInfo,
        session: Option<&ActiveUser>,
    ) -> Event {
        let event = Event::new(EventKind::FactorFailed, self.core.clock.now(), client)
            .of(user)
            .with("method", method.as_str())
            .with("reason", reason);
        match session {
            Some(caller) => event.with("session_id", caller.session_id.to_string()),
            None => event,
        }
    }

    /// Refunds a try whose code was correct or was never compared. If this fails, the worst consequence is that the
    /// user has to wait longer.
    async fn take_back(&self, counted: Counted) {
        if let Err(error) = self.core.limits.refund(counted).await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "a try of a second factor cannot be taken back");
        }
    }
}
