use std::{collections::HashSet, time::Duration};

use serde_json::{Value, json};

use super::{Code, PROBLEM_JSON, Problem};
use crate::error::{Error, ErrorKind, Refusal, Violation};

/// The codes of the contract. A code may be added, but changing or removing a code breaks every client.
const FROZEN: &str = "malformed_body unsupported_media_type body_too_large validation_failed weak_password \
    email_taken registration_closed invalid_credentials email_not_verified account_disabled too_many_attempts \
    rate_limited overloaded unauthenticated invalid_access_token forbidden reauthentication_required \
    invalid_refresh_token refresh_token_reused invalid_token user_not_found session_not_found last_admin \
    last_credential provider_unknown provider_failed invalid_redirect link_required identity_taken not_found \
    invalid_code too_many_factors factor_required step_up_required method_not_allowed unavailable internal refused \
    ambiguous_credentials cross_site_request";

fn body(problem: &Problem) -> Value {
    serde_json::from_slice(problem.to_response().body()).expect("a problem is JSON")
}

fn header<'a>(response: &'a super::Response, name: &str) -> Option<&'a str> {
    response.headers().get(name)?.to_str().ok()
}

#[test]
fn every_code_is_a_frozen_word_and_used_once() {
    let frozen: HashSet<&str> = FROZEN.split_whitespace().collect();
    let mut seen = HashSet::new();
    for (kind, row) in Code::ALL {
        assert!(frozen.contains(row.code), "{}", row.code);
        // A wrong configuration is answered like any other defect.
        let is_new = seen.insert(row.code) || *kind == ErrorKind::Internal;
        assert!(is_new, "{}", row.code);
        assert!(row.detail.ends_with('.'), "{}", row.code);
        assert_eq!(Code::of(*kind).code, row.code);
    }
}

#[test]
fn every_problem_has_the_same_members_and_is_never_cached() {
    for (kind, row) in Code::ALL {
        let problem = Problem::from(*kind);
        let response = problem.to_response();
        assert_eq!(response.status(), row.status);
        assert_eq!(header(&response, "content-type"), Some(PROBLEM_JSON));
        assert_eq!(header(&response, "cache-control"), Some("no-store"));
        let mut body = body(&problem);
        let members = body.as_object_mut().expect("a problem is an object");
        let lists = matches!(kind, ErrorKind::ValidationFailed | ErrorKind::WeakPassword);
        assert_eq!(members.remove("errors").is_some(), lists, "{kind:?}");
        assert_eq!(
            body,
            json!({
                "type": format!("urn:hallpass:{}", row.code), "title": row.title,
                "status": row.status.as_u16(), "detail": row.detail, "code": row.code,
            })
        );
    }
}

#[test]
fn only_bearer_failures_carry_a_challenge() {
    for (kind, _) in Code::ALL {
        let expected = match kind {
            ErrorKind::Unauthenticated => Some("Bearer"),
            ErrorKind::InvalidAccessToken => Some("Bearer error=\"invalid_token\""),
            ErrorKind::StepUpRequired => Some(
                "Bearer error=\"insufficient_user_authentication\", \
                 acr_values=\"urn:hallpass:aal2\", max_age=600",
            ),
            _ => None,
        };
        let response = Problem::from(*kind).to_response();
        assert_eq!(header(&response, "www-authenticate"), expected, "{kind:?}");
    }
}

#[test]
fn retry_after_is_rounded_up_and_at_least_one() {
    for (millis, expected) in [(0, "1"), (1, "1"), (1000, "1"), (1001, "2"), (59_999, "60")] {
        let error =
            Error::new(ErrorKind::Overloaded).with_retry_after(Duration::from_millis(millis));
        let response = Problem::from(error).to_response();
        assert_eq!(header(&response, "retry-after"), Some(expected), "{millis}");
    }
    let unknown = Problem::from(ErrorKind::Unavailable).to_response();
    assert_eq!(header(&unknown, "retry-after"), Some("1"));
    let not_offered = Problem::from(ErrorKind::Internal).to_response();
    assert_eq!(header(&not_offered, "retry-after"), None);
}

#[test]
fn the_source_of_an_error_never_reaches_the_body() {
    let plain = Problem::from(ErrorKind::Internal).to_response();
    for error in [
        Error::internal("relation auth_users"),
        Error::configuration("no SECRET"),
    ] {
        assert_eq!(Problem::from(error).to_response().body(), plain.body());
    }
}

#[test]
fn violations_are_listed_with_pointers() {
    let error = Error::validation(vec![Violation::new("a/b", "required", "It is required.")]);
    assert_eq!(
        body(&error.into())["errors"],
        json!([{"pointer": "/a~1b", "code": "required", "detail": "It is required."}])
    );
}

#[test]
fn a_reply_lists_sixteen_violations_at_most_and_cuts_names() {
    let name = "\u{1}".repeat(16 * 1024);
    let violation = Violation::new(&name, "unknown_member", name.as_str());
    let errors = [ErrorKind::ValidationFailed, ErrorKind::WeakPassword]
        .map(|kind| Error::new(kind).with_violations(vec![violation.clone(); 1000]));
    let refusal = Error::from(Refusal::new("too_long", name.clone()));
    for error in errors.into_iter().chain([refusal]) {
        let problem = Problem::from(error);
        let length = problem.to_response().body().len();
        assert!(length <= 14 * 1024, "{length}");
        if let Some(errors) = body(&problem)["errors"].as_array() {
            assert_eq!(errors.len(), 16);
        }
    }
}

#[test]
fn a_refusal_has_the_code_and_the_text_of_the_host() {
    let refusal = Refusal::new("over_quota", "The team is full.");
    let problem = Problem::from(Error::from(refusal));
    assert_eq!(
        body(&problem),
        json!({
            "type": "urn:hallpass:over_quota", "title": "Refused", "status": 422,
            "detail": "The team is full.", "code": "over_quota",
        })
    );
}

#[test]
fn a_refusal_never_uses_a_code_of_ours() {
    let rows = Code::ALL.iter().map(|(_, row)| row.code);
    for code in rows.chain(FROZEN.split_whitespace()) {
        assert_eq!(Refusal::new(code, "").code(), "refused", "{code}");
    }
}
