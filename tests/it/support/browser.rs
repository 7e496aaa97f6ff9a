//! A browser: it keeps the cookie of its session, and says where its requests come from.

use serde_json::{Value, json};

use super::{
    app::App,
    http::{Client, JSON, PASSWORD, Reply},
};

/// The header of a request that a page of the service makes.
pub(crate) const OWN: &str = "Sec-Fetch-Site: same-origin\r\n";
/// The name of the cookie over TLS.
pub(crate) const COOKIE: &str = "__Host-hallpass_session";

/// A browser with the cookie of a session.
#[derive(Clone, Debug)]
pub(crate) struct Browser {
    client: Client,
    pub(crate) cookie: String,
}

impl App {
    /// Signs in a browser with [`PASSWORD`].
    pub(crate) async fn browse(&self, email: &str) -> Browser {
        let body = json!({"email": email, "password": PASSWORD});
        let reply = self.sign_in_browser(body).await.expect(200);
        self.browser(&reply)
    }

    /// Registers, and signs in a browser.
    pub(crate) async fn join_browser(&self, email: &str) -> Browser {
        self.register(email).await;
        self.browse(email).await
    }

    pub(crate) async fn sign_in_browser(&self, body: Value) -> Reply {
        let headers = format!("{JSON}{OWN}");
        let body = body.to_string();
        self.ask("POST /auth/session", &headers, body.as_bytes())
            .await
    }

    /// The second step of a browser's sign-in.
    pub(crate) async fn sign_in_browser_step(&self, body: Value) -> Reply {
        let headers = format!("{JSON}{OWN}");
        let line = "POST /auth/session/second-factor";
        self.ask(line, &headers, body.to_string().as_bytes()).await
    }

    /// A browser that has received this reply.
    #[track_caller]
    pub(crate) fn browser(&self, reply: &Reply) -> Browser {
        Browser {
            client: **self,
            cookie: new_cookie(reply).expect("the reply sets the cookie").0,
        }
    }
}

impl Browser {
    /// The same browser in front of another server.
    pub(crate) fn at(&self, client: Client) -> Self {
        let cookie = self.cookie.clone();
        Self { client, cookie }
    }

    /// Sends a request with the cookie. Without a body, the value is null.
    pub(crate) async fn send(&self, line: &str, headers: &str, body: Value) -> Reply {
        let content_type = if body.is_null() { "" } else { JSON };
        let headers = format!(
            "Cookie: {COOKIE}={}\r\n{content_type}{headers}",
            self.cookie
        );
        let body = match body {
            Value::Null => String::new(),
            body => body.to_string(),
        };
        self.client.ask(line, &headers, body.as_bytes()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.send(&format!("GET {path}"), "", Value::Null).await
    }

    /// Sends a request from a page of the service.
    pub(crate) async fn post(&self, path: &str, body: Value) -> Reply {
        self.send(&format!("POST {path}"), OWN, body).await
    }

    pub(crate) async fn sign_out(&self) -> Reply {
        self.send("DELETE /auth/session", OWN, Value::Null).await
    }

    /// Whether the cookie is accepted.
    pub(crate) async fn is_signed_in(&self) -> bool {
        let reply = self.get("/users/me").await;
        if reply.status != 200 {
            reply.problem(401, "invalid_access_token");
            return false;
        }
        true
    }

    /// The assurance level of the session.
    pub(crate) async fn acr(&self) -> String {
        let session = self.get("/auth/session").await.expect(200).json();
        session["acr"].as_str().expect("a string").to_owned()
    }

    /// The browser after a reply that replaced its cookie.
    #[track_caller]
    pub(crate) fn renewed(&self, reply: &Reply) -> Self {
        let (cookie, _) = new_cookie(reply).expect("the reply sets the cookie");
        assert_ne!(cookie, self.cookie, "the cookie has new bytes");
        Self {
            client: self.client,
            cookie,
        }
    }
}

/// The value and the attributes of the session cookie that a reply sets.
pub(crate) fn new_cookie(reply: &Reply) -> Option<(String, String)> {
    let cookies = reply
        .headers
        .iter()
        .filter(|(name, _)| name == "set-cookie");
    let mut ours = cookies.filter_map(|(_, value)| {
        let rest = value.strip_prefix(COOKIE)?.strip_prefix('=')?;
        let (value, attributes) = rest.split_once("; ")?;
        Some((value.to_owned(), attributes.to_owned()))
    });
    let ours_only = ours.next();
    assert!(ours.next().is_none(), "the cookie is set twice: {reply:?}");
    ours_only
}
