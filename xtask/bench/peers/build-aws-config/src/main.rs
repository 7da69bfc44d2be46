//! The smallest program that gets SSO credentials through aws-config: what it costs to build.

#![forbid(unsafe_code)]

use aws_credential_types::provider::ProvideCredentials as _;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let provider = aws_config::profile::ProfileFileCredentialsProvider::builder().build();
    let credentials = runtime.block_on(provider.provide_credentials())?;
    println!("{}", credentials.access_key_id());
    Ok(())
}
