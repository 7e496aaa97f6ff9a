//! The endpoints of all features in one list.

use std::sync::Arc;

use ::http::Method;

use super::{Auth, health};
#[cfg(feature = "pages")]
use crate::feature::page;
#[cfg(any(feature = "axum", feature = "actix"))]
use crate::http::RequestScope;
use crate::{
    admission::Limits,
    error::{Error, Result},
    feature::{
        account, admin, email_verification, lockout, password, safeguard, second_factor, session,
    },
    http::{BROWSER_SESSION, ClientAddress, CredentialRule, Endpoint, Resources},
    limit::Budget,
    service::http::Context,
    token,
};

/// The endpoints of an [`Auth`], to be mounted with [`axum`](crate::framework::axum) or
/// [`actix`](crate::framework::actix).
///
/// ```
/// # use hallpass::{Auth, secret::Secret, mail::Mailbox, memory::MemoryStore};
/// # let auth = Auth::builder().store(MemoryStore::new()).secrets(Secret::generate())
/// #     .public_url("https://example.org").mailer(Mailbox::new()).build().unwrap();
/// let endpoints = auth.endpoints().without(&http::Method::POST, "/users").unwrap();
/// assert!(endpoints.iter().all(|endpoint| endpoint.path() != "/users"));
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Endpoints {
    rows: Vec<Endpoint>,
    request_timeout: std::time::Duration,
    limits: Limits,
    credentials: CredentialRule,
    auth: Auth,
}

impl Auth {
    /// All endpoints except those of browser sessions, the documentation and the pages; see
    /// [`Endpoints::with_browser`], `Endpoints::with_docs` and `Endpoints::with_pages`.
    pub fn endpoints(&self) -> Endpoints {
        let inner = &self.parts;
        let service = self.service();
        let rows = [
            password::http::endpoints(
                &service,
                &inner.passwords.hasher,
                inner.credentials.cookies(),
                inner.passwords.registration,
                inner.core.deliveries.locales(),
            ),
            session::http::endpoints(&service, &self.context(&inner.sessions)),
            account::http::endpoints(&self.context(&inner.accounts)),
            email_verification::http::endpoints(&self.context(&inner.email_verifications)),
            lockout::http::endpoints(&self.context(&inner.lockouts)),
            safeguard::http::endpoints(&self.context(&inner.safeguards)),
            second_factor::http::endpoints(&self.context(&inner.factors)),
            #[cfg(feature = "oauth")]
            crate::feature::oauth::http::endpoints(&self.context(&inner.provider_sign_ins)),
            admin::http::endpoints(&admin::http::State {
                administration: inner.administration.clone(),
                service: Arc::clone(&service),
            }),
            token::http::endpoints(&inner.core.tokens),
            health::endpoints(&inner.core.store),
        ];
        Endpoints {
            rows: rows.into_iter().flatten().collect(),
            request_timeout: inner.request_timeout,
            limits: inner.core.limits.clone(),
            credentials: inner.credentials.clone(),
            auth: self.clone(),
        }
    }

    /// A layer for a host's own routes. It adds request ids, a span for log lines, and
    /// [`ClientInfo`](crate::event::ClientInfo) as an argument for handlers. Pass the same
    /// `client_address` as for the endpoints.
    ///
    /// ```
    /// # #[cfg(feature = "axum")]
    /// # fn app(auth: hallpass::Auth) -> axum::Router {
    /// use axum::{Router, routing::get};
    /// use hallpass::{ClientAddress, event::ClientInfo};
    ///
    /// Router::new()
    ///     .route("/where", get(async |client: ClientInfo| format!("{:?}", client.ip)))
    ///     .layer(auth.request_scope(ClientAddress::peer()))
    ///     .with_state(auth)
    /// # }
    /// ```
    #[cfg(any(feature = "axum", feature = "actix"))]
    #[must_use]
    pub fn request_scope(&self, client_address: ClientAddress) -> RequestScope {
        RequestScope::new(client_address, self.parts.credentials.cookies())
    }

    /// The reply for a path without a route: a page for a browser, and otherwise a problem.
    #[cfg(all(feature = "pages", any(feature = "axum", feature = "actix")))]
    pub(crate) fn not_found_page(
        &self,
        method: &Method,
        headers: &::http::HeaderMap,
    ) -> crate::http::Response {
        use crate::http::{Output as _, Problem, answering, next, not_found};

        if !matches!(*method, Method::GET | Method::HEAD) || !next::accepts_html(headers) {
            return not_found(method, headers);
        }
        let frame = page::Chosen::of(headers, None);
        let response = match self.parts.pages.not_found(&frame.frame("")) {
            Ok(page) => page.render(),
            Err(error) => Problem::from(error).to_response(),
        };
        answering(response, method, headers)
    }

    fn context<F: Clone>(&self, feature: &F) -> Context<F> {
        Context {
            service: self.service(),
            cookies: self.parts.credentials.cookies(),
            feature: feature.clone(),
        }
    }
}

impl From<&Auth> for Endpoints {
    fn from(auth: &Auth) -> Self {
        auth.endpoints()
    }
}

impl Endpoints {
    /// Leaves out one endpoint.
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) if there is no such endpoint, because a
    /// typo must not leave an endpoint exposed.
    pub fn without(mut self, method: &Method, path: &str) -> Result<Self> {
        let count = self.rows.len();
        self.rows
            .retain(|row| row.method() != method || row.path() != path);
        if self.rows.len() == count {
            return Err(Error::configuration(format!(
                "there is no endpoint {method} {path} to remove"
            )));
        }
        Ok(self)
    }

    /// Replaces the endpoint that has the same method and path with `row`.
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) if no endpoint has that method and path.
    pub fn replace(self, row: Endpoint) -> Result<Self> {
        let (method, path) = (row.method().clone(), row.path());
        self.without(&method, path)?.with_rows([row])
    }

    /// Adds the `/auth/session` endpoints, with which a browser signs in and keeps its session in a cookie that scripts
    /// cannot read. Use them for a host that serves HTML, or for an app on the same origin. Every endpoint and guard
    /// that accepts an access token also accepts the cookie.
    ///
    /// Sign-ins and requests that change something must come from a page on the public URL's origin; others are
    /// answered with 403 `cross_site_request`.
    pub fn with_browser(mut self) -> Self {
        if self.rows.iter().any(|row| row.path() == BROWSER_SESSION) {
            return self;
        }
        let (auth, inner) = (&self.auth, &*self.auth.parts);
        let rows = [
            password::http::browser_endpoints(
                &auth.service(),
                &inner.passwords.hasher,
                inner.credentials.cookies(),
            ),
            session::http::browser_endpoints(&auth.context(&inner.sessions)),
            second_factor::http::browser_endpoints(&auth.context(&inner.factors)),
            #[cfg(feature = "oauth")]
            crate::feature::oauth::http::browser_endpoints(&auth.context(&inner.provider_sign_ins)),
        ];
        self.rows.extend(rows.into_iter().flatten());
        self
    }

    /// Adds `GET /openapi.json`, and a page for human readers at `GET /docs` that lists the same endpoints by tag. Both
    /// describe the endpoints that are in the list when this method is called. They are generated and compressed when
    /// one of them is first requested.
    ///
    /// The page loads no other resources, and is complete without scripts. Its script signs in, keeps the access token
    /// only in the tab's memory, and sends calls with the values that the reader fills in. Angle brackets mark the
    /// values to fill in; the page never sends an example unchanged.
    #[cfg(feature = "openapi")]
    pub fn with_docs(mut self) -> Self {
        self.rows = crate::http::docs::with_docs(self.rows);
        self
    }

    /// Adds the pages that the links in emails lead to, at the paths of
    /// [`Links::new`](crate::mail::Links::new): `/verify-email`, `/reset-password` with a form for
    /// the new password, `/confirm-email-change`, `/secure-account` and `/unlock`. Use these pages if the host has
    /// none of its own, and mount them at the public URL.
    ///
    /// They show the [brand](crate::AuthBuilder::brand), and serve its logo at `GET /brand/logo`. They work without
    /// JavaScript; one small script lets readers see the password that they type, and prevents double submission. They
    /// load nothing but the logo, and are available in English, German, French, Spanish and Chinese. The reader can
    /// choose the language with `ui`; by default, it is the browser's language. Only submitting the form uses up a
    /// link; `GET` and `HEAD` do not. `GET` reads the link's state. For a dead link, the page does not ask for a
    /// password; for a live link, it shows the address to which the link was mailed. `HEAD` reads nothing, so its reply
    /// has no content length. A successful submission is answered with a redirect (303). A request with a token that
    /// was already used is also answered with a redirect, because the first click of a double click may have used it.
    /// The pages are not part of the OpenAPI document.
    #[cfg(feature = "pages")]
    pub fn with_pages(self) -> Self {
        let parts = self.page_parts(false);
        self.and_pages(page::http::endpoints(&parts))
    }

    /// Adds the pages on which people sign up, sign in, present or set up a second factor, and sign
    /// out: `/sign-in`, `/sign-up`, `/second-factor`, `/forgot-password`, `/check-mail` and
    /// `/sign-out`. Includes [`with_browser`](Self::with_browser) and [`with_pages`](Self::with_pages).
    ///
    /// [`OrSignIn`](crate::guard::OrSignIn) sends visitors to these pages, so mount them at the public URL. They work
    /// without scripts, and are not part of the OpenAPI document.
    #[cfg(feature = "pages")]
    pub fn with_sign_in_pages(self) -> Self {
        let parts = self.page_parts(true);
        let mut rows = page::http::endpoints(&parts);
        rows.extend(page::http::sign_in_endpoints(&parts));
        self.with_browser().and_pages(rows)
    }

    /// Adds the pages on which users see and change their own account: `/account` and the pages below it. Includes
    /// [`with_sign_in_pages`](Self::with_sign_in_pages).
    ///
    /// A page asks for the password or a second factor again where the corresponding endpoint does. The pages work
    /// without scripts, and are not part of the OpenAPI document.
    #[cfg(feature = "pages")]
    pub fn with_account_pages(self) -> Self {
        let rows = page::http::account_endpoints(&self.page_parts(true));
        self.with_sign_in_pages().and_pages(rows)
    }

    /// Adds the pages on which administrators manage users and emails, and read the audit trail: `/console` and the
    /// pages below it. Includes [`with_account_pages`](Self::with_account_pages).
    ///
    /// They are for users with the role `admin`, who must present their second factor if they have one. For other
    /// users, these paths do not exist. A change requires a credential that was presented within the last 10 minutes.
    /// The pages work without scripts, and are not part of the OpenAPI document.
    #[cfg(feature = "pages")]
    pub fn with_admin_pages(self) -> Self {
        let rows = page::http::console_endpoints(&self.page_parts(true));
        // The pages of an account lead to the console, if it is there.
        self.and_pages(rows).with_account_pages()
    }

    /// Adds the pages of [`with_account_pages`](Self::with_account_pages), and the paths `/` and
    /// `/.well-known/change-password`, which lead to them. Use this for a server that has no pages of its own.
    #[cfg(feature = "pages")]
    pub fn with_start_page(self) -> Self {
        let rows = page::http::start_endpoints(&self.page_parts(true));
        self.with_account_pages().and_pages(rows)
    }

    /// Adds pages, which replace the endpoints that have the same path.
    #[cfg(feature = "pages")]
    fn and_pages(mut self, rows: Vec<Endpoint>) -> Self {
        self.rows
            .retain(|known| !rows.iter().any(|row| row.has_path_of(known)));
        self.rows.extend(rows);
        self
    }

    #[cfg(feature = "pages")]
    fn page_parts(&self, has_sign_in: bool) -> page::http::Parts {
        let inner = &*self.auth.parts;
        #[cfg(feature = "oauth")]
        let providers = inner.provider_sign_ins.providers();
        #[cfg(feature = "oauth")]
        let providers =
            providers.map(|provider| (provider.name().to_owned(), provider.title().to_owned()));
        #[cfg(not(feature = "oauth"))]
        let providers = std::iter::empty();
        page::http::Parts {
            pages: Arc::new(page::Pages::clone(&inner.pages).with_sign_in(has_sign_in)),
            service: self.auth.service(),
            links: page::Links {
                core: Arc::clone(&inner.core),
            },
            verifications: inner.email_verifications.clone(),
            lockouts: inner.lockouts.clone(),
            safeguards: inner.safeguards.clone(),
            cookies: inner.credentials.cookies(),
            sessions: inner.sessions.clone(),
            factors: inner.factors.clone(),
            accounts: inner.accounts.clone(),
            administration: inner.administration.clone(),
            has_console: self
                .rows
                .iter()
                .any(|row| row.path() == page::http::CONSOLE),
            base: Arc::clone(&inner.base),
            is_closed: inner.passwords.registration == password::RegistrationMode::Closed,
            is_private: inner.passwords.registration == password::RegistrationMode::Private,
            require_verified: inner.passwords.require_verified,
            locales: inner.core.deliveries.locales().into(),
            providers: providers.collect(),
            #[cfg(feature = "oauth")]
            provider_sign_ins: inner.provider_sign_ins.clone(),
        }
    }

    /// The endpoints in the list.
    pub fn iter(&self) -> impl Iterator<Item = &Endpoint> {
        self.rows.iter()
    }

    /// Adds the host's own endpoints. Like the built-in endpoints, they are documented, count against the rate limit
    /// that all endpoints share, and reply in the same format. Add them before
    /// [`with_docs`](Self::with_docs).
    ///
    /// Each argument of a handler is an [`Input`](crate::http::Input): [`ClientInfo`](crate::event::ClientInfo), the
    /// [`Json`](crate::http::Json) body, the [`Query`](crate::http::Query) or the [`Path`](crate::http::Path). If the
    /// state is an [`Auth`] or contains one ([`AsRef`]), a handler can also take [`ActiveUser`](crate::ActiveUser) or
    /// [`CurrentUser`](crate::CurrentUser).
    ///
    /// ```
    /// # use hallpass::{Auth, secret::Secret, mail::Mailbox, memory::MemoryStore};
    /// use hallpass::{ActiveUser, Result, http::{Endpoint, NoContent, Path}};
    ///
    /// async fn follow(auth: Auth, caller: ActiveUser, Path(topic): Path<u64>) -> Result<NoContent> {
    ///     // ... the host's own table ...
    ///     # let _ = (auth, caller, topic);
    ///     Ok(NoContent)
    /// }
    ///
    /// # let auth = Auth::builder().store(MemoryStore::new()).secrets(Secret::generate())
    /// #     .public_url("https://example.org").mailer(Mailbox::new()).build().unwrap();
    /// let follow = Endpoint::post("/topics/{topic}/followers", auth.clone(), follow).summary("Follow a topic");
    /// let endpoints = auth.endpoints().with_rows([follow])?;
    /// # Ok::<(), hallpass::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) if a path is not a valid pattern, or two
    /// endpoints answer the same requests.
    pub fn with_rows(mut self, rows: impl IntoIterator<Item = Endpoint>) -> Result<Self> {
        self.rows.extend(rows);
        Resources::check(&self.rows)?;
        Ok(self)
    }

    /// The endpoints grouped by path, for a framework other than axum and actix: each
    /// [`Resource`](crate::http::Resource) serves the requests to its path.
    #[allow(
        clippy::expect_used,
        reason = "each method and path is once in the list"
    )]
    #[must_use]
    pub fn into_resources(self, client_address: ClientAddress) -> Resources {
        let limits = self.limits;
        let behind = |row: Endpoint| {
            // Health checks and requests for the public keys must not be refused because of other
            // clients.
            if row.serves_anyone() {
                return row;
            }
            let limits = limits.clone();
            row.behind(move |ip| {
                let limits = limits.clone();
                async move { limits.admit_here(Budget::Default, ip).await }
            })
        };
        let rows = self.rows.into_iter().map(behind).collect();
        Resources::new(
            rows,
            self.request_timeout,
            client_address,
            &self.credentials,
        )
        .expect("each method and path is once in the list")
    }
}
