//! An authenticator app.

use hallpass::{clock::Timestamp, second_factor::TotpSecret};
use serde_json::{Value, json};

use super::{
    app::App,
    http::{Reply, Tokens},
    totp::{self, decoded},
};

/// An app with one key.
#[derive(Clone, Debug)]
pub(crate) struct Authenticator {
    pub(crate) id: String,
    key: Vec<u8>,
}

impl Authenticator {
    /// Reads the reply of an enrolment.
    #[track_caller]
    pub(crate) fn scan(reply: Reply) -> Self {
        let secret = reply.expect(201).json();
        assert_eq!(secret["expires_in"], 900);
        let base32 = secret["secret"].as_str().expect("a string");
        let uri = secret["otpauth_uri"].as_str().expect("a string");
        assert!(uri.starts_with("otpauth://totp/"), "{uri}");
        assert!(uri.contains(&format!("secret={base32}&")), "{uri}");
        let key = decoded(base32);
        assert_eq!(key.len(), 20);
        Self {
            id: secret["id"].as_str().expect("a string").to_owned(),
            key,
        }
    }

    /// An app with a key that was typed in.
    pub(crate) fn with_key(base32: &str) -> Self {
        Self {
            id: String::new(),
            key: decoded(base32),
        }
    }

    pub(crate) fn of(secret: &TotpSecret) -> Self {
        Self {
            id: secret.id.to_string(),
            key: decoded(secret.expose_base32()),
        }
    }

    pub(crate) fn code(&self, now: Timestamp) -> String {
        totp::code(&self.key, now)
    }

    /// A code that is wrong now, and in the neighbouring steps.
    pub(crate) fn wrong_code(&self, now: Timestamp) -> String {
        let near = [-30, 0, 30].map(|seconds| self.code(now + chrono::TimeDelta::seconds(seconds)));
        let candidates = (0..10).map(|digit| digit.to_string().repeat(6));
        let mut wrong = candidates.filter(|code| !near.contains(code));
        wrong.next().expect("a wrong code")
    }
}

/// A user with an authenticator app, and the session that enrolled it.
pub(crate) struct Enrolled {
    pub(crate) tokens: Tokens,
    pub(crate) authenticator: Authenticator,
    pub(crate) recovery_codes: Vec<String>,
}

impl App {
    /// Begins the enrolment of an authenticator app in a session.
    pub(crate) async fn begin_totp(&self, access: &str) -> Authenticator {
        let line = "POST /users/me/factors/totp";
        Authenticator::scan(self.send(line, access, json!({})).await)
    }

    pub(crate) async fn confirm_totp(&self, access: &str, id: &str, code: &str) -> Reply {
        let line = format!("POST /users/me/factors/totp/{id}/confirm");
        self.send(&line, access, json!({"totp": code})).await
    }

    /// Registers a user, verifies the address, and enrols an authenticator app. The next step has then begun.
    pub(crate) async fn enrolled(&self, email: &str) -> Enrolled {
        let user = self.register(email).await;
        self.set_verified(user["id"].as_str().expect("a string"))
            .await;
        let tokens = self.login(email).await;
        let authenticator = self.begin_totp(&tokens.access).await;
        let code = authenticator.code(self.now());
        let confirmed = self.confirm_totp(&tokens.access, &authenticator.id, &code);
        let recovery_codes = recovery_codes(&confirmed.await.expect(200).json());
        self.advance(30);
        Enrolled {
            tokens,
            authenticator,
            recovery_codes,
        }
    }

    /// The ticket of a first step.
    pub(crate) async fn ticket(&self, email: &str) -> String {
        ticket_of(self.try_login(email, super::http::PASSWORD).await)
    }

    pub(crate) async fn second_factor(&self, ticket: &str, shown: (&str, &str)) -> Reply {
        let (kind, code) = shown;
        let body = json!({"ticket": ticket, kind: code});
        self.post("/auth/second-factor", body).await
    }

    /// Signs in with a password and the current code.
    pub(crate) async fn login_with(&self, email: &str, authenticator: &Authenticator) -> Tokens {
        let ticket = self.ticket(email).await;
        let code = authenticator.code(self.now());
        self.second_factor(&ticket, ("totp", &code)).await.tokens()
    }

    pub(crate) async fn reauthenticate_with(&self, access: &str, code: &str) -> Reply {
        let body = json!({"totp": code});
        self.send("POST /auth/reauthenticate", access, body).await
    }
}

/// The ticket of a reply that asks for a second factor.
#[track_caller]
pub(crate) fn ticket_of(reply: Reply) -> String {
    let reply = reply.expect(202);
    assert!(reply.header("set-cookie").is_none());
    let challenge = reply.json();
    assert_eq!(challenge["expires_in"], 300);
    challenge["ticket"].as_str().expect("a string").to_owned()
}

pub(crate) fn recovery_codes(reply: &Value) -> Vec<String> {
    let codes = reply["recovery_codes"].as_array().expect("a list");
    let text = |code: &Value| code.as_str().expect("a string").to_owned();
    codes.iter().map(text).collect()
}
