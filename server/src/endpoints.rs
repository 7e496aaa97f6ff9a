//! The endpoints that both servers mount.

use hallpass::{Auth, endpoints::Endpoints};

use crate::Settings;

/// The endpoints that the settings ask for.
pub(crate) fn endpoints(auth: &Auth, settings: &Settings) -> Endpoints {
    let endpoints = auth.endpoints();
    let endpoints = match settings.browser {
        true => endpoints.with_browser(),
        false => endpoints,
    };
    endpoints.with_docs().with_pages()
}
