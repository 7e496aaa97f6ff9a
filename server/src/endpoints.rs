//! The endpoints that both servers mount.

use hallpass::{Auth, endpoints::Endpoints};

use crate::{Settings, letters::preview};

/// The endpoints that the settings enable.
pub(crate) fn endpoints(auth: &Auth, settings: &Settings) -> Endpoints {
    let endpoints = documented(auth, settings);
    match endpoints.clone().with_rows(preview(auth, settings)) {
        Ok(endpoints) => endpoints,
        Err(error) => {
            tracing::error!(%error, "the preview of letters is left out");
            endpoints
        }
    }
}

fn documented(auth: &Auth, settings: &Settings) -> Endpoints {
    match settings.browser {
        true => auth
            .endpoints()
            .with_admin_pages()
            .with_start_page()
            .with_docs(),
        false => auth.endpoints().with_docs().with_pages(),
    }
}
