//! The documentation of an endpoint.

use crate::error::ErrorKind;

/// The texts about an endpoint and the errors of its use case.
#[derive(Clone, Debug, Default)]
pub(crate) struct Docs {
    pub(crate) tag: &'static str,
    pub(crate) summary: &'static str,
    pub(crate) description: &'static str,
    pub(crate) errors: Vec<ErrorKind>,
}
