//! The log on standard error.

mod audit;
mod json;
mod line;
mod text;

use std::io::{self, IsTerminal as _, Write as _};

use tracing::{
    Event, Level, Subscriber,
    span::{Attributes, Id, Record},
};
use tracing_subscriber::{
    filter::{LevelFilter, Targets},
    fmt::{
        format::Writer,
        time::{FormatTime as _, SystemTime},
    },
    layer::{Context, Layer, SubscriberExt as _},
    registry::LookupSpan,
    util::SubscriberInitExt as _,
};

use self::line::{Fields, Line};

/// How log lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum LogFormat {
    Text,
    Json,
}

/// Starts the log.
pub(crate) fn start(format: LogFormat) {
    let log = Log {
        format,
        has_colours: io::stderr().is_terminal(),
        // If standard error cannot be written, there is nowhere left to report that.
        write: |line: &str| drop(io::stderr().write_all(line.as_bytes())),
    };
    tracing_subscriber::registry()
        .with(levels())
        .with(log)
        .init();
    if format == LogFormat::Json {
        // A panic message would be the only line that is not an object.
        std::panic::set_hook(Box::new(|panic| tracing::error!("{panic}")));
    }
}

/// The log filter in RUST_LOG, or INFO if it is not set.
fn levels() -> Targets {
    // This target logs every unreadable request as an error.
    const DISPATCHER: &str = "actix_http::h1::dispatcher";
    let given = std::env::var("RUST_LOG").ok();
    let levels = given
        .as_deref()
        .and_then(|levels| levels.parse().ok())
        .unwrap_or_else(|| Targets::new().with_default(Level::INFO));
    match given.is_some_and(|levels| levels.contains(DISPATCHER)) {
        true => levels,
        false => levels.with_target(DISPATCHER, LevelFilter::OFF),
    }
}

/// Writes one line for each event.
struct Log<W> {
    format: LogFormat,
    has_colours: bool,
    write: W,
}

impl<S, W> Layer<S> for Log<W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: Fn(&str) + 'static,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Fields>()
        {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let line = Line::of(event, &context);
        let mut written = match self.format {
            LogFormat::Text => text::write(&line, &now(), self.has_colours),
            LogFormat::Json => json::write(&line, &now()),
        };
        written.push('\n');
        (self.write)(&written);
    }
}

fn now() -> String {
    let mut time = String::new();
    // Writing to a string cannot fail.
    SystemTime.format_time(&mut Writer::new(&mut time)).ok();
    time
}

#[cfg(test)]
mod tests;
