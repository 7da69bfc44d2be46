//! Serves the credentials of the profile `devsso` until the process ends.

#![forbid(unsafe_code)]

use sso_endpoint::Endpoint;
use sso_provider::ProfileProviders;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let provider = ProfileProviders::builder().profile("devsso").build()?.credentials_provider()?;
    let endpoint =
        Endpoint::builder().provider("/devsso", provider).bind(([127, 0, 0, 1], 0)).await?;
    println!("AWS_CONTAINER_CREDENTIALS_FULL_URI={}", endpoint.url("/devsso"));
    // A real program writes the token to a file of mode 0600, which other users cannot read.
    println!(
        "AWS_CONTAINER_AUTHORIZATION_TOKEN={}",
        endpoint.authorization_token().expose_secret()
    );
    std::future::pending().await
}
