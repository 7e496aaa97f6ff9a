//! A headless Chromium over a pair of pipes (Chrome DevTools Protocol, messages that end in NUL).

mod conditions;
mod keyboard;

use std::{
    env, fs,
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{patience::PATIENCE, skip::skip};

/// The variable that names a folder for screenshots.
const SCREENSHOTS: &str = "HALLPASS_TEST_SCREENSHOTS";

const LOADED: &str = "Page.loadEventFired";

/// The widths in CSS pixels, and the colour schemes.
pub(crate) const SCREENS: [(u32, &str); 3] = [(1280, "light"), (320, "dark"), (320, "light")];

/// A page of the browser. The browser shows one page at a time.
pub(crate) struct Tab(Value);

/// A browser without scripts, with one tab at the start. Killed on drop.
pub(crate) struct Chromium {
    child: Child,
    commands: ChildStdin,
    messages: Receiver<Value>,
    session: Value,
    last_id: u64,
    has_loaded: bool,
    /// Violations of a page's policy, and similar complaints.
    pub(crate) complaints: Vec<String>,
    _profile: TempDir,
}

impl Chromium {
    /// `None` without Chromium. With `HALLPASS_TEST_CHROMIUM=required`, that is a failure.
    pub(crate) fn start_or_skip() -> Option<Self> {
        let found = Command::new("chromium").arg("--version").output();
        if found.is_ok_and(|found| found.status.success()) {
            return Some(Self::start());
        }
        let reason = "No chromium was found.";
        skip("HALLPASS_TEST_CHROMIUM", "the pages in a browser", reason);
        None
    }

    fn start() -> Self {
        let profile = tempfile::tempdir().expect("a temporary folder");
        // Chromium reads commands from descriptor 3 and answers on descriptor 4.
        let script = "exec 3<&0 4>&1; exec chromium \"$@\" 0</dev/null 1>/dev/null 2>/dev/null";
        let mut child = Command::new("sh")
            .args(["-c", script, "sh"])
            .args(["--headless", "--no-sandbox", "--remote-debugging-pipe"])
            .args(["--disable-gpu", "--no-first-run", "--hide-scrollbars"])
            .args(["--disable-background-networking", "--lang=en-US"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .env("HOME", profile.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("sh can be run");
        let commands = child.stdin.take().expect("a pipe");
        let answers = BufReader::new(child.stdout.take().expect("a pipe"));
        let (sender, messages) = channel();
        thread::spawn(move || {
            for message in answers.split(0).map_while(Result::ok) {
                let message = serde_json::from_slice(&message).expect("messages are JSON");
                if sender.send(message).is_err() {
                    break;
                }
            }
        });
        let mut chromium = Self {
            child,
            commands,
            messages,
            session: Value::Null,
            last_id: 0,
            has_loaded: false,
            complaints: Vec::new(),
            _profile: profile,
        };
        chromium.open_tab();
        chromium
    }

    /// Opens a new tab, which runs no scripts either.
    pub(crate) fn open_tab(&mut self) -> Tab {
        self.session = Value::Null;
        let tab = self.call("Target.createTarget", json!({"url": "about:blank"}));
        let attach = json!({"targetId": tab["targetId"], "flatten": true});
        self.session = self.call("Target.attachToTarget", attach)["sessionId"].take();
        for domain in ["Page", "DOM", "Log", "Network"] {
            self.call(&format!("{domain}.enable"), json!({}));
        }
        let off = json!({"value": true});
        self.call("Emulation.setScriptExecutionDisabled", off);
        Tab(self.session.clone())
    }

    /// Switches scripts on, from the next page of this tab.
    pub(crate) fn run_scripts(&mut self) {
        let on = json!({"value": false});
        self.call("Emulation.setScriptExecutionDisabled", on);
    }

    /// Switches to an open tab.
    pub(crate) fn switch_to(&mut self, tab: &Tab) {
        self.session = tab.0.clone();
        self.call("Page.bringToFront", json!({}));
    }

    /// Deletes every cookie.
    pub(crate) fn forget_cookies(&mut self) {
        self.call("Network.clearBrowserCookies", json!({}));
    }

    /// The URL of the tab.
    pub(crate) fn url(&mut self) -> String {
        let mut history = self.call("Page.getNavigationHistory", json!({}));
        let at = history["currentIndex"].as_u64().expect("an index");
        let url = history["entries"][at as usize]["url"].take();
        url.as_str().expect("text").to_owned()
    }

    /// Sets the width of the window in CSS pixels.
    pub(crate) fn resize(&mut self, width: u32) {
        let size =
            json!({"width": width, "height": 700, "deviceScaleFactor": 1, "mobile": width < 600});
        self.call("Emulation.setDeviceMetricsOverride", size);
    }

    pub(crate) fn darken(&mut self, scheme: &str) {
        let feature = json!({"name": "prefers-color-scheme", "value": scheme});
        self.call("Emulation.setEmulatedMedia", json!({"features": [feature]}));
    }

    /// Checks that a page fits every screen. It stays open at the last size.
    pub(crate) fn fits_every_screen(&mut self, url: &str, name: &str) {
        for (width, scheme) in SCREENS {
            self.resize(width);
            self.darken(scheme);
            self.open(url);
            self.fits(width, &format!("{name}-{scheme}"));
        }
    }

    /// Requests pages in this language.
    pub(crate) fn speak(&mut self, language: &str) {
        let headers = json!({ "Accept-Language": language });
        self.call("Network.setExtraHTTPHeaders", json!({ "headers": headers }));
    }

    pub(crate) fn open(&mut self, url: &str) {
        self.expect_page();
        let opened = self.call("Page.navigate", json!({"url": url}));
        assert!(opened["errorText"].is_null(), "{opened}");
        self.wait_for_page();
    }

    /// Types into the focused field. A script may move the focus there shortly after the page loads.
    pub(crate) fn type_in(&mut self, text: &str) {
        self.wait_for("input:focus");
        self.call("Input.insertText", json!({"text": text}));
    }

    /// Waits for an element with this selector, which a script may add.
    pub(crate) fn wait_for(&mut self, selector: &str) {
        self.wait_until(selector, |browser| browser.find(selector) != 0);
    }

    /// Waits for a text, which a script may add.
    pub(crate) fn wait_for_text(&mut self, text: &str) {
        self.wait_until(text, |browser| browser.html().contains(text));
    }

    fn wait_until(&mut self, what: &str, is_there: impl Fn(&mut Self) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !is_there(self) {
            assert!(Instant::now() < deadline, "no {what}: {}", self.html());
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Clicks the middle of an element and waits for the next page.
    pub(crate) fn click(&mut self, selector: &str) {
        let (x, y) = self.middle(selector);
        self.expect_page();
        self.click_at(x, y);
        self.wait_for_page();
    }

    fn middle(&mut self, selector: &str) -> (f64, f64) {
        self.dom("DOM.scrollIntoViewIfNeeded", selector);
        // A link in a text may have a quad in each of two lines.
        let quad = self.dom("DOM.getContentQuads", selector)["quads"][0].take();
        let at = |index: usize| quad[index].as_f64().expect("a coordinate");
        ((at(0) + at(4)) / 2.0, (at(1) + at(5)) / 2.0)
    }

    fn click_at(&mut self, x: f64, y: f64) {
        for kind in ["mousePressed", "mouseReleased"] {
            let event = json!({"type": kind, "x": x, "y": y, "button": "left", "clickCount": 1});
            self.call("Input.dispatchMouseEvent", event);
        }
    }

    pub(crate) fn html(&mut self) -> String {
        let html = self.dom("DOM.getOuterHTML", "html");
        html["outerHTML"].as_str().expect("text").to_owned()
    }

    /// Checks that nothing overflows to the right.
    pub(crate) fn fits(&mut self, width: u32, name: &str) {
        self.picture(&format!("{name}-{width}"));
        assert!(self.content_width() <= f64::from(width), "{name}");
    }

    /// The same. A picture takes longer than the rest, so there is one only if somebody looks at it.
    pub(crate) fn quickly_fits(&mut self, width: u32, name: &str) {
        if env::var_os(SCREENSHOTS).is_some() {
            self.picture(&format!("{name}-{width}"));
        }
        assert!(self.content_width() <= f64::from(width), "{name}");
    }

    fn content_width(&mut self) -> f64 {
        let metrics = self.call("Page.getLayoutMetrics", json!({}));
        let width = &metrics["cssContentSize"]["width"];
        width.as_f64().expect("a number")
    }

    /// Saves a screenshot in the folder `HALLPASS_TEST_SCREENSHOTS`.
    fn picture(&mut self, name: &str) {
        let picture = self.call("Page.captureScreenshot", json!({"format": "png"}));
        let picture = STANDARD.decode(picture["data"].as_str().expect("text"));
        let picture = picture.expect("Base64");
        assert!(picture.len() > 1000, "{name} is an empty picture");
        if let Some(folder) = env::var_os(SCREENSHOTS) {
            let file = Path::new(&folder).join(format!("{name}.png"));
            fs::write(file, picture).expect("the folder can be written to");
        }
    }

    fn dom(&mut self, method: &str, selector: &str) -> Value {
        let found = self.find(selector);
        assert_ne!(found, 0, "no {selector}");
        self.call(method, json!({ "nodeId": found }))
    }

    /// The first element with this selector, or 0.
    fn find(&mut self, selector: &str) -> Value {
        let root = self.call("DOM.getDocument", json!({"depth": 0}));
        let query = json!({"nodeId": root["root"]["nodeId"], "selector": selector});
        self.call("DOM.querySelector", query)["nodeId"].take()
    }

    fn call(&mut self, method: &str, params: Value) -> Value {
        let mut answer = self.try_call(method, params);
        assert!(answer["error"].is_null(), "{method}: {answer}");
        answer["result"].take()
    }

    /// The whole answer. Between two pages, some calls fail.
    fn try_call(&mut self, method: &str, params: Value) -> Value {
        self.last_id += 1;
        let mut message = json!({"id": self.last_id, "method": method});
        message["params"] = params;
        if !self.session.is_null() {
            message["sessionId"] = self.session.clone();
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        self.commands.write_all(&bytes).expect("the browser reads");
        let id = json!(self.last_id);
        self.next(|message| message["id"] == id)
    }

    /// Waits for the page that follows [`expect_page`](Self::expect_page).
    fn wait_for_page(&mut self) {
        while !self.has_loaded {
            self.next(|message| message["method"] == LOADED);
        }
    }

    /// The next page may load before the command that leads to it is answered.
    fn expect_page(&mut self) {
        self.has_loaded = false;
    }

    fn next(&mut self, is_meant: impl Fn(&Value) -> bool) -> Value {
        loop {
            let message = self.messages.recv_timeout(PATIENCE);
            let message = message.expect("the browser answers");
            self.has_loaded |= message["method"] == LOADED && message["sessionId"] == self.session;
            let entry = &message["params"]["entry"];
            let is_grave = matches!(entry["level"].as_str(), Some("warning" | "error"));
            // A status of 400 or more is not a complaint about the page.
            // The advice about forms has a level of its own, for password managers depend on it.
            let is_advice = entry["source"] == "recommendation" || is_about_form(entry);
            if (is_grave && entry["source"] != "network") || is_advice {
                self.complaints.push(entry.to_string());
            }
            if is_meant(&message) {
                return message;
            }
        }
    }
}

/// Whether the browser misses something in a form, such as the name of the account of a password.
fn is_about_form(entry: &Value) -> bool {
    entry["text"]
        .as_str()
        .is_some_and(|text| text.contains("[DOM]"))
}

impl Drop for Chromium {
    fn drop(&mut self) {
        // The child processes of the browser end with it.
        self.commands
            .write_all(b"{\"id\":0,\"method\":\"Browser.close\"}\0")
            .ok();
        thread::sleep(Duration::from_millis(300));
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
