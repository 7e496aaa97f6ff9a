//! The source format of a letter.

use crate::error::{Error, Result};

/// The source of a letter: a subject and paragraphs.
///
/// The first line is the subject. Paragraphs are separated by empty lines, and the lines of a paragraph are joined. A
/// paragraph in brackets is the link, and its text is the button label.
#[derive(Clone, Debug)]
pub(super) struct Source {
    pub(super) subject: String,
    pub(super) parts: Vec<Part>,
}

#[derive(Clone, Debug)]
pub(super) enum Part {
    Action(String),
    Paragraph(String),
}

impl Source {
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) if the text has no subject or no paragraph.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let mut lines = text.lines().map(str::trim);
        let subject = lines.next().unwrap_or_default().to_owned();
        let lines: Vec<&str> = lines.collect();
        let parts: Vec<Part> = lines
            .split(|line| line.is_empty())
            .map(|lines| lines.join(" "))
            .filter(|paragraph| !paragraph.is_empty())
            .map(Part::new)
            .collect();
        if subject.is_empty() || parts.is_empty() {
            return Err(Error::configuration(
                "a letter needs a subject on its first line, and at least one paragraph",
            ));
        }
        Ok(Self { subject, parts })
    }

    pub(super) fn actions(&self) -> usize {
        self.parts
            .iter()
            .filter(|part| matches!(part, Part::Action(_)))
            .count()
    }
}

impl Part {
    fn new(paragraph: String) -> Self {
        match paragraph
            .strip_prefix('[')
            .and_then(|label| label.strip_suffix(']'))
        {
            Some(label) => Self::Action(label.to_owned()),
            None => Self::Paragraph(paragraph),
        }
    }
}
