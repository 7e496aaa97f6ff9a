//! The statement that ends all sessions of a user.

/// Ends every session of a user.
pub(super) const END_OF_USER: &str = "\
    UPDATE auth_sessions SET revoked_at = $2, revoked_reason = $3 WHERE user_id = $1 AND revoked_at IS NULL";
