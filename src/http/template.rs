//! Path patterns such as `/users/me/sessions/{id}`, matched against the raw path.
//!
//! Servers decode paths differently before they match them (one of them even decodes `%75` to `u`). Their matches are
//! therefore checked again here on the raw text. Parameters are taken from that text and decoded here.

use std::cmp::Ordering;

use crate::{
    error::{Error, Result},
    percent,
};

#[derive(Debug)]
pub(crate) struct Template {
    path: &'static str,
    segments: Vec<Segment>,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Segment {
    /// This variant sorts first, because a literal pattern takes precedence over a pattern with parameters.
    Literal(&'static str),
    Param(&'static str),
}

impl Template {
    /// # Errors
    /// `Configuration` if the path is neither `/` nor a sequence of `/literal` and `/{parameter}`.
    pub(crate) fn new(path: &'static str) -> Result<Self> {
        if path == "/" {
            return Ok(Self {
                path,
                segments: vec![Segment::Literal("")],
            });
        }
        let wrong = || Error::configuration(format!("the path `{path}` is not a pattern"));
        let segments = path.strip_prefix('/').ok_or_else(wrong)?.split('/');
        let segments = segments.map(Segment::new).collect::<Option<_>>();
        Ok(Self {
            path,
            segments: segments.ok_or_else(wrong)?,
        })
    }

    pub(crate) fn path(&self) -> &'static str {
        self.path
    }

    /// The names of the parameters, left to right.
    #[cfg(feature = "openapi")]
    pub(crate) fn param_names(&self) -> impl Iterator<Item = &'static str> {
        self.segments.iter().filter_map(|segment| match segment {
            Segment::Literal(_) => None,
            Segment::Param(name) => Some(*name),
        })
    }

    /// Whether the raw path ends with a match of this pattern. The part before it is the host's mount point.
    pub(crate) fn matches(&self, raw_path: &str) -> bool {
        self.raw_params(raw_path).is_some()
    }

    /// The decoded parameters; `None` if the path does not match, has a broken escape, or contains an encoded control
    /// character.
    pub(crate) fn params(&self, raw_path: &str) -> Option<Vec<String>> {
        let decode =
            |raw: &str| percent::decode(raw).filter(|param| !param.contains(char::is_control));
        self.raw_params(raw_path)?.into_iter().map(decode).collect()
    }

    /// The part of a matching raw path that comes before this pattern: the host's mount point.
    pub(crate) fn before<'a>(&self, raw_path: &'a str) -> Option<&'a str> {
        self.take_apart(raw_path).map(|(before, _)| before)
    }

    fn raw_params<'a>(&self, raw_path: &'a str) -> Option<Vec<&'a str>> {
        self.take_apart(raw_path).map(|(_, params)| params)
    }

    fn take_apart<'a>(&self, raw_path: &'a str) -> Option<(&'a str, Vec<&'a str>)> {
        let mut rest = raw_path;
        let mut params = Vec::new();
        for segment in self.segments.iter().rev() {
            let (before, raw) = rest.rsplit_once('/')?;
            rest = before;
            match segment {
                Segment::Literal(literal) if *literal != raw => return None,
                Segment::Literal(_) => {}
                Segment::Param(_) if raw.is_empty() => return None,
                Segment::Param(_) => params.push(raw),
            }
        }
        params.reverse();
        Some((rest, params))
    }

    /// Orders patterns by precedence, for servers that take the first match.
    pub(crate) fn precedence(&self, other: &Self) -> Ordering {
        self.segments.cmp(&other.segments)
    }

    /// Whether both patterns match the same paths.
    pub(crate) fn same_shape(&self, other: &Self) -> bool {
        self.segments.len() == other.segments.len()
            && self
                .segments
                .iter()
                .zip(&other.segments)
                .all(|pair| match pair {
                    (Segment::Literal(one), Segment::Literal(two)) => one == two,
                    (Segment::Param(_), Segment::Param(_)) => true,
                    _ => false,
                })
    }
}

impl Segment {
    fn new(text: &'static str) -> Option<Self> {
        let is_word = |word: &str, extra: &[u8]| {
            !word.is_empty()
                && word
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || extra.contains(&b))
        };
        match text
            .strip_prefix('{')
            .and_then(|text| text.strip_suffix('}'))
        {
            Some(name) => is_word(name, b"_").then_some(Self::Param(name)),
            None => is_word(text, b"._-").then_some(Self::Literal(text)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Template;

    fn template(path: &'static str) -> Template {
        Template::new(path).expect("the pattern is sound")
    }

    #[test]
    fn parameters_are_decoded_from_the_end_of_the_raw_path() {
        let template = template("/a/{x}/b/{y}");
        for path in ["/a/1/b/%2F%C3%A9", "/api/v1/a/1/b/%2F%C3%A9"] {
            assert_eq!(
                template.params(path),
                Some(vec!["1".to_owned(), "/é".to_owned()])
            );
        }
        assert_eq!(template.before("/api/v1/a/1/b/2"), Some("/api/v1"));
        assert_eq!(template.before("/a/1/b/2"), Some(""));
        assert_eq!(template.before("/a/1/c/2"), None);
    }

    #[test]
    fn only_the_raw_literal_matches() {
        let template = template("/users/me");
        for path in [
            "/users/me/",
            "/users/%6De",
            "/users//me",
            "/Users/me",
            "/me",
            "users/me",
            "",
        ] {
            assert!(!template.matches(path), "{path}");
        }
    }

    #[test]
    fn root_matches_the_mount_point() {
        let template = template("/");
        assert_eq!(template.before("/"), Some(""));
        assert_eq!(template.before("/api/"), Some("/api"));
        assert!(!template.matches("/api"));
    }

    #[test]
    fn broken_escapes_and_control_characters_name_nothing() {
        let template = template("/a/{x}");
        for path in ["/a/%zz", "/a/%ff", "/a/%00", "/a/x%0A", "/a/"] {
            assert_eq!(template.params(path), None, "{path}");
        }
    }

    #[test]
    fn literals_come_before_parameters() {
        let mut templates = [template("/a/{x}"), template("/a/b/{y}"), template("/a/b")];
        templates.sort_by(Template::precedence);
        assert_eq!(templates.map(|t| t.path()), ["/a/b", "/a/b/{y}", "/a/{x}"]);
    }

    #[test]
    fn paths_that_are_no_patterns_are_refused() {
        for path in [
            "", "a", "//", "/a/", "/a//b", "/{}", "/{x", "/a{x}", "/{*x}", "/ä", "/a b",
        ] {
            assert!(Template::new(path).is_err(), "{path}");
        }
    }
}
