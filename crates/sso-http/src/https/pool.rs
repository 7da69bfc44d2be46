//! The open connections of a client, kept for the tokio runtime that uses it.
//!
//! hyper drives a connection by a task on the runtime that opened it. If another runtime took that
//! connection from the pool, its request would wait for a task that may never run: a current-thread
//! runtime runs tasks only inside `block_on`. So a pool serves one runtime, and a call on another
//! runtime starts a new pool.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tokio::runtime::{Handle, Id};

use super::connector::Connector;
use crate::RequestBody;

/// Idle connections are closed after this time: servers and firewalls tend to have forgotten them.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// hyper's client, which pools connections.
pub(super) type PooledClient = Client<Connector, RequestBody>;

/// The pool of the runtime that made the latest call.
pub(super) struct Pool {
    connector: Connector,
    latest: Mutex<Option<(Id, PooledClient)>>,
}

impl Pool {
    pub(super) fn new(connector: Connector) -> Self {
        Self { connector, latest: Mutex::new(None) }
    }

    /// The client whose connections belong to the current runtime. Panics outside a runtime.
    pub(super) fn client(&self) -> PooledClient {
        let runtime = Handle::current().id();
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        match &*latest {
            Some((id, client)) if *id == runtime => client.clone(),
            // A pool that is dropped closes its idle connections; requests under way finish.
            _ => latest.insert((runtime, build(self.connector.clone()))).1.clone(),
        }
    }

    /// A client that opens a connection of its own, within `connect_timeout`.
    pub(super) fn unpooled_client(&self, connect_timeout: Duration) -> PooledClient {
        build(self.connector.with_connect_timeout(connect_timeout))
    }
}

fn build(connector: Connector) -> PooledClient {
    Client::builder(TokioExecutor::new()).pool_idle_timeout(IDLE_TIMEOUT).build(connector)
}
