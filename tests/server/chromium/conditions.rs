//! The network of the browser, its history, and scripts of the tests.

use serde_json::{Value, json};

use super::Chromium;
use crate::patience::block_until;

impl Chromium {
    /// Adds this many milliseconds to every reply; 0 is the usual speed.
    pub(crate) fn slow_down(&mut self, latency: u32) {
        let network = json!({
            "offline": false, "latency": latency, "downloadThroughput": -1, "uploadThroughput": -1,
        });
        self.call("Network.emulateNetworkConditions", network);
    }

    /// Refuses every request that leaves the machine.
    pub(crate) fn block_other_hosts(&mut self) {
        let blocked = json!({ "urls": ["https://*"] });
        self.call("Network.setBlockedURLs", blocked);
    }

    /// Accepts the certificates of the tests.
    pub(crate) fn trust_any_certificate(&mut self) {
        let trust = json!({"ignore": true});
        self.call("Security.setIgnoreCertificateErrors", trust);
    }

    /// Presses the back button and waits for the page.
    pub(crate) fn back(&mut self) {
        let history = self.call("Page.getNavigationHistory", json!({}));
        let at = history["currentIndex"].as_u64().expect("an index");
        let before = at.checked_sub(1).expect("an earlier page");
        let entry = history["entries"][before as usize]["id"].clone();
        self.expect_page();
        self.call("Page.navigateToHistoryEntry", json!({ "entryId": entry }));
        self.wait_for_page();
    }

    /// Waits until a page whose URL begins with this text is complete, however many pages come before it.
    pub(crate) fn wait_for_url(&mut self, beginning: &str) {
        self.wait_until_complete("document.URL", beginning);
    }

    /// The same for the heading.
    pub(crate) fn wait_for_heading(&mut self, beginning: &str) {
        self.wait_until_complete("document.querySelector('h1').textContent", beginning);
    }

    fn wait_until_complete(&mut self, expression: &str, beginning: &str) {
        let script = format!("document.readyState === 'complete' ? {expression} : ''");
        block_until(beginning, || {
            let read = json!({ "expression": script });
            let answer = self.try_call("Runtime.evaluate", read);
            let text = answer["result"]["result"]["value"].as_str();
            text.is_some_and(|text| text.starts_with(beginning))
        });
    }

    /// The cookie with this name in the browser, for this URL.
    pub(crate) fn cookie(&mut self, url: &str, name: &str) -> Value {
        let cookies = self.call("Network.getCookies", json!({ "urls": [url] }));
        let cookies = cookies["cookies"].as_array().expect("a list");
        let found = cookies.iter().find(|cookie| cookie["name"] == name);
        found.cloned().unwrap_or_default()
    }

    /// Replaces the page by this one without leaving it, so that a large script of the test stays loaded.
    pub(crate) fn show(&mut self, html: &str) {
        let html = json!(html);
        let script = format!("document.open(); document.write({html}); document.close()");
        self.evaluate(&script);
    }

    /// Runs a script of the test in the page, and returns the value that it promises.
    pub(crate) fn evaluate(&mut self, script: &str) -> Value {
        let script = json!({"expression": script, "awaitPromise": true, "returnByValue": true});
        let mut answer = self.call("Runtime.evaluate", script);
        let failure = &answer["exceptionDetails"];
        assert!(failure.is_null(), "{failure}");
        answer["result"]["value"].take()
    }
}
