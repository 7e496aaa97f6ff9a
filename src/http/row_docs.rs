//! What the documentation says about a row of the contract.

use crate::error::ErrorKind;

/// What is said about a row.
#[derive(Clone, Debug, Default)]
pub(crate) struct Docs {
    pub(crate) tag: &'static str,
    pub(crate) summary: &'static str,
    pub(crate) description: &'static str,
    pub(crate) errors: Vec<ErrorKind>,
}
