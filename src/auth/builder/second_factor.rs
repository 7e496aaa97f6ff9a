//! Builder settings for second factors.

use std::time::Duration;

use super::AuthBuilder;
use crate::{limit::Tries, sign_in::SecondFactorPolicy};

pub(super) const DEFAULT_TRIES: Tries = Tries {
    most: 10,
    period: Duration::from_secs(3600),
};

impl AuthBuilder {
    /// Which users must have a second factor. Default: [`SecondFactorPolicy::Optional`]. A user who
    /// has a second factor is asked for it under every policy.
    pub fn second_factor(mut self, policy: SecondFactorPolicy) -> Self {
        self.second_factor = policy;
        self
    }

    /// How many wrong second-factor codes are allowed for each user and for each known device: from 1 to 100 in a
    /// period of at most 366 days. Default: ten an hour; `None` turns the limit off. In any case, one sign-in allows
    /// only five tries.
    pub fn second_factor_tries(mut self, tries: impl Into<Option<Tries>>) -> Self {
        self.code_tries = tries.into();
        self
    }
}
