//! Building the MIME message.

use std::time::{Duration, SystemTime};

use lettre::{
    Address, Message,
    address::Envelope,
    message::{
        Body, Mailbox, MultiPart, SinglePart,
        header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue},
    },
};

use super::super::{Mail, Sender};
use crate::{
    clock::Timestamp,
    error::{Error, Result},
    user::EmailAddress,
};

/// The longest line, in bytes (RFC 5322 section 2.1.1).
const MAX_LINE: usize = 998;

/// The email as it is sent. The address types make a second recipient or an injected header
/// impossible.
pub(super) fn build(mail: &Mail, sender: &Sender) -> Result<Message> {
    let (from, to) = (mailbox(sender)?, recipient(mail.to())?);
    let envelope =
        Envelope::new(Some(from.email.clone()), vec![to.clone()]).map_err(Error::internal)?;
    let automatic = HeaderValue::new(
        HeaderName::new_from_ascii_str("Auto-Submitted"),
        "auto-generated".to_owned(),
    );
    Message::builder()
        .envelope(envelope)
        .date(date(mail.date()))
        .message_id(Some(format!("<{}@{}>", mail.id(), sender.domain())))
        .from(from)
        .to(Mailbox::new(None, to))
        .subject(mail.subject())
        // This header prevents out-of-office replies (RFC 3834).
        .raw_header(automatic)
        .multipart(
            MultiPart::alternative()
                .singlepart(part(ContentType::TEXT_PLAIN, mail.text())?)
                .singlepart(part(ContentType::TEXT_HTML, mail.html())?),
        )
        .map_err(Error::internal)
}

/// # Errors
/// If the name cannot be written into a header and read back.
pub(super) fn mailbox(sender: &Sender) -> Result<Mailbox> {
    let mailbox = Mailbox::new(
        sender.name().map(str::to_owned),
        Address::new_dangerous(sender.local(), sender.domain()),
    );
    match mailbox.to_string().parse::<Mailbox>() {
        Ok(_) => Ok(mailbox),
        Err(_) => Err(Error::configuration(format!(
            "the mail sender {sender} cannot be written into a header"
        ))),
    }
}

/// The local part as given, in UTF-8 if necessary, and the domain as A-labels, which every server supports.
fn recipient(email: &EmailAddress) -> Result<Address> {
    let split = |text| str::rsplit_once(text, '@').ok_or_else(|| Error::internal("no @"));
    let ((local, _), (_, domain)) = (split(email.as_str())?, split(email.canonical())?);
    Ok(Address::new_dangerous(local, domain))
}

/// Plain ASCII is left unchanged, and any other text is encoded as base64. Quoted-printable is not used, because it
/// breaks lines: a person who reads the source, or a mail program that decodes badly, would see a split link. A single
/// CR or LF becomes CRLF, because servers disagree on whether it ends a line, and therefore on
/// where the email ends. NUL is not allowed in an email (RFC 5322 section 2.3).
fn part(kind: ContentType, text: &str) -> Result<SinglePart> {
    let builder = SinglePart::builder().header(kind);
    let text = text
        .replace("\r\n", "\n")
        .replace(['\r', '\n'], "\r\n")
        .replace('\0', "\u{fffd}");
    let is_plain = text.is_ascii() && text.split("\r\n").all(|line| line.len() <= MAX_LINE);
    let body = if is_plain {
        Body::dangerous_pre_encoded(text.into_bytes(), ContentTransferEncoding::SevenBit)
    } else {
        // The body is passed as bytes, because base64 can encode any bytes.
        Body::new_with_encoding(text.into_bytes(), ContentTransferEncoding::Base64)
            .map_err(|_| Error::internal("a part of an email cannot be written as base64"))?
    };
    Ok(builder.body(body))
}

/// A header can only contain years from 1970 to 9999.
fn date(at: Timestamp) -> SystemTime {
    const LAST: u64 = 253_402_300_799;
    let seconds = u64::try_from(at.timestamp()).unwrap_or_default();
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds.min(LAST))
}
