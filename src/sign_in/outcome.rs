//! The outcome of a sign-in.

use crate::{error::Result, secret::DeviceToken, token::TokenPair};

/// The outcome of a sign-in whose credentials were right.
///
/// ```
/// # use hallpass::{Auth, Login, Registration, SignIn, UserService, secret::Secret, mail::Mailbox, memory::MemoryStore};
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// # let auth = Auth::builder().store(MemoryStore::new()).secrets(Secret::generate())
/// #     .public_url("https://example.org").mailer(Mailbox::new()).build()?;
/// # let ann: hallpass::user::EmailAddress = "ann@example.org".parse().unwrap();
/// # auth.register(Registration::new(ann.clone(), "a long enough password")).await?;
/// match auth.login(Login::new(ann, "a long enough password")).await? {
///     SignIn::Complete { tokens, .. } => println!("a session: {}", tokens.session_id),
///     _ => println!("another step is needed"),
/// }
/// # Ok::<(), hallpass::Error>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum SignIn {
    /// A session was opened.
    #[non_exhaustive]
    Complete {
        /// The tokens of the session.
        tokens: TokenPair,
        /// The token that identifies the device at its next sign-in; see
        /// [`ClientInfo::device`](crate::event::ClientInfo::device).
        device: Option<DeviceToken>,
    },
}

impl SignIn {
    /// A complete sign-in on a device that stays unknown, for a host's own [`UserService`](crate::UserService).
    #[must_use]
    pub fn complete(tokens: TokenPair) -> Self {
        Self::Complete {
            tokens,
            device: None,
        }
    }

    /// The tokens, for callers that never need a further step.
    ///
    /// # Errors
    /// [`Internal`](crate::ErrorKind::Internal) if another step is needed.
    pub fn into_tokens(self) -> Result<TokenPair> {
        match self {
            Self::Complete { tokens, .. } => Ok(tokens),
        }
    }
}
