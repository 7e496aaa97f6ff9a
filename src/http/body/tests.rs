use std::{
    convert::Infallible,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use ::http::HeaderMap;
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use tokio::time::Instant;

use super::{Body, DISCARD_LIMIT, LIMIT};
use crate::error::ErrorKind;

fn deadline() -> Instant {
    Instant::now() + Duration::from_secs(60)
}

fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
    let pairs = pairs.iter().map(|(name, value)| {
        (
            ::http::HeaderName::from_static(name),
            ::http::HeaderValue::from_static(value),
        )
    });
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        headers.append(name, value);
    }
    headers
}

#[tokio::test]
async fn a_body_up_to_the_limit_is_kept_whole() {
    let chunks = [vec![b'a'; LIMIT - 1], vec![b'b']];
    let body = stream::iter(chunks.map(|chunk| Ok::<_, Infallible>(Bytes::from(chunk))));
    let Ok(Body::Complete(body)) = Body::read(body, deadline()).await else {
        panic!("the body is kept");
    };
    assert_eq!((body.len(), body.last()), (LIMIT, Some(&b'b')));
}

#[tokio::test]
async fn a_larger_body_is_discarded_and_an_endless_one_abandoned() {
    for size in [LIMIT + 1, 10_000_000] {
        let body = stream::iter([Ok::<_, Infallible>(Bytes::from(vec![0; size]))]);
        assert!(matches!(
            Body::read(body, deadline()).await,
            Ok(Body::TooLarge)
        ));
    }
    let read = AtomicUsize::new(0);
    let endless = stream::repeat(Bytes::from(vec![0; 64 * 1024])).map(|chunk| {
        read.fetch_add(chunk.len(), Ordering::Relaxed);
        Ok::<_, Infallible>(chunk)
    });
    assert!(matches!(
        Body::read(endless, deadline()).await,
        Ok(Body::TooLarge)
    ));
    assert!(read.into_inner() <= DISCARD_LIMIT + 64 * 1024);
}

#[tokio::test]
async fn a_broken_body_is_malformed() {
    let body = stream::iter([Ok(Bytes::from_static(b"{")), Err("reset")]);
    let body = Body::read(body, deadline())
        .await
        .expect("it is broken, not late");
    let error = body.json_object(&headers(&[("content-type", "application/json")]));
    assert_eq!(error.expect_err("refused").kind(), ErrorKind::MalformedBody);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_arrive_is_given_up() {
    let body = stream::pending::<Result<Bytes, Infallible>>();
    let error = Body::read(body, deadline())
        .await
        .err()
        .map(|error| error.kind());
    assert_eq!(error, Some(ErrorKind::Unavailable));

    let large = stream::iter([Ok::<_, Infallible>(Bytes::from(vec![0; LIMIT + 1]))]);
    let stalls = large.chain(stream::pending());
    assert!(matches!(
        Body::read(stalls, deadline()).await,
        Ok(Body::TooLarge)
    ));
}

#[test]
fn a_form_is_read_as_a_query_is() {
    let form = |text: &'static [u8], content_type| {
        let body = Body::Complete(Bytes::from_static(text));
        body.form(&headers(&[("content-type", content_type)]))
    };
    let media_type = "application/x-www-form-urlencoded";
    let fields = form(b"token=a_b-1&new_password=x+y%26z&empty=", media_type);
    let fields = fields.expect("the form is valid");
    assert_eq!(fields["token"], "a_b-1");
    assert_eq!(fields["new_password"], "x y&z");
    assert_eq!(fields["empty"], "");
    for (text, content_type, kind) in [
        (
            &b"a=1"[..],
            "application/json",
            ErrorKind::UnsupportedMediaType,
        ),
        (b"a=1", "text/plain", ErrorKind::UnsupportedMediaType),
        (b"a=\xff", media_type, ErrorKind::MalformedBody),
        (b"a=%f", media_type, ErrorKind::ValidationFailed),
        (b"a=1&a=1", media_type, ErrorKind::ValidationFailed),
    ] {
        let error = form(text, content_type).expect_err("refused");
        assert_eq!(error.kind(), kind, "{}", text.escape_ascii());
    }
}

#[test]
fn only_json_is_accepted() {
    let taken = [
        "application/json",
        "APPLICATION/JSON",
        "application/json; charset=utf-8",
        "application/json ;Charset=\"UTF-8\" ; ",
    ];
    for value in taken {
        let body = Body::Complete(Bytes::from_static(b"{}"));
        assert!(
            body.json_object(&headers(&[("content-type", value)]))
                .is_ok(),
            "{value}"
        );
    }
    let refused: [&[(&str, &str)]; 9] = [
        &[],
        &[("content-type", "")],
        &[("content-type", "text/plain")],
        &[("content-type", "application/json-patch+json")],
        &[("content-type", "application/json; charset=latin1")],
        &[("content-type", "application/json; profile=x")],
        &[("content-type", "application/json, text/plain")],
        &[
            ("content-type", "application/json"),
            ("content-type", "application/json"),
        ],
        &[
            ("content-type", "application/json"),
            ("content-encoding", "gzip"),
        ],
    ];
    for pairs in refused {
        let error = Body::TooLarge.json_object(&headers(pairs));
        assert_eq!(
            error.expect_err("refused").kind(),
            ErrorKind::UnsupportedMediaType,
            "{pairs:?}"
        );
    }
}
