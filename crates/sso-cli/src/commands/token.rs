//! `ssocreds token`: prints the SSO access token, for calls to services that accept it.

use serde::Serialize;
use zeroize::Zeroizing;

use crate::arguments::{TextFormat, Token};
use crate::context::Context;
use crate::failure::Failure;
use crate::times::whole_seconds;
use crate::{process_format, stdout};

/// The JSON output, with the names of the token file.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Json<'a> {
    access_token: &'a str,
    expires_at: String,
}

pub(crate) fn run(context: &Context, options: &Token) -> Result<(), Failure> {
    let providers = context.providers_for(&options.login)?;
    let provider = providers.token_provider();
    let token = context.wait("refreshing the SSO access token", async |_| {
        provider.retrieve_bearer_token().await
    })??;
    let access_token = token.access_token().expose_secret();
    match options.format {
        TextFormat::Text => {
            // Written in one piece, so that no part of the token remains in the buffer of stdout.
            let mut line = Zeroizing::new(String::with_capacity(access_token.len() + 1));
            line.push_str(access_token);
            line.push('\n');
            stdout::print(&line)
        }
        TextFormat::Json => stdout::print(&process_format::secret_json(&Json {
            access_token,
            expires_at: whole_seconds(token.expires_at()),
        })),
    }
}
