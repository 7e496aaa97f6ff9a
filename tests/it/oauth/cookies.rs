//! A browser that begins one flow after the other.

use super::flow::{Tab, VERIFIER, apps_of, come_back, landed, person, redeem, start_path};
use crate::support::{app::App, http::Reply, provider::FakeProvider};

/// The cookies of a browser, oldest first.
#[derive(Default)]
struct Jar(Vec<(String, String)>);

impl Jar {
    fn header(&self) -> String {
        let pairs: Vec<String> = self.0.iter().map(|(n, v)| format!("{n}={v}")).collect();
        pairs.join("; ")
    }

    fn keep(&mut self, reply: &Reply) {
        let set = reply
            .headers
            .iter()
            .filter(|(name, _)| name == "set-cookie");
        for (_, cookie) in set {
            let (pair, attributes) = cookie.split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.0.retain(|(known, _)| known != name);
            if !attributes.contains("Max-Age=0;") {
                self.0.push((name.to_owned(), value.to_owned()));
            }
        }
    }

    async fn begin(&mut self, app: &App) -> Tab {
        let headers = format!("Cookie: {}\r\n", self.header());
        let line = format!("GET {}", start_path(&[]));
        let reply = app.ask(&line, &headers, b"").await.expect(303);
        self.keep(&reply);
        Tab {
            location: reply.header("location").unwrap().to_owned(),
            cookie: String::new(),
        }
    }

    async fn come_back(&mut self, app: &App, fake: &FakeProvider, tab: &Tab) -> Reply {
        let tab = Tab {
            cookie: self.header(),
            ..tab.clone()
        };
        let query = fake.approve(&tab.location, &person("1", super::ANN));
        let reply = come_back(app, &tab, &query).await;
        self.keep(&reply);
        reply
    }

    fn flows(&self) -> usize {
        let ours = self.0.iter();
        ours.filter(|(name, _)| name.starts_with("__Host-hallpass_oauth_"))
            .count()
    }
}

#[tokio::test]
async fn a_browser_that_begins_120_flows_keeps_the_newest_eight() {
    let fake = FakeProvider::start().await;
    for app in apps_of(&fake).await {
        fake.follow(&app.clock);
        let mut jar = Jar::default();
        jar.0.push(("theme".to_owned(), "dark".to_owned()));
        let mut tabs = Vec::new();
        for number in 0..120 {
            if number % 7 == 0 {
                app.advance(1);
            }
            tabs.push(jar.begin(&app).await);
        }
        assert_eq!(jar.flows(), 8);
        assert!(jar.header().len() < 1024);
        assert_eq!(jar.0[0].0, "theme", "other cookies stay");
        let (old, new) = tabs.split_at(112);
        let reply = jar.come_back(&app, &fake, &old[111]).await;
        reply.problem(400, "invalid_token");
        for tab in new.iter().rev() {
            let params = landed(jar.come_back(&app, &fake, tab).await);
            redeem(&app, &params["code"], VERIFIER).await.tokens();
        }
        assert_eq!(jar.flows(), 0);
    }
}

#[tokio::test]
async fn the_oldest_flow_cookies_are_dropped_in_any_order() {
    let fake = FakeProvider::start().await;
    for app in apps_of(&fake).await {
        fake.follow(&app.clock);
        let mut jar = Jar::default();
        let mut tabs = Vec::new();
        for _ in 0..20 {
            app.advance(1);
            tabs.push(jar.begin(&app).await);
            jar.0.reverse();
        }
        assert_eq!(jar.flows(), 8);
        for tab in &tabs[12..] {
            landed(jar.come_back(&app, &fake, tab).await);
        }
    }
}

#[tokio::test]
async fn cookies_of_simultaneous_flows_are_cleared_in_short_replies() {
    let fake = FakeProvider::start().await;
    for app in apps_of(&fake).await {
        let mut jar = Jar::default();
        for _ in 0..60 {
            // No tab has the cookie of another tab.
            let mut tab = Jar::default();
            tab.begin(&app).await;
            jar.0.append(&mut tab.0);
        }
        for _ in 0..3 {
            let headers = format!("Cookie: {}\r\n", jar.header());
            let line = format!("GET {}", start_path(&[]));
            let reply = app.ask(&line, &headers, b"").await.expect(303);
            let length = reply.headers.iter().map(|(n, v)| n.len() + v.len() + 4);
            assert!(
                length.sum::<usize>() < 4096,
                "larger than one buffer of a proxy"
            );
            jar.keep(&reply);
        }
        assert_eq!(jar.flows(), 8);
    }
}
