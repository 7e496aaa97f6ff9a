//! The checks before an administrator reads or changes something on a page.

use super::Administration;
#[cfg(feature = "pages")]
use crate::error::ErrorKind;
use crate::{error::Result, token::ActiveUser};

impl Administration {
    /// Requires a step-up if the administrator has a second factor or must have one.
    pub(crate) fn require_step_up(&self, caller: &ActiveUser) -> Result<()> {
        let now = self.core.clock.now();
        if self.policy.requires(&caller.user.roles) {
            caller.require_step_up(now)
        } else {
            caller.require_step_up_if_enrolled(now)
        }
    }

    /// Requires that an administrator who has a second factor has presented it in this session, however long ago, and
    /// that an administrator who must have a second factor has one.
    ///
    /// # Errors
    /// [`StepUpRequired`](ErrorKind::StepUpRequired) or [`FactorRequired`](ErrorKind::FactorRequired).
    #[cfg(feature = "pages")]
    pub(crate) fn require_second_factor(&self, caller: &ActiveUser) -> Result<()> {
        if !caller.has_second_factor && self.policy.requires(&caller.user.roles) {
            return Err(ErrorKind::FactorRequired.into());
        }
        if caller.has_second_factor && !caller.methods.are_strong() {
            return Err(ErrorKind::StepUpRequired.into());
        }
        Ok(())
    }

    /// Requires a credential that was presented within the last ten minutes; for an administrator who has a second
    /// factor, that credential must be the second factor.
    #[cfg(feature = "pages")]
    pub(crate) fn require_recent_step_up(&self, caller: &ActiveUser) -> Result<()> {
        caller.require_step_up(self.core.clock.now())
    }
}
