//! A person with a browser in front of the pages: the browser keeps cookies and sends forms.

use std::collections::BTreeMap;

use super::{
    app::{App, Server},
    browser::{COOKIE, OWN},
    http::{Client, PASSWORD, Reply},
};

const FORM: &str = "Content-Type: application/x-www-form-urlencoded\r\n";

/// A browser with its cookies, in front of the pages of an app.
pub(crate) struct Visitor {
    pub(crate) client: Client,
    pub(crate) cookies: BTreeMap<String, String>,
    _server: Server,
}

impl Visitor {
    pub(crate) async fn of(app: &App) -> Self {
        let endpoints = app.auth.endpoints().with_admin_pages().with_start_page();
        let server = Server::of(endpoints, app.framework()).await;
        Self {
            client: server.client,
            cookies: BTreeMap::new(),
            _server: server,
        }
    }

    /// A browser in which this user has signed in on the page.
    pub(crate) async fn signed_in(app: &App, email: &str) -> Self {
        let mut visitor = Self::of(app).await;
        let fields = [("email", email), ("password", PASSWORD)];
        visitor.submit("/sign-in", &fields).await;
        assert!(visitor.is_signed_in());
        visitor
    }

    pub(crate) fn is_signed_in(&self) -> bool {
        self.cookies.contains_key(COOKIE)
    }

    pub(crate) async fn open(&mut self, path: &str) -> Reply {
        self.ask(&format!("GET {path}"), "Accept: text/html\r\n", "")
            .await
    }

    /// Sends a form from a page of the service.
    pub(crate) async fn submit(&mut self, path: &str, fields: &[(&str, &str)]) -> Reply {
        self.ask(
            &format!("POST {path}"),
            &format!("{FORM}{OWN}"),
            &form(fields),
        )
        .await
    }

    /// Sends a form with these headers.
    pub(crate) async fn submit_with(
        &mut self,
        path: &str,
        headers: &str,
        fields: &[(&str, &str)],
    ) -> Reply {
        self.ask(
            &format!("POST {path}"),
            &format!("{FORM}{headers}"),
            &form(fields),
        )
        .await
    }

    pub(crate) async fn ask(&mut self, line: &str, headers: &str, body: &str) -> Reply {
        let pairs: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let cookies = match pairs.is_empty() {
            true => String::new(),
            false => format!("Cookie: {}\r\n", pairs.join("; ")),
        };
        let headers = format!("{cookies}{headers}");
        let reply = self.client.ask(line, &headers, body.as_bytes()).await;
        for (_, value) in reply
            .headers
            .iter()
            .filter(|(name, _)| name == "set-cookie")
        {
            let pair = value.split("; ").next().expect("a pair");
            let (name, set) = pair.split_once('=').expect("a value");
            match set {
                "" => drop(self.cookies.remove(name)),
                set => drop(self.cookies.insert(name.to_owned(), set.to_owned())),
            }
        }
        reply
    }
}

/// The place that a reply leads to.
#[track_caller]
pub(crate) fn lead(reply: &Reply) -> &str {
    assert_eq!(reply.status, 303, "{reply:?}");
    reply.header("location").expect("a location")
}

/// Checks a page with this status and heading, and returns its text.
#[track_caller]
pub(crate) fn shown(reply: &Reply, status: u16, title: &str) -> String {
    assert_eq!(reply.status, status, "{reply:?}");
    let text = reply.text().to_owned();
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    assert_eq!(reply.header("referrer-policy"), Some("same-origin"));
    assert!(text.contains(&format!("<h1>{title}</h1>")), "{text}");
    text
}

fn form(fields: &[(&str, &str)]) -> String {
    let mut url = reqwest::Url::parse("http://x/").expect("a URL");
    url.query_pairs_mut().extend_pairs(fields);
    url.query().unwrap_or_default().to_owned()
}
