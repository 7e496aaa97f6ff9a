//! Builder settings for second factors.

use std::time::Duration;

use super::AuthBuilder;
use crate::{limit::Tries, sign_in::SecondFactorPolicy};

pub(super) const DEFAULT_TRIES: Tries = Tries {
    most: 10,
    period: Duration::from_secs(3600),
};

impl AuthBuilder {
    /// The users who must have a second factor. Default: [`SecondFactorPolicy::Optional`]. A user who has a second
    /// factor is always asked for it.
    pub fn second_factor(mut self, policy: SecondFactorPolicy) -> Self {
        self.second_factor = policy;
        self
    }

    /// How many codes of a second factor may be wrong, for each user and for each known device. Default: ten an hour;
    /// `None` turns the limit off. A sign-in allows five tries in any case.
    pub fn second_factor_tries(mut self, tries: impl Into<Option<Tries>>) -> Self {
        self.code_tries = tries.into();
        self
    }
}
