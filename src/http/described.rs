//! The trait bound of request and reply types. With the feature `openapi`, these types must have a
//! schema.

/// A type with a schema. Without the feature `openapi`, every type counts as having one.
#[cfg(feature = "openapi")]
pub trait Described: utoipa::ToSchema {}

#[cfg(feature = "openapi")]
impl<T: utoipa::ToSchema> Described for T {}

/// A type with a schema. Without the feature `openapi`, every type counts as having one.
#[cfg(not(feature = "openapi"))]
pub trait Described {}

#[cfg(not(feature = "openapi"))]
impl<T> Described for T {}
