//! Prints the size of an object: `cargo run -- PROFILE s3://BUCKET/KEY`

#![forbid(unsafe_code)]

use std::error::Error;
use std::sync::Arc;

use object_store::ObjectStoreExt as _;
use object_store::aws::AwsCredential;
use polars_error::{PolarsError, PolarsResult};
use polars_io::cloud::credential_provider::{ObjectStoreCredential, PlCredentialProvider};
use polars_io::cloud::{CloudOptions, build_object_store};
use sso_provider::CredentialsCache;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [profile, url] = arguments.as_slice() else {
        return Err("the arguments are PROFILE s3://BUCKET/KEY".into());
    };
    let provider = credential_provider(sso_provider::from_profile(profile).await?);
    let options = CloudOptions::default().with_credential_provider(Some(provider));
    // A scan takes the options as `cloud_options`, for example in `ScanArgsParquet`.
    let (location, store) = build_object_store(url.as_str().into(), Some(&options), false).await?;
    let store = store.to_dyn_object_store().await;
    println!("{} bytes", store.head(&location.prefix.into()).await?.size);
    Ok(())
}

fn credential_provider(cache: CredentialsCache) -> PlCredentialProvider {
    PlCredentialProvider::from_func(move || {
        let cache = cache.clone();
        // Polars requires a future that is Sync, such as the handle of a task.
        let task = tokio::spawn(async move { credential(&cache).await });
        Box::pin(async move { task.await.map_err(polars_error)? })
    })
}

async fn credential(cache: &CredentialsCache) -> PolarsResult<(ObjectStoreCredential, u64)> {
    let credentials = cache.retrieve().await.map_err(polars_error)?;
    let credential = AwsCredential {
        key_id: credentials.access_key_id().to_owned(),
        secret_key: credentials.secret_access_key().expose_secret().to_owned(),
        token: Some(credentials.session_token().expose_secret().to_owned()),
    };
    // Polars uses a credential until this time. With 0 it calls this function before each request,
    // and the cache renews the credentials before they expire.
    Ok((ObjectStoreCredential::Aws(Arc::new(credential)), 0))
}

/// If a login is needed, the message contains the command.
fn polars_error(error: impl Error) -> PolarsError {
    PolarsError::ComputeError(error.to_string().into())
}
