//! Lists the objects of a bucket: `cargo run -- PROFILE BUCKET`

#![forbid(unsafe_code)]

use std::sync::Arc;

use object_store::ObjectStore as _;
use object_store::aws::AmazonS3Builder;
use sso_object_store::SsoCredentialProvider;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [profile, bucket] = arguments.as_slice() else {
        return Err("the arguments are PROFILE BUCKET".into());
    };
    let provider = SsoCredentialProvider::from_profile(profile).await?;
    // from_env reads the region and other options, such as AWS_REGION.
    let store = AmazonS3Builder::from_env()
        .with_bucket_name(bucket)
        .with_credentials(Arc::new(provider))
        .build()?;
    for object in store.list_with_delimiter(None).await?.objects {
        println!("{:>12} {}", object.size, object.location);
    }
    Ok(())
}
