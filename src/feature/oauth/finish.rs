//! The callback: the end of a sign-in with a provider.

use std::fmt;

use super::{
    CODE_LIFETIME, FlowSecret, ProviderSignIns,
    client::{self, Identified},
    redirect, secret,
};
use crate::{
    error::{Error, ErrorKind, Result},
    event::{Author, ClientInfo, Event, EventKind},
    hook::Applicant,
    http::Problem,
    identity::{
        Assertion, Flow, FlowIntent, IdentityAdmission, IdentityId, IdentitySignIn, LinkRefusal,
        Linking, NewCode,
    },
    mail::{LetterKind, Recipient},
    secret::TokenDigest,
    user::{Locale, NewUser, Role, User, UserId},
};

/// The maximum number of attempts, if the stored data changes during each of them.
const ATTEMPTS: usize = 3;
/// The error code if the user or the provider denied access. No other error code of RFC 6749,
/// section 4.1.2.1, is passed on to applications.
const ACCESS_DENIED: &str = "access_denied";

/// The parameters with which a provider sends the browser back (RFC 6749, section 4.1.2), and the
/// secret that the browser kept.
#[derive(Clone)]
#[non_exhaustive]
pub struct Answer {
    /// The `state`, exactly as the browser sends it.
    pub state: String,
    /// The secret that the browser kept under [`Kept::name`](super::Kept).
    pub(super) secret: FlowSecret,
    /// The code, if the user has signed in.
    pub code: Option<String>,
    /// The error, if the user has not signed in.
    pub error: Option<String>,
    /// The `iss` parameter, which names the issuer (RFC 9207), if it is present.
    pub iss: Option<String>,
    /// The languages that the user prefers, in the format of `Accept-Language`, for the emails to a
    /// new user.
    pub languages: String,
}

impl Answer {
    /// An answer with neither a code nor an error yet.
    #[must_use]
    pub fn new(state: impl Into<String>, kept: &str) -> Self {
        Self {
            state: state.into(),
            secret: kept.into(),
            code: None,
            error: None,
            iss: None,
            languages: String::new(),
        }
    }

    /// The code verifier, if the flow ends on the pages.
    #[cfg(feature = "pages")]
    pub(super) fn page_verifier(&self) -> String {
        self.secret.page_verifier()
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const HIDDEN: &str = "redacted";
        f.debug_struct("Answer")
            .field("state", &HIDDEN)
            .field("secret", &self.secret)
            .field("code", &self.code.as_ref().map(|_| HIDDEN))
            .field("error", &self.error)
            .field("iss", &self.iss)
            .field("languages", &self.languages)
            .finish()
    }
}

/// The reason why a browser returns to the application without a code.
enum Failure {
    /// The provider denied access.
    AccessDenied,
    Problem(Problem),
}

impl<E: Into<Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Problem(error.into().into())
    }
}

impl ProviderSignIns {
    /// Finishes the flow for a browser that has returned from the provider. Returns the URL to send the browser to: the
    /// flow's `redirect_to`, with the application's `state` and either `code` or `error`. The error is a code of
    /// [`Problem`] or `access_denied`. The call waits at most 8 seconds for the provider.
    ///
    /// # Errors
    /// [`InvalidToken`](ErrorKind::InvalidToken) if there is no such flow for this browser, or it was finished before;
    /// [`Unavailable`](ErrorKind::Unavailable) while the database is unreachable.
    pub async fn finish(
        &self,
        provider: &str,
        answer: &Answer,
        client: &ClientInfo,
    ) -> Result<String> {
        let state = TokenDigest::of(&answer.state);
        let binding = answer.secret.binding();
        let flow = self
            .core
            .store
            .take_flow(&state, &binding, self.core.clock.now())
            .await?
            .ok_or(ErrorKind::InvalidToken)?;
        let app_state = flow.app_state.as_deref();
        let back = |name, value| redirect::back(&flow.redirect_to, app_state, name, value);
        Ok(match self.settle(provider, &flow, answer, client).await {
            Ok(code) => back("code", &code),
            Err(Failure::AccessDenied) => back("error", ACCESS_DENIED),
            Err(Failure::Problem(problem)) => back("error", problem.code()),
        })
    }

    /// Requests the user from the provider, and creates the code for the application.
    async fn settle(
        &self,
        provider: &str,
        flow: &Flow,
        answer: &Answer,
        client: &ClientInfo,
    ) -> Result<String, Failure> {
        let identified = match self.ask(provider, flow, answer).await {
            Ok(identified) => identified,
            Err(failure) => {
                if let Failure::Problem(problem) = &failure {
                    self.note_failed(problem, &flow.provider, client).await?;
                }
                return Err(failure);
            }
        };
        if let Some(fault) = &identified.fault {
            let error = fault as &dyn std::error::Error;
            tracing::warn!(provider, error, "a provider did not give an address");
        }
        let text = secret::random_text();
        let now = self.core.clock.now();
        let code = NewCode {
            flow: flow.state,
            digest: TokenDigest::of(&text),
            expires_at: now + CODE_LIFETIME,
        };
        if flow.intent == FlowIntent::Link {
            self.core
                .store
                .offer_identity(&code, &identified.assertion)
                .await?;
            return Ok(text);
        }
        if let Err(error) = self.admit(&identified, code, answer, client).await {
            let problem = Problem::from(error);
            self.write_down(&problem, &identified.assertion, client)
                .await?;
            return Err(Failure::Problem(problem));
        }
        Ok(text)
    }

    /// Requests the provider's assertion about the user who has returned.
    async fn ask(
        &self,
        provider: &str,
        flow: &Flow,
        answer: &Answer,
    ) -> Result<Identified, Failure> {
        let failed = |why: &'static str| {
            tracing::warn!(provider, why, "a sign-in with a provider failed");
            Err(ErrorKind::ProviderFailed.into())
        };
        if flow.provider != provider {
            return failed("the answer came to the callback of another provider");
        }
        let asked = self.providers.named(provider)?;
        let code = match (&answer.code, &answer.error) {
            (Some(code), None) => code,
            (_, Some(error)) if error == ACCESS_DENIED => return Err(Failure::AccessDenied),
            (_, Some(_)) => return failed("the provider answered with an error"),
            (None, None) => return failed("the provider answered with neither code nor error"),
        };
        let answer = client::Answer {
            code,
            iss: answer.iss.as_deref(),
            redirect_uri: &self.providers.callback(provider),
            nonce: &answer.secret.nonce(),
            verifier: &answer.secret.verifier(),
        };
        asked.identify(&answer).await.map_err(|fault| {
            let error = &fault as &dyn std::error::Error;
            tracing::warn!(provider, error, "a sign-in with a provider failed");
            Failure::from(ErrorKind::ProviderFailed)
        })
    }

    async fn admit(
        &self,
        identified: &Identified,
        code: NewCode,
        answer: &Answer,
        client: &ClientInfo,
    ) -> Result<()> {
        let assertion = &identified.assertion;
        for _ in 0..ATTEMPTS {
            let candidates = self.core.store.candidates(assertion).await?;
            let linking = assertion.resolve(&candidates);
            let new_user = match linking {
                Linking::Refuse(refusal) => return Err(refused(refusal, identified)),
                Linking::Create => Some(self.new_user(assertion, answer, client).await?),
                _ => None,
            };
            let now = self.core.clock.now();
            let sign_in = IdentitySignIn {
                assertion: assertion.clone(),
                identity: IdentityId::new(now),
                new_user,
                code,
                author: Author {
                    actor_id: None,
                    client: client.clone(),
                },
                joined: self.core.deliveries.notice(
                    LetterKind::IdentityLinked,
                    Recipient::UserOfFact,
                    now,
                    client,
                ),
                verification: Some(self.core.deliveries.letter(
                    LetterKind::VerifyEmail,
                    Recipient::UserOfFact,
                    now,
                )),
                now,
            };
            match self.core.store.sign_in(&sign_in).await? {
                IdentityAdmission::Admitted(user, events) => {
                    self.publish(&user, &events);
                    return Ok(());
                }
                IdentityAdmission::Refused(refusal) => return Err(refused(refusal, identified)),
                IdentityAdmission::NoAccount => {}
            }
        }
        Err(Error::new(ErrorKind::Unavailable)
            .with_source("the stored data changed again and again"))
    }

    fn publish(&self, user: &User, events: &[Event]) {
        for event in events {
            self.core.trail.publish(event);
        }
        self.core.deliveries.wake();
        let tells_of = |kind| events.iter().any(|event| event.kind == kind);
        if tells_of(EventKind::AccountCreated) {
            self.core.hooks.after_registration(user);
        }
        if tells_of(EventKind::AccountTakenOver) {
            self.core.hooks.after_takeover(user);
        }
    }

    /// The account to be created, if the registration mode and the hooks allow it.
    async fn new_user(
        &self,
        assertion: &Assertion,
        answer: &Answer,
        client: &ClientInfo,
    ) -> Result<NewUser> {
        self.newcomers.admit(assertion)?;
        let email = assertion
            .email
            .as_ref()
            .ok_or_else(|| Error::internal("a new account needs an address"))?;
        let display_name = assertion.display_name.as_deref();
        let applicant = Applicant {
            email,
            display_name,
            client,
        };
        self.core.hooks.before_registration(&applicant).await?;
        let now = self.core.clock.now();
        Ok(NewUser {
            id: UserId::new(now),
            email: email.clone(),
            email_verified_at: assertion.proves().then_some(now),
            password_hash: None,
            roles: [Role::USER].into_iter().collect(),
            display_name: display_name.map(str::to_owned),
            locale: Locale::accepted(&answer.languages, self.core.deliveries.locales()).cloned(),
            created_at: now,
        })
    }

    /// Records a refused sign-in, or a provider failure, in the audit trail. Any other failure is only logged.
    async fn write_down(
        &self,
        problem: &Problem,
        assertion: &Assertion,
        client: &ClientInfo,
    ) -> Result<()> {
        let decided = [
            ErrorKind::AccountDisabled,
            ErrorKind::LinkRequired,
            ErrorKind::Refused,
            ErrorKind::RegistrationClosed,
        ];
        if problem.kind() == ErrorKind::ProviderFailed {
            return self.note_failed(problem, &assertion.provider, client).await;
        }
        if !decided.contains(&problem.kind()) {
            let error = problem as &dyn std::error::Error;
            tracing::error!(error, "a sign-in with a provider failed");
            return Ok(());
        }
        let event = self
            .event(EventKind::LinkRefused, &assertion.provider, client)
            .with("reason", problem.code());
        let event = match &assertion.email {
            Some(email) => self.core.trail.about(event, email.canonical()),
            None => event,
        };
        Ok(self.core.trail.record(&event).await?)
    }

    async fn note_failed(
        &self,
        problem: &Problem,
        provider: &str,
        client: &ClientInfo,
    ) -> Result<()> {
        let event = self
            .event(EventKind::SignInFailed, provider, client)
            .with("reason", problem.code());
        Ok(self.core.trail.record(&event).await?)
    }

    fn event(&self, kind: EventKind, provider: &str, client: &ClientInfo) -> Event {
        Event::new(kind, self.core.clock.now(), client).with("provider", provider)
    }
}

/// Distinguishes an address that could not be fetched from an address that the provider does not have.
fn refused(refusal: LinkRefusal, identified: &Identified) -> Error {
    let is_unknown = identified.fault.is_some() && identified.assertion.email.is_none();
    Error::new(match refusal {
        LinkRefusal::AccountDisabled => ErrorKind::AccountDisabled,
        LinkRefusal::LinkRequired if is_unknown => ErrorKind::ProviderFailed,
        LinkRefusal::LinkRequired => ErrorKind::LinkRequired,
    })
}
