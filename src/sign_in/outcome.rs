//! The outcome of a sign-in.

use std::time::Duration;

use crate::{
    error::{Error, Result},
    factor::RecoveryCode,
    secret::{DeviceToken, Ticket},
    token::{BrowserSession, TokenPair},
};

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
///     SignIn::SecondFactor(challenge) => println!("present one of {:?}", challenge.methods),
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
        /// The recovery codes of the second factor that this sign-in has enrolled; otherwise empty.
        recovery_codes: Vec<RecoveryCode>,
    },
    /// A browser session was opened.
    #[non_exhaustive]
    Browser {
        /// The session and its cookie.
        session: BrowserSession,
        /// The token that identifies the device at its next sign-in.
        device: Option<DeviceToken>,
        /// The recovery codes of the second factor that this sign-in has enrolled; otherwise empty.
        recovery_codes: Vec<RecoveryCode>,
    },
    /// The proof does not suffice: a second factor has to be presented or enrolled.
    SecondFactor(Challenge),
}

/// The step that completes a sign-in; see [`Factors`](crate::second_factor::Factors).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Challenge {
    /// The token that identifies the challenge. It grants no access.
    pub ticket: Ticket,
    /// How long the ticket is valid.
    pub expires_in: Duration,
    /// The second factors that the user can present.
    pub methods: Vec<SecondFactorMethod>,
    /// Whether the user has to enrol a second factor, because the user must have one and has none.
    pub enrol: bool,
}

/// A way to answer a [`Challenge`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SecondFactorMethod {
    /// A code from an authenticator app.
    Totp,
    /// A recovery code.
    RecoveryCode,
}

impl SecondFactorMethod {
    /// The name of the method in replies.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Totp => "totp",
            Self::RecoveryCode => "recovery_code",
        }
    }
}

impl SignIn {
    /// A complete sign-in without a device token, for a host's own
    /// [`UserService`](crate::UserService).
    #[must_use]
    pub fn complete(tokens: TokenPair) -> Self {
        Self::Complete {
            tokens,
            device: None,
            recovery_codes: Vec::new(),
        }
    }

    /// The tokens, for code that expects no further step.
    ///
    /// # Errors
    /// [`Internal`](crate::ErrorKind::Internal) if another step is needed.
    pub fn into_tokens(self) -> Result<TokenPair> {
        match self {
            Self::Complete { tokens, .. } => Ok(tokens),
            Self::Browser { .. } => Err(Error::internal("a browser session has no tokens")),
            Self::SecondFactor(_) => Err(Error::internal("the sign-in needs another step")),
        }
    }
}
