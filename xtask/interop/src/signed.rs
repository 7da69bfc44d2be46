//! A service that accepts signed requests and reports the access key ID of each.
//!
//! The AWS CLI version 1 has no command that prints its credentials, so it calls this service. The
//! signature is not checked.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::Result;

/// `GetCallerIdentity` of STS, and `GetUser` of IAM, on a loopback port for as long as the program
/// runs.
pub(crate) struct SignedService {
    pub(crate) url: String,
    polls: Polls,
}

type Polls = Arc<Mutex<Vec<String>>>;

impl SignedService {
    pub(crate) fn start() -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let url = format!("http://{}", listener.local_addr()?);
        let polls = Polls::default();
        let received = Arc::clone(&polls);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let received = Arc::clone(&received);
                thread::spawn(move || {
                    // A client may end the connection at any time.
                    let _ = answer(stream, &received);
                });
            }
        });
        Ok(Self { url, polls })
    }

    /// The access key IDs that signed `GetUser`, the first one first. No user exists: a client that
    /// waits for one asks again.
    pub(crate) fn polls(&self) -> Vec<String> {
        self.polls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn answer(mut stream: TcpStream, polls: &Polls) -> std::io::Result<()> {
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
    let mut body = String::new();
    reader.take(length).read_to_string(&mut body)?;
    let (status, body) = if body.contains("Action=GetUser") {
        polls.lock().unwrap_or_else(PoisonError::into_inner).push(signer);
        ("404 Not Found", no_such_user())
    } else {
        ("200 OK", caller_identity(&signer))
    };
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: text/xml\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{body}",
        body.len()
    )
}

fn caller_identity(signer: &str) -> String {
    format!(
        "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
         <GetCallerIdentityResult><Arn>arn:aws:sts::123456789012:assumed-role/x/y</Arn>\
         <UserId>{signer}</UserId><Account>123456789012</Account></GetCallerIdentityResult>\
         <ResponseMetadata><RequestId>0</RequestId></ResponseMetadata></GetCallerIdentityResponse>"
    )
}

fn no_such_user() -> String {
    "<ErrorResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><Error><Type>Sender</Type>\
     <Code>NoSuchEntity</Code><Message>no such user</Message></Error><RequestId>0</RequestId>\
     </ErrorResponse>"
        .to_owned()
}
