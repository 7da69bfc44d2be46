//! Lists the objects of a bucket: `cargo run -- PROFILE BUCKET`

#![forbid(unsafe_code)]

use opendal::Operator;
use opendal::services::S3;
use reqsign_core::{Context, ProvideCredential as _, ProvideCredentialChain};
use sso_reqsign::SsoCredentialProvider;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [profile, bucket] = arguments.as_slice() else {
        return Err("the arguments are PROFILE BUCKET".into());
    };
    let provider = SsoCredentialProvider::from_profile(profile).await?;
    // A chain of reqsign only logs an error. This call returns it.
    provider.provide_credential(&Context::new()).await?;
    // OpenDAL reads the region from AWS_REGION.
    let service = S3::default()
        .bucket(bucket)
        .credential_provider_chain(ProvideCredentialChain::new().push(provider));
    for entry in Operator::new(service)?.list("").await? {
        println!("{}", entry.path());
    }
    Ok(())
}
