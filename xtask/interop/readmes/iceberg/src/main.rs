//! Prints the size of a table's file: `cargo run -- PROFILE s3://BUCKET/KEY`

#![forbid(unsafe_code)]

use std::sync::Arc;

use iceberg::io::FileIOBuilder;
use iceberg_storage_opendal::{CustomAwsCredentialLoader, OpenDalStorageFactory};
use reqsign_core::{Context, ProvideCredential as _};
use sso_reqsign::SsoCredentialProvider;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [profile, url] = arguments.as_slice() else {
        return Err("the arguments are PROFILE s3://BUCKET/KEY".into());
    };
    let provider = SsoCredentialProvider::from_profile(profile).await?;
    // Later errors only say that no credential was loaded. This call returns the reason.
    provider.provide_credential(&Context::new()).await?;
    let loader = CustomAwsCredentialLoader::new(provider);
    // A catalog accepts the same factory in `with_storage_factory`.
    let factory = OpenDalStorageFactory::S3 { customized_credential_load: Some(loader) };
    let file_io = FileIOBuilder::new(Arc::new(factory))
        .with_prop("s3.path-style-access", "true") // also for S3 servers other than AWS
        .build();
    println!("{} bytes", file_io.new_input(url)?.metadata().await?.size);
    Ok(())
}
