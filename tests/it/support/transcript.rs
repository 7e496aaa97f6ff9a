//! The whole output of a process, and the search for secrets in it.

use std::{
    error::Error,
    fmt::{Debug, Write as _},
    sync::{
        Mutex, Once, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use base64::{Engine as _, engine::general_purpose};
use hallpass::secret::TokenDigest;
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span,
    subscriber::Interest,
};

static IS_ON: AtomicBool = AtomicBool::new(false);
static SAID: Mutex<String> = Mutex::new(String::new());

/// Records every event and span of the process from here on, of all targets and levels. This includes concurrent tests.
pub(crate) fn start() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        tracing::subscriber::set_global_default(Recorder::default()).expect("no other subscriber");
    });
    IS_ON.store(true, Ordering::SeqCst);
}

pub(crate) fn end() -> String {
    IS_ON.store(false, Ordering::SeqCst);
    std::mem::take(&mut *SAID.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Adds both forms of an error, and both forms of all its sources.
pub(crate) fn error(error: &(dyn Error + 'static)) {
    let mut next = Some(error);
    while let Some(error) = next {
        say(&format!("{error}"));
        debug(&error);
        next = error.source();
    }
}

pub(crate) fn debug(value: &dyn Debug) {
    say(&format!("{value:?} {value:#?}"));
}

/// Adds output that is not in the logs.
pub(crate) fn say(text: &str) {
    let mut said = SAID.lock().unwrap_or_else(PoisonError::into_inner);
    said.push_str(text);
    said.push('\n');
}

/// The secrets, in every form in which they could appear.
#[derive(Default)]
pub(crate) struct Unsayable(Vec<(String, String)>);

impl Unsayable {
    pub(crate) fn add(&mut self, what: &str, text: &str) {
        assert!(text.len() >= 8, "{what} is too short to be looked for");
        self.0.push((what.to_owned(), text.to_owned()));
        self.bytes(what, text.as_bytes());
    }

    /// A token, its parts and its digest.
    pub(crate) fn token(&mut self, what: &str, token: &str) {
        self.add(what, token);
        for part in token.split('.').filter(|part| part.len() > 40) {
            self.add(what, part);
        }
        // A JWT may hold `t_` anywhere.
        let prefix = token.split_once("t_");
        if let Some((_, body)) = prefix.filter(|(kind, _)| kind.len() <= "hp_r".len()) {
            self.add(what, body);
        }
        self.bytes(
            &format!("the digest of {what}"),
            TokenDigest::of(token).as_bytes(),
        );
    }

    /// A PHC string, its salt and its hash.
    pub(crate) fn phc(&mut self, phc: &str) {
        self.add("a PHC string", phc);
        for part in phc.rsplit('$').take(2) {
            self.add("a part of a PHC string", part);
        }
    }

    pub(crate) fn bytes(&mut self, what: &str, bytes: &[u8]) {
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let list = format!("{:?}", &bytes[..bytes.len().min(8)]);
        for form in [
            hex.to_uppercase(),
            hex,
            general_purpose::STANDARD_NO_PAD.encode(bytes),
            general_purpose::URL_SAFE_NO_PAD.encode(bytes),
            list.trim_end_matches(']').to_owned(),
        ] {
            self.0.push((what.to_owned(), form));
        }
    }

    /// The finding with its context.
    pub(crate) fn found_in(&self, said: &str) -> Vec<String> {
        let found = self.0.iter().filter_map(|(what, text)| {
            let at = said.find(text)?;
            let line = said[..at].rfind('\n').map_or(0, |end| end + 1);
            let end = said[at..].find('\n').map_or(said.len(), |end| at + end);
            Some(format!("{what}: {}", &said[line..end]))
        });
        found.collect()
    }
}

#[derive(Default)]
struct Recorder(AtomicU64);

impl Subscriber for Recorder {
    fn register_callsite(&self, _: &'static Metadata<'static>) -> Interest {
        Interest::sometimes()
    }

    fn enabled(&self, _: &Metadata<'_>) -> bool {
        IS_ON.load(Ordering::Relaxed)
    }

    fn new_span(&self, span: &span::Attributes<'_>) -> span::Id {
        let mut line = Line::new(span.metadata());
        span.record(&mut line);
        say(&line.0);
        span::Id::from_u64(self.0.fetch_add(1, Ordering::Relaxed) + 1)
    }

    fn record(&self, _: &span::Id, values: &span::Record<'_>) {
        let mut line = Line(String::new());
        values.record(&mut line);
        say(&line.0);
    }

    fn event(&self, event: &Event<'_>) {
        let mut line = Line::new(event.metadata());
        event.record(&mut line);
        say(&line.0);
    }

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

struct Line(String);

impl Line {
    fn new(metadata: &Metadata<'_>) -> Self {
        Self(format!(
            "{} {} {}",
            metadata.level(),
            metadata.target(),
            metadata.name()
        ))
    }
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {field}={value:?}").ok();
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        write!(self.0, " {field}={value}").ok();
        let mut next = Some(value);
        while let Some(error) = next {
            write!(self.0, " {error} {error:?}").ok();
            next = error.source();
        }
    }
}
