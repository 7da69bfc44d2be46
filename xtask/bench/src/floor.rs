//! The least of a token file and of HTTP that gets credentials.
//!
//! Not a parser: it takes well-formed input for granted.

use anyhow::{Context as _, Result};

/// The access token in a token file's text.
pub fn access_token(file: &str) -> Result<&str> {
    let (_, rest) = file.split_once("\"accessToken\"").context("no accessToken")?;
    let (_, rest) = rest.split_once('"').context("no string")?;
    let (token, _) = rest.split_once('"').context("no end of the string")?;
    Ok(token)
}

/// `GetRoleCredentials`, as one string.
pub fn request(host: &str, account_id: &str, role_name: &str, token: &str) -> String {
    format!(
        "GET /federation/credentials?account_id={account_id}&role_name={role_name} HTTP/1.1\r\n\
         host: {host}\r\nx-amz-sso_bearer_token: {token}\r\nconnection: close\r\n\r\n"
    )
}

/// What follows the head of an answer that succeeded.
pub fn answer_body(answer: &[u8]) -> Result<&[u8]> {
    anyhow::ensure!(answer.starts_with(b"HTTP/1.1 200"), "the answer is not 200");
    let head = answer.windows(4).position(|it| it == b"\r\n\r\n").context("no end of the head")?;
    answer.get(head + 4..).context("no body")
}
