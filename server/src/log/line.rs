//! The parts of a log line.

use std::{error::Error, fmt};

use serde_json::Value;
use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{layer::Context, registry::LookupSpan};

use super::audit;

/// An event, together with the request that it belongs to.
pub(super) struct Line {
    pub(super) level: Level,
    pub(super) target: &'static str,
    pub(super) message: String,
    pub(super) request_id: Option<String>,
    /// The fields of the event, then those of its spans. Of two fields with the same name, the first counts.
    pub(super) fields: Vec<(&'static str, Value)>,
}

impl Line {
    pub(super) fn of<S>(event: &Event<'_>, context: &Context<'_, S>) -> Self
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let mut own = Fields::default();
        event.record(&mut own);
        let message = own.take("message").unwrap_or_default();
        let mut request_id = own.take("request_id");
        for span in context.event_scope(event).into_iter().flatten() {
            let extensions = span.extensions();
            let Some(Fields(fields)) = extensions.get() else {
                continue;
            };
            let is_request =
                span.name() == "request" && span.metadata().target().starts_with("hallpass");
            for (name, value) in fields {
                if is_request && *name == "id" {
                    request_id.get_or_insert_with(|| plain(value));
                } else if own.find(name).is_none() {
                    own.0.push((name, value.clone()));
                }
            }
        }
        let metadata = event.metadata();
        let mut line = Self {
            level: *metadata.level(),
            target: metadata.target(),
            message,
            request_id,
            fields: own.0,
        };
        if line.target == audit::TARGET {
            audit::explain(&mut line);
        }
        line
    }

    pub(super) fn field(&self, name: &str) -> Option<&Value> {
        find(&self.fields, name)
    }
}

/// Fields by name.
#[derive(Default)]
pub(super) struct Fields(Vec<(&'static str, Value)>);

impl Fields {
    fn find(&self, name: &str) -> Option<&Value> {
        find(&self.0, name)
    }

    fn take(&mut self, name: &str) -> Option<String> {
        let index = self.0.iter().position(|(known, _)| *known == name)?;
        Some(plain(&self.0.remove(index).1))
    }

    fn put(&mut self, field: &Field, value: impl Into<Value>) {
        self.0.retain(|(known, _)| *known != field.name());
        self.0.push((field.name(), value.into()));
    }
}

fn find<'a>(fields: &'a [(&'static str, Value)], name: &str) -> Option<&'a Value> {
    let found = fields.iter().find(|(known, _)| *known == name);
    found.map(|(_, value)| value)
}

/// A text without quotes; any other value as JSON.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    }
}

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value);
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        let mut text = value.to_string();
        let mut source = value.source();
        while let Some(error) = source {
            text.push_str(": ");
            text.push_str(&error.to_string());
            source = error.source();
        }
        self.put(field, text);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format!("{value:?}"));
    }
}
