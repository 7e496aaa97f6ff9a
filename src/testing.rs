//! Support for a host's tests: an in-memory service, its clock, its emails, and users with tokens.
//!
//! Nothing here is a test double: accounts are registered, tokens belong to a session, and the extractors, guards and
//! endpoints behave as in production. The only difference is the hashing, which is cheap and runs on the calling
//! thread, so that a test may pause tokio's clock. The service's clock changes only when the test moves it, and emails
//! stay in a [`Mailbox`]. The [`conformance`](crate::store::conformance) checks test the host's own store.
//!
//! A failure in these functions is a fault in the test, so they panic instead of returning an error.
//!
//! On axum:
//!
//! ```
//! # #[cfg(feature = "axum")]
//! # mod example {
//! use axum::{Router, body::Body, http::Request, routing::get};
//! use hallpass::{Auth, CurrentUser, testing::TestAuth};
//! use tower::ServiceExt;
//!
//! // The host's own code.
//! fn app(auth: &Auth) -> Router {
//!     let hello = async |user: CurrentUser| format!("hello {}", user.id());
//!     Router::new().route("/hello", get(hello)).with_state(auth.clone())
//! }
//!
//! // Its test.
//! # pub async fn run() {
//! let auth = TestAuth::new();
//! let ann = auth.user("ann@example.org").await;
//! let request = Request::get("/hello")
//!     .header("Authorization", auth.bearer_of(&ann).await)
//!     .body(Body::empty())
//!     .unwrap();
//! let reply = app(&auth).oneshot(request).await.unwrap();
//! assert_eq!(reply.status(), 200);
//! # }
//! # }
//! # #[cfg(feature = "axum")]
//! # tokio::runtime::Runtime::new().unwrap().block_on(example::run());
//! ```
//!
//! On actix:
//!
//! ```
//! # #[cfg(feature = "actix")]
//! # mod example {
//! use actix_web::{App, test, web};
//! use hallpass::{Auth, CurrentUser, testing::TestAuth};
//!
//! // The host's own code.
//! async fn hello(user: CurrentUser) -> String {
//!     format!("hello {}", user.id())
//! }
//!
//! fn routes(auth: &Auth) -> impl FnOnce(&mut web::ServiceConfig) + use<> {
//!     let auth = web::Data::new(auth.clone());
//!     move |config: &mut web::ServiceConfig| {
//!         config.app_data(auth).route("/hello", web::get().to(hello));
//!     }
//! }
//!
//! // Its test.
//! # pub async fn run() {
//! let auth = TestAuth::new();
//! let ann = auth.user("ann@example.org").await;
//! let app = test::init_service(App::new().configure(routes(&auth))).await;
//! let request = test::TestRequest::get()
//!     .uri("/hello")
//!     .insert_header(("Authorization", auth.bearer_of(&ann).await))
//!     .to_request();
//! assert_eq!(test::call_service(&app, request).await.status(), 200);
//! # }
//! # }
//! # #[cfg(feature = "actix")]
//! # actix_web::rt::System::new().block_on(example::run());
//! ```
//!
//! If a test calls the endpoints in process, without a connection, there is no client address. In
//! such tests, mount the endpoints with `ClientAddress::unknown()`.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::{ops::Deref, time::Duration};

use crate::{
    auth::{Auth, AuthBuilder},
    clock::{Clock as _, ManualClock},
    credential::{HashParams, Hasher},
    error::Error,
    event::{Author, ClientInfo},
    factor::{RecoveryCode, TotpCode, TotpKey},
    mail::{Mail, Mailbox},
    secret::{AccessToken, OneTimeToken, Secret},
    service::{Login, Registration},
    sign_in::{SecondFactor, SignIn, TotpSecret},
    store::memory::MemoryStore,
    token::TokenPair,
    user::{EmailAddress, Role, Roles, UpdateUser, User, UserChange},
};

/// The password of every user that a [`TestAuth`] creates.
pub const PASSWORD: &str = "the same passphrase for every user of a test";

/// An [`Auth`] on a store in memory, with its clock and emails under the control of a test. Clones
/// share everything.
///
/// ```
/// use std::time::Duration;
/// use hallpass::{user::Role, UserService, testing::TestAuth};
///
/// # #[tokio::main]
/// # async fn main() -> hallpass::Result<()> {
/// let auth = TestAuth::new();
/// let editor = Role::from_static("editor");
/// let ann = auth.user_with_roles("ann@example.org", [editor.clone()]).await;
/// let token = auth.token_of(&ann).await;
/// assert!(auth.require_role(&token, &editor).await.is_ok());
///
/// // The test decides when tokens expire.
/// auth.clock().advance(Duration::from_secs(600));
/// assert!(auth.verify(&token).is_err());
///
/// // Emails can be read, and their links used.
/// auth.forgot_password(&ann.email, &Default::default()).await?;
/// let link = auth.token_mailed_to("ann@example.org").await;
/// auth.reset_password(&link, &"another passphrase".into(), &Default::default()).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct TestAuth {
    auth: Auth,
    clock: ManualClock,
    mailbox: Mailbox,
}

impl TestAuth {
    /// A service with the default settings.
    #[must_use]
    pub fn new() -> Self {
        Self::with(|builder| builder)
    }

    /// A service with the host's own settings, for example hooks.
    ///
    /// # Panics
    /// If the settings are invalid.
    pub fn with(set: impl FnOnce(AuthBuilder) -> AuthBuilder) -> Self {
        let (clock, mailbox) = (ManualClock::new(), Mailbox::new());
        let cheap = HashParams::danger_weak(8, 1, 1).expect("Argon2 takes them");
        let builder = Auth::builder()
            .store(MemoryStore::new())
            .clock(clock.clone())
            .mailer(mailbox.clone())
            .secrets(Secret::generate())
            .public_url("https://id.example.org")
            .hashing(Hasher::builder(cheap).in_place());
        Self {
            auth: set(builder)
                .build()
                .unwrap_or_else(|error| panic!("the settings are invalid: {error:?}")),
            clock,
            mailbox,
        }
    }

    /// The service to pass to the application.
    #[must_use]
    pub fn auth(&self) -> &Auth {
        &self.auth
    }

    /// The clock that the test controls. It changes only when the test moves it. If the builder was
    /// given another clock, the service uses that clock instead.
    #[must_use]
    pub fn clock(&self) -> &ManualClock {
        &self.clock
    }

    /// The emails that were sent. If the builder was given another mailer, the service uses that
    /// mailer, and this mailbox stays empty.
    #[must_use]
    pub fn mailbox(&self) -> &Mailbox {
        &self.mailbox
    }

    /// Registers a user with [`PASSWORD`] and the role `user`, and verifies the address.
    ///
    /// # Panics
    /// If the text is not an address, the address already has an account, or a hook refuses.
    pub async fn user(&self, email: &str) -> User {
        self.user_with_roles(email, [Role::USER]).await
    }

    /// Registers a user as [`user`](Self::user) does, with exactly these roles.
    ///
    /// # Panics
    /// If [`user`](Self::user) panics.
    pub async fn user_with_roles(
        &self,
        email: &str,
        roles: impl IntoIterator<Item = Role>,
    ) -> User {
        let roles: Roles = roles.into_iter().collect();
        let user = self
            .register(Registration::new(address(email), PASSWORD))
            .await
            .unwrap_or_else(|error| panic!("{email} cannot register: {error:?}"));
        let change = UserChange {
            roles: Some(roles),
            email_verified: Some(true),
            ..UserChange::default()
        };
        let (nobody, now) = (Author::default(), self.clock.now());
        match self
            .store()
            .update_user(user.id, &change, None, &nobody, now)
            .await
            .expect("the store works")
        {
            UpdateUser::Updated(user, _) => user,
            refused => panic!("the roles of {email} cannot be set: {refused:?}"),
        }
    }

    /// Signs in a user that this `TestAuth` created, and returns the tokens of the session.
    ///
    /// # Panics
    /// If the user cannot sign in with [`PASSWORD`].
    pub async fn sign_in(&self, user: &User) -> TokenPair {
        self.login(Login::new(user.email.clone(), PASSWORD))
            .await
            .and_then(SignIn::into_tokens)
            .unwrap_or_else(|error| panic!("{} cannot sign in: {error:?}", user.email))
    }

    /// Opens a session, and returns its access token.
    ///
    /// # Panics
    /// If [`sign_in`](Self::sign_in) panics.
    pub async fn token_of(&self, user: &User) -> AccessToken {
        self.sign_in(user).await.access_token
    }

    /// Opens a session, and returns the value of the `Authorization` header with its access token.
    ///
    /// # Panics
    /// If [`sign_in`](Self::sign_in) panics.
    pub async fn bearer_of(&self, user: &User) -> String {
        format!("Bearer {}", self.token_of(user).await.expose())
    }

    /// The current code of an authenticator app with this base32 key, by the test's clock. Each code is valid once, so
    /// move the clock by 30 seconds before you request the next code.
    ///
    /// # Panics
    /// If the text is not a key.
    #[must_use]
    pub fn totp_code(&self, base32: &str) -> TotpCode {
        let key = TotpKey::from_base32(base32);
        let key = key.unwrap_or_else(|| panic!("the text is not a key in base32"));
        key.code_at(self.clock.now())
    }

    /// Registers a user as [`user`](Self::user) does, with an authenticator app and recovery codes.
    /// The call moves the clock by 30 seconds, so that the current code is unused.
    ///
    /// # Panics
    /// If [`user`](Self::user) panics.
    pub async fn user_with_totp(&self, email: &str) -> UserWithTotp {
        let user = self.user(email).await;
        let client = ClientInfo::default();
        let enrolled = async {
            let caller = self.current_user(&self.token_of(&user).await).await?;
            let secret = self.factors().begin_totp(&caller, None).await?;
            let code = self.totp_code(secret.expose_base32());
            let confirmed = self
                .factors()
                .confirm_totp(&caller, secret.id, &code, &client);
            let recovery_codes = confirmed.await?;
            Ok::<_, Error>((secret, recovery_codes))
        };
        let (secret, recovery_codes) = enrolled
            .await
            .unwrap_or_else(|error| panic!("{email} cannot enrol an app: {error:?}"));
        self.clock.advance(Duration::from_secs(30));
        UserWithTotp {
            user,
            secret,
            recovery_codes,
        }
    }

    /// Signs in a user with the password and the current code, and returns the tokens of the
    /// session. The call moves the clock by 30 seconds.
    ///
    /// # Panics
    /// If the user cannot sign in.
    pub async fn sign_in_with_totp(&self, user: &UserWithTotp) -> TokenPair {
        let email = user.user.email.clone();
        let code = self.totp_code(user.secret.expose_base32());
        let signed_in = async {
            match self.login(Login::new(email, PASSWORD)).await? {
                SignIn::SecondFactor(challenge) => {
                    let (shown, client) = (SecondFactor::Totp(code), ClientInfo::default());
                    let factors = self.factors();
                    let answered = factors.answer(&challenge.ticket, shown, false, client);
                    answered.await?.into_tokens()
                }
                complete => complete.into_tokens(),
            }
        };
        let tokens = signed_in.await;
        self.clock.advance(Duration::from_secs(30));
        tokens.unwrap_or_else(|error| panic!("{} cannot sign in: {error:?}", user.user.email))
    }

    /// Sends the due emails, and returns the most recently requested email to this address.
    ///
    /// # Panics
    /// If the store fails.
    pub async fn last_mail_to(&self, address: &str) -> Option<Mail> {
        self.deliver_mail().await.expect("the store works");
        self.mailbox.last_to(address)
    }

    /// The token in the link of the [last email](Self::last_mail_to) to this address.
    ///
    /// # Panics
    /// If there is no such email, or it contains no token.
    pub async fn token_mailed_to(&self, address: &str) -> OneTimeToken {
        let mail = self
            .last_mail_to(address)
            .await
            .unwrap_or_else(|| panic!("there is no email to {address}"));
        token_in(mail.text())
            .unwrap_or_else(|| panic!("{:?} to {address} has no token", mail.subject()))
            .into()
    }
}

/// A user with an authenticator app.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct UserWithTotp {
    /// The user.
    pub user: User,
    /// The key of the app, for [`TestAuth::totp_code`].
    pub secret: TotpSecret,
    /// The recovery codes.
    pub recovery_codes: Vec<RecoveryCode>,
}

impl Default for TestAuth {
    fn default() -> Self {
        Self::new()
    }
}

impl Deref for TestAuth {
    type Target = Auth;

    fn deref(&self) -> &Auth {
        &self.auth
    }
}

fn address(email: &str) -> EmailAddress {
    email
        .parse()
        .unwrap_or_else(|_| panic!("{email:?} is not an address"))
}

fn token_in(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("token=")?;
    let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || "-_".contains(c)));
    rest.get(..end.unwrap_or(rest.len()))
}
