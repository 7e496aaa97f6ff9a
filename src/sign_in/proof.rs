//! The proof that opens a session.

#[cfg(feature = "oauth")]
use crate::user::Credentials;
use crate::{
    admission::Limits,
    credential::{CheckedPassword, CountedAttempt},
    secret::PasswordHash,
    token::{Attempted, EarlierSignIn, Method, Methods},
    user::User,
};

/// The credentials that a user has presented: the user, the methods, and the conditions that must
/// still be met when a session is opened. A proof opens at most one session.
#[derive(Debug)]
pub(crate) struct Proof {
    pub(super) user: User,
    /// The version of the account's credentials at the time of the check.
    pub(super) credential_version: i64,
    /// The version of the user's second factors at the time of the check. `second_factors` is their
    /// number.
    pub(super) factor_version: i64,
    pub(super) second_factors: u32,
    pub(super) methods: Methods,
    /// The password hash that was verified; `None` if another credential was verified.
    pub(super) verified_hash: Option<PasswordHash>,
    pub(super) rehashed: Option<PasswordHash>,
    pub(super) attempt: CountedAttempt,
    /// The name of the provider that the user signed in with, if any.
    pub(super) provider: Option<String>,
    /// The sign-in in the browser session that this sign-in continues, if any.
    pub(super) earlier: Option<EarlierSignIn>,
    /// Whether the second factor is required on remembered devices too.
    pub(super) on_every_device: bool,
}

impl Proof {
    /// Sets whether the second factor is required on remembered devices too.
    pub(crate) fn on_every_device(self, on_every_device: bool) -> Self {
        Self {
            on_every_device,
            ..self
        }
    }

    pub(crate) fn of_password(checked: CheckedPassword) -> Self {
        Self {
            user: checked.user,
            credential_version: checked.credential_version,
            factor_version: checked.factor_version,
            second_factors: checked.second_factors,
            methods: [Method::Password].into_iter().collect(),
            verified_hash: checked.verified_hash,
            rehashed: checked.rehashed,
            attempt: checked.attempt,
            provider: None,
            earlier: None,
            on_every_device: false,
        }
    }

    /// The proof of a sign-in with a provider whose code has been redeemed.
    #[cfg(feature = "oauth")]
    pub(crate) fn of_provider(
        user: Credentials,
        provider: String,
        is_multi_factor: bool,
        limits: &Limits,
    ) -> Self {
        let methods = [Method::Provider]
            .into_iter()
            .chain(is_multi_factor.then_some(Method::Mfa))
            .collect();
        Self {
            provider: Some(provider),
            ..Self::of_code(user, methods, limits)
        }
    }

    /// The proof of a user who has signed in with a browser, and whose code has been redeemed.
    #[cfg(feature = "oauth")]
    pub(crate) fn of_session(user: Credentials, earlier: EarlierSignIn, limits: &Limits) -> Self {
        // A factor that has been removed does not count.
        let second_factor_at = earlier.second_factor_at.filter(|_| user.second_factors > 0);
        let methods = earlier.methods.counting(second_factor_at);
        let earlier = EarlierSignIn {
            second_factor_at,
            ..earlier
        };
        Self {
            factor_version: earlier.factor_version,
            earlier: Some(earlier),
            ..Self::of_code(user, methods, limits)
        }
    }

    #[cfg(feature = "oauth")]
    fn of_code(credentials: Credentials, methods: Methods, limits: &Limits) -> Self {
        Self {
            user: credentials.user,
            credential_version: credentials.credential_version,
            factor_version: credentials.factor_version,
            second_factors: credentials.second_factors,
            methods,
            verified_hash: None,
            rehashed: None,
            attempt: CountedAttempt::uncounted(limits),
            provider: None,
            earlier: None,
            on_every_device: false,
        }
    }

    /// The first proof of a challenge together with the second factor that answers it. The policy does not evaluate the
    /// result again.
    pub(super) fn of_answer(attempted: Attempted, method: Method, limits: &Limits) -> Self {
        Self {
            user: attempted.user,
            credential_version: attempted.credential_version,
            factor_version: attempted.factor_version,
            second_factors: 0,
            methods: attempted.methods.with_second_factor(method),
            verified_hash: None,
            rehashed: None,
            attempt: CountedAttempt::uncounted(limits),
            provider: attempted.provider,
            earlier: None,
            on_every_device: false,
        }
    }
}
