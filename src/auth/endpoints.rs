//! Every feature's endpoints in one list.

use std::sync::Arc;

use ::http::Method;

use super::{Auth, health};
#[cfg(feature = "pages")]
use crate::feature::page;
#[cfg(any(feature = "actix", feature = "axum"))]
use crate::limit::Budget;
use crate::{
    admission::Limits,
    error::{Error, Result},
    feature::{account, admin, email_verification, lockout, password, session},
    http::{Cookies, Endpoint},
    service::http::Context,
    token,
};

/// The endpoints of an [`Auth`], to be mounted by [`axum`](crate::framework::axum) or [`actix`](crate::framework::actix).
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
    #[cfg_attr(
        not(any(feature = "actix", feature = "axum")),
        expect(dead_code, reason = "for those who mount")
    )]
    request_timeout: std::time::Duration,
    #[cfg_attr(
        not(any(feature = "actix", feature = "axum")),
        expect(dead_code, reason = "for those who mount")
    )]
    limits: Limits,
    #[cfg_attr(
        not(any(feature = "actix", feature = "axum")),
        expect(dead_code, reason = "for those who mount")
    )]
    cookies: Cookies,
    #[cfg(feature = "pages")]
    auth: Auth,
}

impl Auth {
    /// All endpoints but the documentation and the pages; see `Endpoints::with_docs` and `Endpoints::with_pages`.
    pub fn endpoints(&self) -> Endpoints {
        let inner = &self.0;
        let service = self.service();
        let rows = [
            password::http::endpoints(
                &service,
                &inner.use_cases.passwords.hasher,
                inner.cookies,
                inner.registration,
                inner.deliveries.locales(),
            ),
            session::http::endpoints(&service, &self.context(&inner.use_cases.sessions)),
            account::http::endpoints(&self.context(&inner.accounts)),
            email_verification::http::endpoints(&self.context(&inner.email_verifications)),
            lockout::http::endpoints(&self.context(&inner.lockouts), inner.cookies),
            #[cfg(feature = "oauth")]
            crate::feature::oauth::http::endpoints(
                &self.context(&inner.provider_sign_ins),
                inner.cookies,
            ),
            admin::http::endpoints(&admin::http::State {
                administration: inner.use_cases.administration.clone(),
                service: Arc::clone(&service),
            }),
            token::http::endpoints(&inner.use_cases.tokens),
            health::endpoints(&inner.use_cases.store),
        ];
        Endpoints {
            rows: rows.into_iter().flatten().collect(),
            request_timeout: inner.request_timeout,
            limits: inner.use_cases.limits.clone(),
            cookies: inner.cookies,
            #[cfg(feature = "pages")]
            auth: self.clone(),
        }
    }

    fn context<F: Clone>(&self, feature: &F) -> Context<F> {
        Context {
            service: self.service(),
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
    /// Leaves one endpoint out.
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) if there is no such endpoint: a typing error must not leave
    /// one open.
    pub fn without(mut self, method: &Method, path: &str) -> Result<Self> {
        let count = self.rows.len();
        self.rows
            .retain(|row| row.method() != method || row.path() != path);
        if self.rows.len() == count {
            let message = format!("there is no endpoint {method} {path} to leave out");
            return Err(Error::configuration(message));
        }
        Ok(self)
    }

    /// Adds `GET /openapi.json`, and an interactive page at `GET /docs` that needs no other host, for the endpoints in
    /// the list so far. The document is written when it is first asked for.
    #[cfg(feature = "openapi")]
    pub fn with_docs(mut self) -> Self {
        self.rows = crate::http::docs::with_docs(self.rows);
        self
    }

    /// Adds the pages that the links in mails lead to, at the paths of [`Links::new`](crate::mail::Links::new):
    /// `/verify-email`, `/reset-password` with a form for the new password, `/confirm-email-change` and `/unlock`. For hosts
    /// that have no such pages of their own; mount them where the public URL leads.
    ///
    /// They work without script, load nothing, and speak English, German, French, Spanish or Chinese, as the browser
    /// asks. `GET` and `HEAD` spend nothing: only a form that is sent does. `GET` reads how the link stands, so that a dead one
    /// asks for no password, and names the address it was mailed to; `HEAD` reads nothing and names no length. Success leads
    /// on with a redirect (303), and so does a token that was used: a double click has done what it should. They are not
    /// part of the OpenAPI document.
    #[cfg(feature = "pages")]
    pub fn with_pages(mut self) -> Self {
        let inner = &*self.auth.0;
        let rows = page::http::endpoints(&page::http::Parts {
            pages: Arc::clone(&inner.pages),
            service: self.auth.service(),
            links: page::Links {
                store: Arc::clone(self.auth.store()),
                limits: inner.use_cases.limits.clone(),
                clock: Arc::clone(&inner.lockouts.clock),
            },
            verifications: inner.email_verifications.clone(),
            lockouts: inner.lockouts.clone(),
            cookies: inner.cookies,
        });
        self.rows
            .retain(|known| rows.iter().all(|row| row.path() != known.path()));
        self.rows.extend(rows);
        self
    }

    /// The endpoints in the list.
    pub fn iter(&self) -> impl Iterator<Item = &Endpoint> {
        self.rows.iter()
    }

    #[cfg(any(feature = "actix", feature = "axum"))]
    #[allow(
        clippy::expect_used,
        reason = "each method and path is once in the list"
    )]
    pub(crate) fn into_resources(
        self,
        client_address: crate::http::ClientAddress,
    ) -> crate::http::Resources {
        let limits = self.limits;
        let behind = |row: Endpoint| {
            // A balancer that asks how we are, and services that fetch our keys, are not to suffer for others.
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
        crate::http::Resources::new(rows, self.request_timeout, client_address, self.cookies)
            .expect("each method and path is once in the list")
    }
}
