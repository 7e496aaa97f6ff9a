//! Changes of factors and credentials in a walk: with a session, by email and by an administrator.

use std::time::Duration;

use hallpass::{
    ErrorKind,
    event::{Author, ClientInfo},
    token::ActiveUser,
};

use super::Walk;
use crate::{second_factor::ANN, support::authenticator::Authenticator};

const MINUTES: Duration = Duration::from_secs(600);

impl Walk<'_> {
    /// A session, its live caller, and whether it may change the factors now.
    async fn session(
        &mut self,
        needs_strength: bool,
    ) -> Option<(usize, ActiveUser, Result<(), ErrorKind>)> {
        let place = self.dice.index(&self.sessions)?;
        let (session, now) = (&self.sessions[place], self.now());
        let caller = self.app.auth.current_user(&session.access).await;
        if session.version != self.credentials {
            assert!(caller.is_err(), "a dead session was accepted");
            return None;
        }
        // The access token may have expired.
        let caller = caller.ok()?;
        let is_recent = now < session.authenticated_at + MINUTES;
        let shown = session.second_factor_at;
        let is_fresh = shown.is_some_and(|at| now < at + MINUTES);
        let may = if self.factors.is_empty() {
            is_recent
                .then_some(())
                .ok_or(ErrorKind::ReauthenticationRequired)
        } else {
            let suffices = is_fresh && (session.is_strong || !needs_strength);
            suffices.then_some(()).ok_or(ErrorKind::StepUpRequired)
        };
        Some((place, caller, may))
    }

    pub(super) async fn enrol_in_session(&mut self) {
        let Some((place, caller, may)) = self.session(false).await else {
            return;
        };
        let factors = self.app.auth.factors();
        let begun = factors.begin_totp(&caller, None).await;
        let secret = match (begun, may) {
            (Err(error), Err(kind)) => return assert_refused(error.kind(), kind),
            (Err(error), Ok(())) => {
                assert_eq!(error.kind(), ErrorKind::TooManyFactors);
                return assert_eq!(self.factors.len(), 5);
            }
            (Ok(_), Err(kind)) => panic!("expected {kind:?}"),
            (Ok(secret), Ok(())) => secret,
        };
        let app = Authenticator::of(&secret);
        let code = app.code(self.now()).parse().unwrap();
        let client = ClientInfo::default();
        let confirmed = factors
            .confirm_totp(&caller, secret.id, &code, &client)
            .await;
        let codes = confirmed.expect("the code is right");
        assert_eq!(codes.is_empty(), !self.factors.is_empty());
        if self.factors.is_empty() {
            self.codes = codes;
        }
        self.added(app);
        let now = self.now();
        let session = &mut self.sessions[place];
        session.authenticated_at = now;
        session.second_factor_at = Some(now);
        session.is_strong = true;
    }

    pub(super) async fn remove(&mut self) {
        let Some((place, caller, may)) = self.session(false).await else {
            return;
        };
        let Some(factor) = self.dice.index(&self.factors) else {
            return;
        };
        let id = self.factors[factor].id;
        let client = ClientInfo::default();
        let removed = self.app.auth.factors().remove(&caller, id, &client).await;
        let is_last = self.factors.len() == 1;
        match (removed, may) {
            (Err(error), Err(kind)) => assert_refused(error.kind(), kind),
            (Err(error), Ok(())) => {
                assert_eq!(error.kind(), ErrorKind::FactorRequired);
                assert!(self.is_required && is_last);
            }
            (Ok(()), Err(kind)) => panic!("expected {kind:?}"),
            (Ok(()), Ok(())) => {
                assert!(!(self.is_required && is_last));
                self.factors.remove(factor);
                self.version += 1;
                for (other, session) in self.sessions.iter_mut().enumerate() {
                    if other != place {
                        session.second_factor_at = None;
                    }
                }
                if is_last {
                    self.void_codes();
                }
            }
        }
    }

    pub(super) async fn renew(&mut self) {
        let Some((_, caller, may)) = self.session(true).await else {
            return;
        };
        let client = ClientInfo::default();
        let renewed = self
            .app
            .auth
            .factors()
            .renew_recovery_codes(&caller, &client);
        match (renewed.await, may) {
            (Err(error), Err(kind)) => assert_refused(error.kind(), kind),
            (Err(error), Ok(())) => {
                assert_eq!(error.kind(), ErrorKind::FactorRequired);
                assert!(self.factors.is_empty());
            }
            (Ok(_), Err(kind)) => panic!("expected {kind:?}"),
            (Ok(codes), Ok(())) => {
                self.void_codes();
                self.codes = codes;
                self.version += 1;
            }
        }
    }

    fn void_codes(&mut self) {
        let void = std::mem::take(&mut self.codes);
        self.used_codes.extend(void);
    }

    /// A reset by mail ends sessions, tickets and devices, and keeps the factors.
    pub(super) async fn reset(&mut self) {
        // A link replaces an older one, not one of the same moment.
        self.app.advance(1);
        let token = self.app.reset_token(ANN).await;
        self.password = format!("passphrase number {}", self.version);
        self.app.reset(&token, &self.password).await.expect(204);
        self.version += 1;
        self.credentials += 1;
    }

    pub(super) async fn reset_by_administrator(&mut self) {
        let administration = self.app.auth.administration();
        let reset = administration
            .reset_factors(self.user.id, &Author::default())
            .await;
        reset.expect("the user is there");
        self.void_codes();
        self.factors.clear();
        self.version += 1;
        self.credentials += 1;
    }
}

/// A refusal for the expected reason, or because the session is not recent.
fn assert_refused(found: ErrorKind, expected: ErrorKind) {
    let is_stale = found == ErrorKind::ReauthenticationRequired;
    assert!(found == expected || is_stale, "{found:?}, not {expected:?}");
}
