//! Lists the objects of a bucket: `cargo run -- PROFILE BUCKET`

#![forbid(unsafe_code)]

use aws_config::BehaviorVersion;
use sso_aws_sdk::SdkCredentialsProvider;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [profile, bucket] = arguments.as_slice() else {
        return Err("the arguments are PROFILE BUCKET".into());
    };
    let provider = SdkCredentialsProvider::from_profile(profile).await?;
    // The region and other options come from variables and files, such as AWS_REGION.
    let config =
        aws_config::defaults(BehaviorVersion::latest()).credentials_provider(provider).load().await;
    let client = aws_sdk_s3::Client::new(&config);
    for object in client.list_objects_v2().bucket(bucket).send().await?.contents() {
        println!("{:>12} {}", object.size().unwrap_or(0), object.key().unwrap_or_default());
    }
    Ok(())
}
