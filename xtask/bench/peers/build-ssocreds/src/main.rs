//! The smallest program that gets SSO credentials through sso-provider: what it costs to build.

#![forbid(unsafe_code)]

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let provider = runtime.block_on(sso_provider::from_env())?;
    let credentials = runtime.block_on(provider.retrieve())?;
    println!("{}", credentials.access_key_id());
    Ok(())
}
