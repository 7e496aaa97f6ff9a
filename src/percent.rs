//! Percent-encoding (RFC 3986, section 2.1). Decoding refuses invalid escapes instead of passing them on.

#![cfg_attr(
    not(feature = "http"),
    allow(dead_code, reason = "requests are decoded")
)]

/// The text with everything encoded except unreserved characters.
pub(crate) fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(byte.into());
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// Decodes one path segment; `None` if an escape is broken or the bytes are not UTF-8.
pub(crate) fn decode(text: &str) -> Option<String> {
    decode_bytes(text, false)
}

/// Decodes one part of a query, where `+` is a space.
pub(crate) fn decode_form(text: &str) -> Option<String> {
    decode_bytes(text, true)
}

fn decode_bytes(text: &str, plus_is_space: bool) -> Option<String> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => hex(bytes.next()?)? << 4 | hex(bytes.next()?)?,
            b'+' if plus_is_space => b' ',
            other => other,
        });
    }
    String::from_utf8(decoded).ok()
}

fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{decode, decode_form, encoded};

    #[test]
    fn encoded_text_is_decoded_again() {
        for text in ["", "a-b._~", "/ä?&=+ %", "\u{0}\u{10ffff}"] {
            let encoded = encoded(text);
            assert!(encoded.is_ascii() && !encoded.contains([' ', '+', '&', '/']));
            assert_eq!(decode(&encoded).as_deref(), Some(text));
        }
    }

    #[test]
    fn escapes_are_decoded_in_either_case() {
        assert_eq!(decode("a%2Fb%c3%A9+").as_deref(), Some("a/bé+"));
        assert_eq!(decode_form("a+b%2B").as_deref(), Some("a b+"));
    }

    #[test]
    fn broken_escapes_and_broken_utf8_are_refused() {
        for text in ["%", "%2", "%zz", "%+1", "%ff", "%c3", "a%C0%AFb"] {
            assert_eq!(decode(text), None, "{text}");
        }
    }
}
