//! A service that accepts signed requests and reports the access key ID of each.
//!
//! The AWS CLI version 1 has no command that prints its credentials, so it calls this service. The
//! signature is not checked.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use anyhow::Result;

/// `GetCallerIdentity` of STS on a loopback port, for as long as the program runs.
pub(crate) struct SignedService {
    pub(crate) url: String,
}

impl SignedService {
    pub(crate) fn start() -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let url = format!("http://{}", listener.local_addr()?);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                thread::spawn(move || {
                    // A client that goes away is no concern of ours.
                    let _ = answer(stream);
                });
            }
        });
        Ok(Self { url })
    }
}

fn answer(mut stream: TcpStream) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let (mut length, mut signer) = (0, String::from("nobody"));
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line.trim().is_empty() {
            break;
        }
        let Some((name, value)) = line.split_once(':') else { continue };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().unwrap_or(0),
            "authorization" => {
                let credential = value.split("Credential=").nth(1).unwrap_or_default();
                credential.split('/').next().unwrap_or_default().clone_into(&mut signer);
            }
            _ => {}
        }
    }
    reader.take(length).read_to_end(&mut Vec::new())?;
    let body = format!(
        "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
         <GetCallerIdentityResult><Arn>arn:aws:sts::123456789012:assumed-role/x/y</Arn>\
         <UserId>{signer}</UserId><Account>123456789012</Account></GetCallerIdentityResult>\
         <ResponseMetadata><RequestId>0</RequestId></ResponseMetadata></GetCallerIdentityResponse>"
    );
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{body}",
        body.len()
    )
}
