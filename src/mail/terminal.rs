//! A mailer that prints emails, for development.

use std::io::{self, Write as _};

use async_trait::async_trait;

use super::{Mail, MailError, Mailer};

/// Prints emails, including their links, to standard output, for development.
#[derive(Clone, Copy, Debug, Default)]
#[allow(clippy::exhaustive_structs, reason = "there is nothing to add to it")]
pub struct TerminalMailer;

#[async_trait]
impl Mailer for TerminalMailer {
    async fn send(&self, mail: &Mail) -> Result<(), MailError> {
        // A single write ensures that the lines of two emails are not mixed.
        let mut stdout = io::stdout().lock();
        stdout
            .write_all(print(mail).as_bytes())
            .and_then(|()| stdout.flush())
            .map_err(MailError::transient)
    }
}

fn print(mail: &Mail) -> String {
    format!(
        "--- mail ---\nTo: {}\nSubject: {}\n\n{}\n--- end ---\n",
        mail.to(),
        mail.subject(),
        mail.text().trim_end()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clock::{Clock as _, SystemClock},
        mail::{Content, IntentId},
    };

    #[tokio::test]
    async fn the_text_is_printed_with_its_recipient() {
        let now = SystemClock.now();
        let content = Content {
            subject: "Hello\r\nBcc: x@y.org".to_owned(),
            text: "A link:\nhttp://localhost/?token=T\n".to_owned(),
            html: "<p>unused</p>".to_owned(),
        };
        let to = "ann@example.org".parse().unwrap();
        let mail = Mail::new(IntentId::new(now), now, to, content);
        let expected = "--- mail ---\nTo: ann@example.org\nSubject: Hello  Bcc: x@y.org\n\n\
                        A link:\nhttp://localhost/?token=T\n--- end ---\n";
        assert_eq!(print(&mail), expected);
        TerminalMailer.send(&mail).await.unwrap();
        assert!(!format!("{mail:?}").contains("token"));
    }
}
