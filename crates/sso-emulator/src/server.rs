//! The server: accepts connections, reads requests, applies faults.
//!
//! The answers themselves come from `portal`, `oidc`, `browser` and `control`.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use hyper::http::request::Parts;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use ring::digest::{SHA256, digest};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::answer::Answer;
use crate::log::{LogEntry, LoggedRequest};
use crate::query::Query;
use crate::sessions::random_hex;
use crate::wire::{Dropped, GarbageSwitch, Wire, WireBody};
use crate::world::{World, pause};
use crate::{ErrorName, Fault, Operation, browser, control, oidc, portal, web_pages};

/// The largest body that is read; clients send much smaller ones.
const BODY_LIMIT: usize = 1024 * 1024;
const BEARER_TOKEN: &str = "x-amz-sso_bearer_token";

/// Serves until the task is aborted; all connections end with it.
pub(crate) async fn serve(listener: TcpListener, tls: Option<TlsAcceptor>, world: Arc<World>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    world.lock().log.counts.connections += 1;
                    connections.spawn(connection(stream, tls.clone(), Arc::clone(&world)));
                }
                // A temporary failure, such as too many open files.
                Err(_) => pause(Duration::from_millis(10)).await,
            },
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
        }
    }
}

async fn connection(stream: TcpStream, tls: Option<TlsAcceptor>, world: Arc<World>) {
    // The client waits for each small answer. Without this option it waits longer.
    let _ = stream.set_nodelay(true);
    match tls {
        // The handshake fails if the client does not trust the certificate.
        Some(tls) => {
            if let Ok(stream) = tls.accept(stream).await {
                serve_http(stream, world).await;
            }
        }
        None => serve_http(stream, world).await,
    }
}

async fn serve_http(stream: impl AsyncRead + AsyncWrite + Unpin, world: Arc<World>) {
    let garbage_switch = GarbageSwitch::default();
    let wire = Wire::new(stream, garbage_switch.clone());
    let service = service_fn(move |request| {
        let (world, garbage_switch) = (Arc::clone(&world), garbage_switch.clone());
        async move { respond(&world, request, &garbage_switch).await }
    });
    // There is no timeout for silent clients. The result is ignored because hyper reports an error
    // both for a fault and for a client that disconnects.
    let mut http = http1::Builder::new();
    let _ = http.header_read_timeout(None).serve_connection(TokioIo::new(wire), service).await;
}

async fn respond(
    world: &World,
    request: Request<Incoming>,
    garbage_switch: &GarbageSwitch,
) -> Result<Response<WireBody>, Dropped> {
    let (head, body) = request.into_parts();
    let Ok(body) = Limited::new(body, BODY_LIMIT).collect().await else {
        return Err(Dropped);
    };
    let body = body.to_bytes();
    if let Err(refusal) = web_pages::check_host(&head.headers) {
        return Ok(whole(&refusal));
    }
    let (method, path) = (head.method.as_str(), head.uri.path());
    if let Some(path) = path.strip_prefix("/emulator/") {
        let answer = match web_pages::check_control(world, method, &head.headers) {
            Ok(()) => control::answer(world, method, path, &body),
            Err(refusal) => refusal,
        };
        return Ok(whole(&answer));
    }
    let operation = Operation::of(method, path);
    let (entry, fault) = log_request(world, operation, &head, &body);
    pause(world.settings.latency).await;

    let process = || {
        let answer = process(world, operation, &head, &body);
        world.lock().log.answered(entry, answer.status);
        answer
    };
    match fault {
        None => Ok(whole(&process())),
        Some(Fault::Delay(delay)) => {
            pause(delay).await;
            Ok(whole(&process()))
        }
        Some(Fault::Answer(scripted)) => {
            let answer = scripted.answer(operation);
            world.lock().log.answered(entry, answer.status);
            Ok(whole(&answer))
        }
        Some(Fault::EndlessBody) => {
            world.lock().log.answered(entry, 200);
            Ok(response(&Answer::new(200, "application/json", ""), WireBody::endless()))
        }
        Some(fault) => {
            world.lock().log.counts.dropped += 1;
            apply_fault(&fault, process, garbage_switch).await
        }
    }
}

/// Applies a fault that prevents a complete answer.
async fn apply_fault(
    fault: &Fault,
    process: impl Fn() -> Answer,
    garbage_switch: &GarbageSwitch,
) -> Result<Response<WireBody>, Dropped> {
    match fault {
        Fault::DropInsideAnswer => {
            let answer = process();
            Ok(response(&answer, WireBody::broken(&answer.body)))
        }
        Fault::StallInsideAnswer => {
            let answer = process();
            Ok(response(&answer, WireBody::stalled(&answer.body)))
        }
        Fault::Garbage => {
            let answer = process().header("Connection", "close");
            garbage_switch.send_garbage();
            Ok(whole(&answer))
        }
        Fault::Stall => std::future::pending().await,
        Fault::LoseAnswer => {
            process();
            Err(Dropped)
        }
        _ => Err(Dropped),
    }
}

/// Logs the request, and returns the fault to apply to it.
fn log_request(
    world: &World,
    operation: Option<Operation>,
    head: &Parts,
    body: &Bytes,
) -> (LogEntry, Option<Fault>) {
    let create_token = operation == Some(Operation::CreateToken);
    let request = LoggedRequest {
        at: world.now(),
        method: head.method.to_string(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers: head.headers.iter().map(shown).collect(),
        operation,
        grant_type: create_token.then(|| oidc::grant_type(body)).flatten(),
        status: None,
        fault: None,
    };
    let mut state = world.lock();
    let entry = state.log.arrived(request);
    let fault = state.faults.take(operation);
    if let Some(fault) = &fault {
        state.log.faulted(entry, fault.name());
    }
    (entry, fault)
}

fn process(world: &World, operation: Option<Operation>, head: &Parts, body: &Bytes) -> Answer {
    let Some(operation) = operation else {
        let body = serde_json::json!({"message": "The emulator has no such operation"});
        return Answer::json(404, &body).header("x-amzn-ErrorType", "UnknownOperationException");
    };
    if !world.lock().admit(operation, world.settings.throttle, world.now()) {
        let throttled =
            if operation.is_portal() { ErrorName::TooManyRequests } else { ErrorName::SlowDown };
        return Answer::error(operation, throttled);
    }
    let query = Query::parse(head.uri.query().unwrap_or_default());
    match operation {
        Operation::Authorize => browser::authorize(world, head, &query, body),
        Operation::VerifyDevice => browser::verify_device(world, head, &query, body),
        _ if operation.is_portal() => {
            portal::answer(world, operation, &query, bearer_token(&head.headers))
        }
        _ => oidc::answer(world, operation, body),
    }
}

fn bearer_token(headers: &HeaderMap) -> Option<&str> {
    headers.get(BEARER_TOKEN)?.to_str().ok()
}

/// Returns a header for the log, with secret values hashed.
fn shown((name, value): (&HeaderName, &HeaderValue)) -> (String, String) {
    let secret = [BEARER_TOKEN, "authorization", "cookie", "proxy-authorization"];
    let value = if secret.contains(&name.as_str()) {
        let hash = hex::encode(digest(&SHA256, value.as_bytes()));
        format!("sha256:{}", hash.get(..12).unwrap_or_default())
    } else {
        String::from_utf8_lossy(value.as_bytes()).into_owned()
    };
    (name.as_str().to_owned(), value)
}

fn whole(answer: &Answer) -> Response<WireBody> {
    let body = WireBody::whole(answer.body.clone());
    response(answer, body)
}

/// Builds the response. Like every answer of AWS, it has a request ID.
fn response(answer: &Answer, body: WireBody) -> Response<WireBody> {
    let mut response = Response::new(body);
    *response.status_mut() =
        StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let id = request_id();
    let id = ("x-amzn-RequestId", id.as_str());
    let headers = answer.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    for (name, value) in headers.chain([id]) {
        let name = HeaderName::from_bytes(name.as_bytes());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(value)) {
            response.headers_mut().append(name, value);
        }
    }
    response
}

/// Returns a random request ID in the form of a UUID, like those of AWS.
fn request_id() -> String {
    let mut id = random_hex(16);
    for dash in [8, 13, 18, 23] {
        id.insert(dash, '-');
    }
    id
}
