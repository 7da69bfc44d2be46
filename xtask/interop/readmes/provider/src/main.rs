//! Prints the credentials of the profile `devsso`.

#![forbid(unsafe_code)]

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), sso_provider::CredentialsError> {
    // Caches and renews the credentials. Create one per program; clones share the cache.
    let provider = sso_provider::from_profile("devsso").await?;
    match provider.retrieve().await {
        Ok(credentials) => {
            println!("{} until {}", credentials.access_key_id(), credentials.expires_at())
        }
        // The error and its causes in one line. `Display` shows only the error itself.
        Err(error) => eprintln!("{}", error.report()),
    }
    // A program must not exit during a refresh of the access token.
    provider.wait_for_refresh().await;
    Ok(())
}
