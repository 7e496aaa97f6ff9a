//! A callback that observes statements.

use std::{fmt, sync::Arc};

use sea_orm::Statement;

/// A callback that receives each statement.
#[derive(Clone)]
pub(super) struct Watch(Arc<dyn Fn(&Statement) + Send + Sync>);

impl Watch {
    pub(super) fn new(watch: impl Fn(&Statement) + Send + Sync + 'static) -> Self {
        Self(Arc::new(watch))
    }

    pub(super) fn note(watch: Option<&Self>, statement: &Statement) {
        if let Some(Self(watch)) = watch {
            watch(statement);
        }
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watch")
    }
}
