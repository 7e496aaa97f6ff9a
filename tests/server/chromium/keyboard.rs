//! The browser by keyboard, and impatient clicks.

use serde_json::json;

use super::Chromium;

/// More than the number of places on a page that take the focus.
const PLACES: usize = 30;

impl Chromium {
    /// Moves the focus with the tabulator key until it is on this element.
    pub(crate) fn tab_to(&mut self, selector: &str) {
        let focused = format!("{selector}:focus");
        for _ in 0..PLACES {
            if self.find(&focused) != 0 {
                return;
            }
            self.press("Tab", "Tab", 9, "");
        }
        panic!("the keyboard does not reach {selector}: {}", self.html());
    }

    /// Types into the focused field, key by key.
    pub(crate) fn type_keys(&mut self, text: &str) {
        for letter in text.chars() {
            let key = letter.to_string();
            self.press(&key, "", 0, &key);
        }
    }

    /// Presses the space bar. A button or a box that has the focus is clicked.
    pub(crate) fn press_space(&mut self) {
        self.press(" ", "Space", 32, " ");
    }

    /// Presses Enter and waits for the next page.
    pub(crate) fn enter(&mut self) {
        self.expect_page();
        self.press("Enter", "Enter", 13, "\r");
        self.wait_for_page();
    }

    fn press(&mut self, key: &str, code: &str, number: u32, text: &str) {
        for kind in ["keyDown", "keyUp"] {
            let mut event = json!({"type": kind, "key": key, "code": code});
            event["windowsVirtualKeyCode"] = json!(number);
            if !text.is_empty() {
                event["text"] = json!(text);
            }
            self.call("Input.dispatchKeyEvent", event);
        }
    }

    /// Replaces the text of a field.
    pub(crate) fn fill(&mut self, selector: &str, text: &str) {
        self.dom("DOM.focus", selector);
        let all = json!({"type": "keyDown", "commands": ["selectAll"]});
        self.call("Input.dispatchKeyEvent", all);
        self.call("Input.insertText", json!({ "text": text }));
    }

    /// Clicks an element whose script stays on the page.
    pub(crate) fn click_in_place(&mut self, selector: &str) {
        let (x, y) = self.middle(selector);
        self.click_at(x, y);
    }

    /// Clicks an element twice without waiting for the page that follows.
    pub(crate) fn click_twice(&mut self, selector: &str) {
        let (x, y) = self.middle(selector);
        for _ in 0..2 {
            self.click_at(x, y);
        }
    }
}
