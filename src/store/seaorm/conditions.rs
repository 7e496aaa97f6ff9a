//! Conditions that several statements share.

/// The condition that a session `s` of a user `u` is live at `$2`.
macro_rules! live_session {
    () => {
        "s.revoked_at IS NULL AND s.idle_expires_at > $2 AND s.absolute_expires_at > $2 \
        AND u.status = 'active' AND u.credential_version = s.credential_version"
    };
}
pub(super) use live_session;

/// Matches the purpose of every token that verifies an address. Each email has its own row, and all
/// of these rows are valid until one of them is used. An older version wrote one row per user, with
/// only the purpose.
macro_rules! is_proof {
    ($purpose:literal) => {
        concat!($purpose, " LIKE 'verify_email%'")
    };
}
pub(super) use is_proof;

/// Matches the purpose of every token of a notice. Each email has its own row. Whoever has changed the account must not
/// be able to void these tokens.
macro_rules! is_of_notice {
    ($purpose:literal) => {
        concat!($purpose, " LIKE 'secure_account%'")
    };
}
pub(super) use is_of_notice;

/// The condition that a token `t` of a user `u` is valid, except for its expiry.
macro_rules! live_token {
    () => {
        concat!(
            "t.used_at IS NULL AND u.status = 'active' AND (",
            is_of_notice!("t.purpose"),
            " OR (",
            is_proof!("t.purpose"),
            " OR t.credential_version = u.credential_version) \
            AND (t.purpose = 'confirm_email_change' OR u.email = t.payload->>'address'))"
        )
    };
}
pub(super) use live_token;

/// The methods in `$column`, followed by `$added` unless they already contain `$word`.
macro_rules! with_methods {
    ($column:literal, $word:literal, $added:literal) => {
        concat!(
            "CASE WHEN ' ' || COALESCE(",
            $column,
            ", '') || ' ' LIKE '% ",
            $word,
            " %' THEN ",
            $column,
            " ELSE TRIM(COALESCE(",
            $column,
            ", '') || ' ",
            $added,
            "') END"
        )
    };
}
pub(super) use with_methods;
