use std::sync::Arc;

use actix_web::{
    HttpRequest, HttpResponse,
    guard::fn_guard,
    web::{self, Payload, ServiceConfig},
};

use super::head::{parts, reply};
use crate::{
    auth::Endpoints,
    http::{Problem, Resource, Resources},
};

/// The endpoints as a configuration of an `App` or a `Scope`: whole, or with rows left out.
///
/// ```
/// # fn api(auth: &hallpass::Auth) -> actix_web::Scope {
/// actix_web::web::scope("/api").configure(hallpass::actix::configure(auth))
/// # }
/// ```
pub fn configure(
    endpoints: impl Into<Endpoints>,
) -> impl FnOnce(&mut ServiceConfig) + Clone + Send + 'static {
    mount(Arc::new(endpoints.into().into_resources()))
}

/// The resources as a configuration of an `App` or a `Scope`.
pub(crate) fn mount(
    resources: Arc<Resources>,
) -> impl FnOnce(&mut ServiceConfig) + Clone + Send + 'static {
    move |config| {
        for resource in resources.iter() {
            let (asked, served) = (Arc::clone(resource), Arc::clone(resource));
            // actix decodes escapes before it matches; only the raw path is meant.
            let raw = fn_guard(move |context| asked.matches(context.head().uri.path()));
            let answer = move |request: HttpRequest, body: Payload| {
                let resource = Arc::clone(&served);
                async move { serve(&resource, &request, body).await }
            };
            config.service(web::resource(resource.path()).guard(raw).to(answer));
        }
    }
}

async fn serve(resource: &Resource, request: &HttpRequest, body: Payload) -> HttpResponse {
    reply(match parts(request) {
        Ok(head) => resource.serve(head, request.peer_addr(), body).await,
        Err(error) => Problem::from(error).to_response(),
    })
}
