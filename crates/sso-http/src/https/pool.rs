//! The pool of a client's open connections. It belongs to one tokio runtime.
//!
//! Each connection is driven by a task on the runtime that opened it. If another runtime used the
//! connection, its request would wait for that task. The task may never run, since a current-thread
//! runtime runs tasks only inside `block_on`. So a call on another runtime creates a new pool.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tokio::runtime::{Handle, Id};

use super::connector::Connector;
use crate::RequestBody;

/// The time after which idle connections are closed, because servers and firewalls may have dropped
/// them.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// hyper's client with a pool of connections.
pub(super) type HyperClient = Client<Connector, RequestBody>;

/// The pool of the runtime that made the latest call.
pub(super) struct Pool {
    connector: Connector,
    latest: Mutex<Option<(Id, HyperClient)>>,
}

impl Pool {
    pub(super) fn new(connector: Connector) -> Self {
        Self { connector, latest: Mutex::new(None) }
    }

    /// Returns the client whose connections belong to the current runtime. Panics outside a
    /// runtime.
    pub(super) fn client(&self) -> HyperClient {
        let runtime = Handle::current().id();
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        match &*latest {
            Some((id, client)) if *id == runtime => client.clone(),
            // Dropping the old pool closes its idle connections, but does not cancel its requests.
            _ => latest.insert((runtime, build(self.connector.clone()))).1.clone(),
        }
    }

    /// Returns a client with its own empty pool, which connects within `connect_timeout`.
    pub(super) fn new_client(&self, connect_timeout: Duration) -> HyperClient {
        build(self.connector.with_connect_timeout(connect_timeout))
    }
}

fn build(connector: Connector) -> HyperClient {
    Client::builder(TokioExecutor::new()).pool_idle_timeout(IDLE_TIMEOUT).build(connector)
}
