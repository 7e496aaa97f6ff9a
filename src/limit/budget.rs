//! Call budgets for clients and addresses.

use super::Rate;
use crate::error::{Error, Result};

macro_rules! budgets {
    ($($(#[$docs:meta])* $budget:ident $word:ident $client:expr, $about:expr;)*) => {
        /// A group of calls that are counted together.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Budget {
            $($(#[$docs])* $budget,)*
        }

        impl Budget {
            /// Every budget.
            pub const ALL: &[Self] = &[$(Self::$budget),*];

            /// The name of the policy in `RateLimit` headers.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$budget => stringify!($word),)*
                }
            }
        }

        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        struct Limits {
            $($word: Limit,)*
        }

        impl Limits {
            fn of(&self, budget: Budget) -> &Limit {
                match budget {
                    $(Budget::$budget => &self.$word,)*
                }
            }

            fn of_mut(&mut self, budget: Budget) -> &mut Limit {
                match budget {
                    $(Budget::$budget => &mut self.$word,)*
                }
            }
        }

        impl RateLimits {
            /// No limits.
            #[must_use]
            pub fn none() -> Self {
                Self(Limits { $($word: Limit::default(),)* })
            }
        }

        impl Default for RateLimits {
            fn default() -> Self {
                Self(Limits { $($word: Limit { client: $client, about: $about },)* })
            }
        }
    };
}

budgets! {
    /// Every HTTP request except those for health, keys and documentation. A request that has
    /// another budget as well counts against both. Counted in the memory of each process.
    Default default per_minute(6000, 2000), None;
    /// Requesting a link that sets a new password.
    Forgot forgot per_minute(60, 120), per_minute(2, 120);
    /// Beginning to sign in with a provider.
    OauthStart oauth_start per_minute(60, 120), None;
    /// Exchanging a refresh token. Counted in the memory of each process.
    Refresh refresh per_minute(1200, 600), None;
    /// Registering.
    Register register per_minute(60, 120), None;
    /// Setting a new password with a mailed token.
    Reset reset per_minute(60, 120), None;
    /// Presenting a second factor, at sign-in or while signed in. Counted in the memory of each process.
    SecondFactor second_factor per_minute(60, 120), None;
    /// Presenting a password, to sign in or while signed in.
    SignIn sign_in per_minute(20, 20), None;
    /// Verifying an address, confirming a new address or unlocking sign-in with a mailed token.
    /// Requesting another email with such a token also counts.
    Verify verify per_minute(60, 120), per_minute(2, 120);
}

/// The rate limits for each client and for each email address that a call contains.
///
/// | budget | each client address | each address of an account |
/// |---|---|---|
/// | [`Default`](Budget::Default) | 6000 a minute, bursts of 2000 | |
/// | [`Forgot`](Budget::Forgot) | 60 a minute, bursts of 120 | 2 a minute, bursts of 120; then silently ignored |
/// | [`OauthStart`](Budget::OauthStart) | 60 a minute, bursts of 120 | |
/// | [`Refresh`](Budget::Refresh) | 1200 a minute, bursts of 600 | |
/// | [`Register`](Budget::Register) | 60 a minute, bursts of 120 | |
/// | [`Reset`](Budget::Reset) | 60 a minute, bursts of 120 | |
/// | [`SecondFactor`](Budget::SecondFactor) | 60 a minute, bursts of 120 | |
/// | [`SignIn`](Budget::SignIn) | 20 a minute | the [`Lockout`](super::Lockout) |
/// | [`Verify`](Budget::Verify) | 60 a minute, bursts of 120 | as for `Forgot`, if the call requests another email |
///
/// Opening the page of a mailed link has the same limit as using the link, but is counted separately, in the memory of
/// each process.
///
/// Emails have their own budgets: [`AuthBuilder::mail_budgets`](crate::AuthBuilder::mail_budgets).
///
/// ```
/// use hallpass::limit::{Budget, Rate, RateLimits};
///
/// let limits = RateLimits::default()
///     .per_client(Budget::SignIn, Rate::per_minute(60))
///     .per_client(Budget::Refresh, None);
/// assert_eq!(limits.of_client(Budget::SignIn), Some(Rate::per_minute(60)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimits(Limits);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Limit {
    client: Option<Rate>,
    about: Option<Rate>,
}

impl RateLimits {
    /// Sets how often calls from the same client address are allowed; `None` lifts the limit.
    #[must_use]
    pub fn per_client(mut self, budget: Budget, rate: impl Into<Option<Rate>>) -> Self {
        self.0.of_mut(budget).client = rate.into();
        self
    }

    /// Sets how often calls with the same email address are allowed, whether or not the address has an account; `None`
    /// lifts the limit. The setting has no effect on budgets whose calls contain no email address ([`Budget::Default`],
    /// [`Budget::OauthStart`], [`Budget::Refresh`], [`Budget::Reset`], [`Budget::SecondFactor`]).
    #[must_use]
    pub fn per_address(mut self, budget: Budget, rate: impl Into<Option<Rate>>) -> Self {
        self.0.of_mut(budget).about = rate.into();
        self
    }

    /// How often calls from the same client address are allowed.
    #[must_use]
    pub fn of_client(&self, budget: Budget) -> Option<Rate> {
        self.0.of(budget).client
    }

    /// How often calls with the same email address are allowed.
    #[must_use]
    pub fn of_address(&self, budget: Budget) -> Option<Rate> {
        self.0.of(budget).about
    }

    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) if a rate is invalid; the error names its
    /// budget.
    pub(crate) fn check(&self) -> Result<()> {
        for budget in Budget::ALL {
            for rate in [self.of_client(*budget), self.of_address(*budget)] {
                rate.map_or(Ok(()), |rate| rate.check()).map_err(|error| {
                    Error::configuration(format!("the budget {}: {error:?}", budget.as_str()))
                })?;
            }
        }
        Ok(())
    }
}

const fn per_minute(amount: u32, burst: u32) -> Option<Rate> {
    Some(Rate::per_minute(amount).with_burst(burst))
}
