//! [`RequireRole`], [`RequirePermission`] and [`RequireStepUp`] as actix-web middleware.

use std::{
    future::{Future, Ready, ready},
    pin::Pin,
    rc::Rc,
};

use ::actix_web::{
    Error, HttpMessage as _,
    body::{EitherBody, MessageBody},
    dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready},
};

use super::{
    extract::look,
    head::{parts, reply},
};
use crate::{
    auth::guard::{Admitted, Guard, RequirePermission, RequireRole, RequireStepUp},
    http::{Problem, Response},
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
                Err(response) => Ok(request.into_response(reply(response)).map_into_right_body()),
            }
        })
    }
}

async fn admit(guard: &Guard, request: &ServiceRequest) -> Result<Option<Admitted>, Response> {
    look(request.request());
    let head = parts(request.request()).map_err(|error| Problem::from(error).to_response())?;
    let known = request.extensions().get::<Admitted>().cloned();
    guard
        .admit(&head.method, &head.headers, known.as_ref())
        .await
        .map_err(|error| guard.refuse((&head.method, &head.uri, &head.headers), error))
}
