//! `/console/status`: the state of the service.

use minijinja::{Value, context};

use super::{
    super::{
        super::{Pages, frame::Frame, texts::StateTexts},
        row::Row,
    },
    figures::grouped,
    head,
};
use crate::{error::Result, feature::admin::ServiceStatus, http::Html, mail::moment};

impl Pages {
    /// `console/status`.
    pub(crate) fn status(&self, frame: &Frame<'_>, status: &ServiceStatus) -> Result<Html> {
        let console = &self.texts(frame.language).console;
        let own = &console.state;
        let dangers = status.dangers.iter().map(|danger| danger.as_str());
        let sections = [
            (&own.service, service(own, frame, status)),
            (&own.passwords, passwords(own, frame, status)),
            (&own.mails, {
                let texts = &console.figures;
                let condition = &status.condition;
                let count = |count| grouped(count, frame.language);
                let oldest = condition
                    .oldest_pending
                    .map(|at| moment(at, &frame.locale()));
                vec![
                    row(&texts.pending_mails, &count(condition.pending_mails)),
                    row(&own.oldest, oldest.as_deref().unwrap_or(&console.none)),
                    row(&texts.dead_mails, &count(condition.dead_mails)),
                ]
            }),
            (&own.keys, keys(own, frame, status)),
        ];
        let sections = sections.into_iter().map(|(title, rows)| {
            let rows: Vec<Value> = rows.into_iter().map(Row::value).collect();
            context! { title, rows }
        });
        let v = context! {
            dangers => dangers.collect::<Vec<&str>>(),
            not_writable => (!status.accepts_writes).then_some(&own.not_writable),
            sections => sections.collect::<Vec<Value>>(),
        };
        self.layout.render(
            "console-status.html",
            &head(frame, &console.status, false),
            v,
        )
    }
}

fn row(name: &str, value: &str) -> Row {
    Row::new(name.to_owned()).value_of(value)
}

fn service(own: &StateTexts<String>, frame: &Frame<'_>, status: &ServiceStatus) -> Vec<Row> {
    let migration = match &status.condition.migration {
        Some(migration) => {
            let at = moment(migration.applied_at, &frame.locale());
            row(&own.migration, &migration.name).hint(own.applied.replace("{at}", &at))
        }
        None => row(&own.migration, &own.no_migration),
    };
    let version = row(&own.version, status.version);
    match status.accepts_writes {
        true => vec![version, row(&own.database, &own.writable), migration],
        // The top of the page says so.
        false => vec![version, migration],
    }
}

fn passwords(own: &StateTexts<String>, frame: &Frame<'_>, status: &ServiceStatus) -> Vec<Row> {
    let load = status.hashing;
    let of = |count: usize, most: usize| {
        let text = own.of.replace("{count}", &count.to_string());
        text.replace("{most}", &most.to_string())
    };
    vec![
        row(&own.computing, &of(load.taken, load.permits)),
        row(&own.waiting, &of(load.waiting, load.queue)),
        row(&own.refused, &grouped(load.refused, frame.language)).hint(own.since_start.clone()),
    ]
}

fn keys(own: &StateTexts<String>, frame: &Frame<'_>, status: &ServiceStatus) -> Vec<Row> {
    let keys = status.keys.iter().enumerate();
    keys.map(|(index, key)| {
        let row = match index {
            0 => row(&key.id, &own.signs),
            _ => row(&key.id, &own.verifies),
        };
        match key.first_used_at {
            Some(at) => {
                let at = moment(at, &frame.locale());
                row.hint(own.in_use_since.replace("{at}", &at))
            }
            None => row,
        }
    })
    .collect()
}
