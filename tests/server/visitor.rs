//! A browser for HTTP only: it keeps cookies and follows redirects on loopback.

use reqwest::{
    Client, Method, Response, Url,
    header::{CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE},
    redirect::Policy,
};

/// Real browsers allow a few more.
const MAX_REDIRECTS: usize = 10;

pub(crate) struct Visitor {
    client: Client,
    jar: Vec<Cookie>,
    /// The prefixes of URLs that it does not visit.
    pub(crate) stops: Vec<String>,
}

struct Cookie {
    /// The host without a port, because cookies ignore the port (RFC 6265, section 8.5).
    host: String,
    path: String,
    name: String,
    value: String,
}

/// The current URL and page. After a redirect that was not followed, there is no page.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) url: Url,
    pub(crate) html: String,
}

impl Page {
    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        let mut pairs = self.url.query_pairs();
        let (_, value) = pairs.find(|(known, _)| known == name)?;
        Some(value.into_owned())
    }
}

impl Visitor {
    pub(crate) fn new(stop: &str) -> Self {
        let client = Client::builder().redirect(Policy::none()).no_proxy();
        Self {
            client: client.build().expect("a client"),
            jar: Vec::new(),
            stops: vec![stop.to_owned()],
        }
    }

    pub(crate) async fn open(&mut self, url: &str) -> Page {
        let url = url.parse().expect("a URL");
        self.go(Method::GET, url, "").await
    }

    /// Sends the form of a page to the URL of the page.
    pub(crate) async fn submit(&mut self, page: &Page, fields: &'static str) -> Page {
        assert!(page.html.contains("<form method=\"post\">"), "{page:?}");
        self.go(Method::POST, page.url.clone(), fields).await
    }

    async fn go(&mut self, mut method: Method, mut url: Url, fields: &'static str) -> Page {
        for _ in 0..MAX_REDIRECTS {
            let is_stop = |stop: &String| url.as_str().starts_with(stop);
            if self.stops.iter().any(is_stop) {
                let html = String::new();
                return Page { url, html };
            }
            let sent = self.client.request(method, url.clone());
            let sent = sent.header(COOKIE, self.cookies(&url)).body(fields);
            let sent = sent.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
            let response = sent.send().await.expect("an answer");
            self.keep(&url, &response);
            let Some(location) = response.headers().get(LOCATION) else {
                let html = response.text().await.expect("text");
                return Page { url, html };
            };
            url = url.join(location.to_str().expect("text")).expect("a URL");
            method = Method::GET;
        }
        panic!("too many redirects; now at {url}")
    }

    fn cookies(&self, url: &Url) -> String {
        let meant = self.jar.iter().filter(|cookie| {
            Some(cookie.host.as_str()) == url.host_str() && url.path().starts_with(&cookie.path)
        });
        let pairs = meant.map(|cookie| format!("{}={}", cookie.name, cookie.value));
        pairs.collect::<Vec<_>>().join("; ")
    }

    fn keep(&mut self, url: &Url, response: &Response) {
        let host = url.host_str().expect("a host");
        for line in response.headers().get_all(SET_COOKIE) {
            let mut parts = line.to_str().expect("text").split(';').map(str::trim);
            let pair = parts.next().and_then(|pair| pair.split_once('='));
            let (name, value) = pair.expect("a name and a value");
            let mut path = "/";
            for part in parts {
                match part.split_once('=') {
                    Some((key, value)) if key.eq_ignore_ascii_case("path") => path = value,
                    _ => {}
                }
            }
            self.jar.retain(|cookie| {
                (
                    cookie.host.as_str(),
                    cookie.path.as_str(),
                    cookie.name.as_str(),
                ) != (host, path, name)
            });
            // A cookie that is cleared here also has an expiry in the past.
            if !value.is_empty() {
                self.jar.push(Cookie {
                    host: host.to_owned(),
                    path: path.to_owned(),
                    name: name.to_owned(),
                    value: value.to_owned(),
                });
            }
        }
    }
}
