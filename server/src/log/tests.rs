//! Lines as they are written.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tracing::{error_span, info, subscriber::with_default, warn};

use super::*;

/// Terminal control sequences in every form that a text may contain.
const HOSTILE: &str = "curl\u{1b}[2J\r\nWARN forged\u{9b}31m\u{7f}\u{2028}\u{202e} \"x\" id=1";

fn lines(format: LogFormat, work: impl FnOnce()) -> Vec<String> {
    let written = Arc::new(Mutex::new(String::new()));
    let log = Log {
        format,
        has_colours: false,
        write: {
            let written = Arc::clone(&written);
            move |line: &str| written.lock().unwrap().push_str(line)
        },
    };
    with_default(tracing_subscriber::registry().with(log), work);
    let written = written.lock().unwrap().clone();
    assert!(written.ends_with('\n'), "{written}");
    let is_shown = |c| c == '\n' || crate::printable::is_printable(c);
    assert!(written.chars().all(is_shown), "{written:?}");
    written.lines().map(str::to_owned).collect()
}

/// The only line, without its time.
fn text(work: impl FnOnce()) -> String {
    let lines = lines(LogFormat::Text, work);
    let [line] = lines.as_slice() else {
        panic!("{lines:?}");
    };
    let (time, rest) = line.split_once(' ').unwrap();
    assert!(time.ends_with('Z') && time.contains('T'), "{line}");
    rest.to_owned()
}

/// The only object, without its time.
fn object(work: impl FnOnce()) -> Value {
    let lines = lines(LogFormat::Json, work);
    let [line] = lines.as_slice() else {
        panic!("{lines:?}");
    };
    let mut object: Value = serde_json::from_str(line).unwrap();
    let time = object.as_object_mut().unwrap().remove("timestamp");
    assert!(time.unwrap().as_str().unwrap().ends_with('Z'), "{line}");
    object
}

fn refused_sign_in() {
    warn!(
        target: "hallpass::event",
        id = "01a0",
        kind = "sign_in_failed",
        user_id = "01a2",
        ip = "203.0.113.7",
        request_id = "r-7",
        detail = %json!({ "reason": "wrong_password", "address": "k3f" }),
        "refused"
    );
}

fn in_a_request() {
    let span = error_span!("request", id = "r-8", method = "POST", path = "/auth/login");
    span.in_scope(|| {
        let error = io::Error::other("no space left");
        warn!(target: "hallpass::http", %error, tries = 2, "the request failed");
    });
}

#[test]
fn event_is_a_sentence() {
    assert_eq!(
        text(refused_sign_in),
        " WARN sign-in refused  wrong password  user 01a2  from 203.0.113.7  request r-7"
    );
}

#[test]
fn event_names_what_has_changed_and_who_has_changed_it() {
    let line = text(|| {
        info!(
            target: "hallpass::event",
            kind = "roles_changed",
            user_id = "01a2",
            actor_id = "01a1",
            detail = %json!({ "from": [], "to": ["admin", "staff"] }),
        );
    });
    let expected = " INFO roles changed  was none  now admin,staff  user 01a2  by 01a1";
    assert_eq!(line, expected);
    let line = text(|| {
        info!(
            target: "hallpass::event",
            kind = "signed_in",
            user_id = "01a2",
            actor_id = "01a2",
            detail = %json!({ "methods": "pwd otp", "session_id": "01a3" }),
        );
    });
    let expected = " INFO signed in  methods \"pwd otp\"  session 01a3  user 01a2";
    assert_eq!(line, expected);
}

#[test]
fn address_without_an_account_is_known_by_its_digest() {
    let line = text(|| {
        warn!(
            target: "hallpass::event",
            kind = "sign_in_failed",
            detail = %json!({ "reason": "unknown_address", "address": "k3f" }),
        );
    });
    assert_eq!(line, " WARN sign-in refused  unknown address  address k3f");
}

#[test]
fn event_is_an_object_with_its_details() {
    assert_eq!(
        object(refused_sign_in),
        json!({
            "level": "WARN",
            "target": "hallpass::event",
            "message": "sign-in refused",
            "request_id": "r-7",
            "fields": {
                "id": "01a0",
                "kind": "sign_in_failed",
                "user_id": "01a2",
                "ip": "203.0.113.7",
                "detail": { "reason": "wrong_password", "address": "k3f" },
            },
        })
    );
}

#[test]
fn line_in_a_request_has_its_id() {
    assert_eq!(
        text(in_a_request),
        " WARN hallpass::http: the request failed  error=\"no space left\" tries=2 method=POST path=/auth/login  request r-8"
    );
    assert_eq!(
        object(in_a_request),
        json!({
            "level": "WARN",
            "target": "hallpass::http",
            "message": "the request failed",
            "request_id": "r-8",
            "fields": {
                "error": "no space left",
                "tries": 2,
                "method": "POST",
                "path": "/auth/login",
            },
        })
    );
}

#[test]
fn field_of_an_event_counts_more_than_one_of_its_span() {
    let work = || {
        let span = error_span!("request", id = "outer", path = "/a");
        span.in_scope(|| info!(request_id = "own", path = "/b", "done"));
    };
    let object = object(work);
    assert_eq!(object["request_id"], "own");
    assert_eq!(object["fields"], json!({ "path": "/b" }));
}

#[test]
fn field_recorded_later_is_written() {
    let object = object(|| {
        let span = error_span!("task", state = tracing::field::Empty, name = "a");
        span.record("state", "ready").record("name", "b");
        span.in_scope(|| info!("done"));
    });
    assert_eq!(object["fields"], json!({ "name": "b", "state": "ready" }));
}

/// `lines` checks that nothing reaches a terminal unescaped.
#[test]
fn hostile_text_stays_in_its_place() {
    let work = || {
        error_span!("request", id = HOSTILE, path = HOSTILE).in_scope(|| {
            info!(user_agent = HOSTILE, debug = ?HOSTILE, display = %HOSTILE, "{HOSTILE}");
        });
    };
    let line = text(work);
    assert!(line.ends_with(r#"id=1""#), "{line}");
    let object = object(work);
    assert_eq!(object["message"], HOSTILE);
    assert_eq!(object["request_id"], HOSTILE);
    for name in ["path", "user_agent", "display"] {
        assert_eq!(object["fields"][name], HOSTILE);
    }
}

#[test]
fn hostile_event_stays_in_its_place() {
    let work = || {
        info!(
            target: "hallpass::event",
            kind = HOSTILE,
            user_id = HOSTILE,
            ip = HOSTILE,
            detail = %json!({ "reason": HOSTILE, HOSTILE: HOSTILE, "list": [HOSTILE] }),
        );
    };
    text(work);
    assert_eq!(object(work)["fields"]["detail"]["reason"], HOSTILE);
    let work = || info!(target: "hallpass::event", kind = "signed_in", detail = HOSTILE);
    assert_eq!(text(work), " INFO signed in");
    assert_eq!(object(work)["fields"]["detail"], HOSTILE);
}

#[test]
fn colours_are_for_terminals() {
    let line = Line {
        level: Level::WARN,
        target: "a",
        message: "b".to_owned(),
        request_id: None,
        fields: Vec::new(),
    };
    assert_eq!(text::write(&line, "T", false), "T  WARN a: b");
    assert_eq!(
        text::write(&line, "T", true),
        "\x1b[2mT\x1b[0m \x1b[33m WARN\x1b[0m a: b"
    );
}
