//! Floor of a cold process, valid token, HTTP: read the token file, one GET, print.
//!
//! `floor-http TOKEN_FILE HOST:PORT ACCOUNT_ID ROLE_NAME`

#![forbid(unsafe_code)]

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use anyhow::{Result, bail};

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [file, host, account_id, role_name] = arguments.as_slice() else { bail!("four arguments") };
    let file = std::fs::read_to_string(file)?;
    let token = sso_bench::access_token(&file)?;
    let mut connection = TcpStream::connect(host)?;
    connection.write_all(sso_bench::request(host, account_id, role_name, token).as_bytes())?;
    let mut answer = Vec::with_capacity(4096);
    connection.read_to_end(&mut answer)?;
    std::io::stdout().write_all(sso_bench::answer_body(&answer)?)?;
    Ok(())
}
