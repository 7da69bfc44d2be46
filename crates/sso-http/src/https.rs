//! The HTTPS client, based on hyper and rustls. A tower service of `http::Request<RequestBody>`.

mod build_error;
mod builder;
mod classify;
mod client;
mod connector;
mod dial;
mod no_proxy;
mod pem;
mod platform_roots;
mod pool;
mod proxy;
mod trust;
mod tunnel;

pub use self::build_error::BuildError;
pub use self::builder::HttpsClientBuilder;
pub use self::client::{HttpsClient, HttpsFuture};
