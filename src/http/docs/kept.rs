//! A document that is kept in memory both uncompressed and compressed, and the choice between the two representations.

use std::{fmt::Write as _, io};

use ::http::{
    HeaderMap, HeaderName, HeaderValue, StatusCode,
    header::{
        ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY,
        X_CONTENT_TYPE_OPTIONS,
    },
};
use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};

use crate::{
    error::{Error, Result},
    http::{Input, Operation, Output, Request, Response, reply},
};

/// A public document in both representations. It is compressed once, not for each request.
#[derive(Debug)]
pub(super) struct Kept {
    headers: Vec<(HeaderName, HeaderValue)>,
    plain: Form,
    gzip: Form,
}

/// The bytes of one representation, and its unique entity tag.
#[derive(Debug)]
struct Form {
    bytes: Bytes,
    tag: HeaderValue,
}

impl Kept {
    /// # Errors
    /// `Internal` if the document cannot be compressed.
    pub(super) fn new(
        content_type: &'static str,
        body: Vec<u8>,
        headers: impl IntoIterator<Item = (HeaderName, HeaderValue)>,
    ) -> Result<Self> {
        let fixed = [
            (CONTENT_TYPE, content_type),
            (CACHE_CONTROL, "public, max-age=300"),
            (VARY, "Accept-Encoding"),
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        ];
        let fixed = fixed.map(|(name, value)| (name, HeaderValue::from_static(value)));
        let gzip = Form::new(compressed(&body).map_err(Error::internal)?)?;
        Ok(Self {
            headers: fixed.into_iter().chain(headers).collect(),
            plain: Form::new(body)?,
            gzip,
        })
    }

    /// The representation that the client accepts, or 304 if the client already has it.
    pub(super) fn reply(&self, wanted: &Wanted) -> Ready {
        let form = if wanted.gzip { &self.gzip } else { &self.plain };
        let mut response = match wanted.has(&form.tag) {
            true => reply::empty(StatusCode::NOT_MODIFIED),
            false => Response::new(form.bytes.clone()),
        };
        let headers = response.headers_mut();
        headers.extend(self.headers.iter().cloned());
        headers.insert(ETAG, form.tag.clone());
        if wanted.gzip {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        Ready(response)
    }
}

impl Form {
    fn new(bytes: Vec<u8>) -> Result<Self> {
        let digest = digest(&SHA256, &bytes);
        let mut tag = String::from("\"");
        for byte in digest.as_ref().iter().take(12) {
            write!(tag, "{byte:02x}").map_err(Error::internal)?;
        }
        tag.push('"');
        Ok(Self {
            bytes: bytes.into(),
            tag: tag.try_into().map_err(Error::internal)?,
        })
    }
}

fn compressed(body: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    io::Write::write_all(&mut encoder, body)?;
    encoder.finish()
}

/// A reply that is already rendered.
pub(super) struct Ready(Response);

impl Output for Ready {
    fn render(self) -> Response {
        self.0
    }

    fn describe(operation: &mut Operation) {
        operation.empty_reply(StatusCode::OK, "The document.");
    }
}

/// Whether the client accepts gzip, and the entity tags of the representations that it already has.
pub(super) struct Wanted {
    gzip: bool,
    known: Vec<HeaderValue>,
}

impl Wanted {
    /// Whether the client has the representation with this tag. Tags are compared with the weak comparison function
    /// (RFC 9110, section 13.1.2).
    fn has(&self, tag: &HeaderValue) -> bool {
        let known = self.known.iter().filter_map(|value| value.to_str().ok());
        let mut known = known.flat_map(|value| value.split(',')).map(str::trim);
        known.any(|known| known == "*" || known.trim_start_matches("W/").as_bytes() == tag)
    }
}

impl<S: Sync> Input<S> for Wanted {
    async fn take(_: &S, request: &mut Request) -> Result<Self> {
        let headers = request.headers();
        Ok(Self {
            gzip: accepts_gzip(headers),
            known: headers
                .get_all(IF_NONE_MATCH)
                .into_iter()
                .cloned()
                .collect(),
        })
    }
}

/// Whether a client with these headers can read gzip (RFC 9110, section 12.5.3). An explicitly listed coding takes
/// precedence over `*`.
fn accepts_gzip(headers: &HeaderMap) -> bool {
    let values = headers.get_all(ACCEPT_ENCODING).into_iter();
    let values = values.filter_map(|value| value.to_str().ok());
    let (mut named, mut any) = (None, None);
    for part in values.flat_map(|value| value.split(',')) {
        let (coding, parameters) = part.split_once(';').unwrap_or((part, ""));
        let accepted = !is_zero(parameters);
        match coding.trim().to_ascii_lowercase().as_str() {
            "gzip" | "x-gzip" => named = Some(accepted),
            "*" => any = Some(accepted),
            _ => {}
        }
    }
    named.or(any).unwrap_or(false)
}

/// Whether a coding's parameters give it the weight 0.
fn is_zero(parameters: &str) -> bool {
    parameters.split(';').any(|parameter| {
        let weight = parameter.trim().to_ascii_lowercase();
        let weight = weight
            .strip_prefix("q=")
            .and_then(|weight| weight.parse().ok());
        weight.is_some_and(|weight: f32| weight <= 0.0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepts(value: &str) -> bool {
        let value = HeaderValue::from_str(value).expect("a header");
        accepts_gzip(&HeaderMap::from_iter([(ACCEPT_ENCODING, value)]))
    }

    #[test]
    fn gzip_is_for_clients_that_accept_it() {
        for value in ["gzip", "br, GZIP;q=0.5", "x-gzip", "*", "*;q=0, gzip"] {
            assert!(accepts(value), "{value}");
        }
        for value in [
            "",
            "br",
            "gzip;q=0",
            "*;q=0.0",
            "gzip; q=0.000, *",
            "identity",
        ] {
            assert!(!accepts(value), "{value}");
        }
        assert!(!accepts_gzip(&HeaderMap::new()));
    }

    #[test]
    fn a_client_that_has_the_form_is_not_sent_it_again() {
        let kept = Kept::new("text/plain", vec![b'a'; 1000], []).expect("kept");
        let wanted = |gzip, known: &[&'static str]| Wanted {
            gzip,
            known: known
                .iter()
                .copied()
                .map(HeaderValue::from_static)
                .collect(),
        };
        let first = kept.reply(&wanted(true, &[])).0;
        assert_eq!(first.status(), 200);
        assert!(first.body().len() < 100);
        let tag = first.headers()[ETAG].to_str().expect("text");
        let plain = kept.reply(&wanted(false, &[])).0;
        assert_ne!(plain.headers()[ETAG], tag);
        assert_eq!(plain.body().len(), 1000);

        let lists = [
            tag.to_owned(),
            format!("W/{tag}"),
            format!("\"x\", {tag}"),
            "*".to_owned(),
        ];
        for list in lists {
            let known = vec![HeaderValue::try_from(&list).expect("a header")];
            let again = kept
                .reply(&Wanted {
                    gzip: true,
                    known: known.clone(),
                })
                .0;
            assert_eq!(again.status(), 304, "{list}");
            assert!(again.body().is_empty() && again.headers().contains_key(ETAG));
            if list != "*" {
                let other = kept.reply(&Wanted { gzip: false, known }).0;
                assert_eq!(other.status(), 200, "{list}");
            }
        }
    }
}
