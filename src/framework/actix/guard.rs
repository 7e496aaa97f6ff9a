//! [`RequireRole`], [`RequirePermission`] and [`RequireStepUp`] as actix-web middleware.

use std::{
    future::{Future, Ready, ready},
    pin::Pin,
    rc::Rc,
};

use ::actix_web::{
    Error, HttpMessage as _, ResponseError as _,
    body::{EitherBody, MessageBody},
    dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready},
};

use super::head::headers;
use crate::{
    auth::guard::{Admitted, Guard, RequirePermission, RequireRole, RequireStepUp},
    http::Problem,
};

macro_rules! middleware {
    ($($guard:ident)*) => {$(
        impl<S, B> Transform<S, ServiceRequest> for $guard
        where
            S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
            B: MessageBody + 'static,
        {
            type Response = ServiceResponse<EitherBody<B>>;
            type Error = Error;
            type Transform = Guarded<S>;
            type InitError = ();
            type Future = Ready<Result<Guarded<S>, ()>>;

            fn new_transform(&self, inner: S) -> Self::Future {
                let (guard, inner) = (self.0.clone(), Rc::new(inner));
                ready(Ok(Guarded { guard, inner }))
            }
        }
    )*};
}

middleware! { RequirePermission RequireRole RequireStepUp }

/// The service that [`RequireRole`], [`RequirePermission`] and [`RequireStepUp`] create.
#[derive(Debug)]
pub struct Guarded<S> {
    guard: Guard,
    inner: Rc<S>,
}

impl<S, B> Service<ServiceRequest> for Guarded<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Error>>>>;

    forward_ready!(inner);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let (guard, inner) = (self.guard.clone(), Rc::clone(&self.inner));
        Box::pin(async move {
            match admit(&guard, &request).await {
                Ok(admitted) => {
                    if let Some(admitted) = admitted {
                        request.extensions_mut().insert(admitted);
                    }
                    Ok(inner.call(request).await?.map_into_left_body())
                }
                Err(problem) => Ok(request
                    .into_response(problem.error_response())
                    .map_into_right_body()),
            }
        })
    }
}

async fn admit(guard: &Guard, request: &ServiceRequest) -> Result<Option<Admitted>, Problem> {
    let headers = headers(request.request())?;
    let known = request.extensions().get::<Admitted>().cloned();
    guard
        .admit(&headers, known.as_ref())
        .await
        .map_err(|error| Problem::answering(&headers, error))
}
