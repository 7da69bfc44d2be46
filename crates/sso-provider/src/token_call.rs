//! A call of the SSO portal with the access token, and once more with another where the portal
//! refuses it before its time.
//!
//! Not responsible for where the tokens come from, nor for what is asked.

use crate::token_provider::Refused;
use crate::{BearerToken, SsoTokenProvider, TokenError};
use sso_http::{ServiceError, ServiceErrorKind};

impl SsoTokenProvider {
    /// Does `call` with the access token. Where the portal refuses the token (401) it is looked for
    /// anew, as for role credentials: the file is read again, the token refreshed once where it can
    /// be, and `call` done once more. A second refusal is [`TokenError::LoginRequired`]. A token that
    /// cannot be sent at all, for it holds what no header can carry, counts as refused.
    ///
    /// The outer error is that there is no token; the inner result is what `call` came to.
    pub async fn call_with_token<T, Answer>(
        &self,
        mut call: impl FnMut(BearerToken) -> Answer,
    ) -> Result<Result<T, ServiceError>, TokenError>
    where
        Answer: Future<Output = Result<T, ServiceError>>,
    {
        let token = self.retrieve_bearer_token().await?;
        let answer = match call(token.clone()).await {
            Err(error) if is_refused(&token, &error) => error,
            answered => return Ok(answered),
        };
        let refused = Refused { token: token.access_token().clone(), answer };
        let other = self.replace(&refused).await?;
        match call(other.clone()).await {
            Err(answer) if is_refused(&other, &answer) => {
                let refused = Refused { token: other.access_token().clone(), answer };
                Err(self.0.session_ended(&refused))
            }
            answered => Ok(answered),
        }
    }
}

/// Whether it is the token that is at fault, so that another one may do better.
fn is_refused(token: &BearerToken, error: &ServiceError) -> bool {
    let of_header = |byte| matches!(byte, b'\t' | b' '..=b'~');
    error.is_unauthorized()
        || (error.kind() == ServiceErrorKind::NotSendable
            && !token.access_token().expose_secret().bytes().all(of_header))
}
