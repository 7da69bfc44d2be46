//! The running emulator.

use std::path::Path;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::builder::{EmulatorBuilder, StartError};
use crate::home;
use crate::logins::Decision;
use crate::server;
use crate::tls;
use crate::world::World;
use crate::{
    Counts, Fault, Home, HomeError, IssuedToken, LoggedRequest, Operation, Owner, RoleCredentials,
    TokenState,
};

/// An SSO portal and an SSO OIDC service on a port of the loopback interface.
///
/// One listener serves both; they differ by path. It serves until [`shutdown`](Self::shutdown) or
/// until it is dropped. All methods can be called from any thread at any time. They block only
/// while another request uses the state in memory.
#[derive(Debug)]
pub struct Emulator {
    world: Arc<World>,
    task: JoinHandle<()>,
}

impl Emulator {
    /// Returns a builder.
    pub fn builder() -> EmulatorBuilder {
        EmulatorBuilder::new()
    }

    /// The SSO portal's URL, for `AWS_ENDPOINT_URL_SSO`: scheme, host and port, without a slash at
    /// the end.
    pub fn portal_url(&self) -> String {
        self.world.base_url.clone()
    }

    /// The SSO OIDC service's URL, for `AWS_ENDPOINT_URL_SSO_OIDC`. It is the same as the portal's.
    pub fn oidc_url(&self) -> String {
        self.world.base_url.clone()
    }

    /// The URL of the control interface for programs in other languages; see the crate's README.
    pub fn control_url(&self) -> String {
        format!("{}/emulator", self.world.base_url)
    }

    /// The certificate of the authority that signed the server's certificate, in PEM. `None`
    /// without TLS.
    pub fn ca_pem(&self) -> Option<&str> {
        self.world.ca_pem.as_deref()
    }

    /// The emulator's time: that of its clock, plus all calls of [`advance`](Self::advance).
    pub fn now(&self) -> Timestamp {
        self.world.now()
    }

    /// Moves the emulator's time, and moves it back if `by` is negative. Does not change the clock.
    pub fn advance(&self, by: SignedDuration) {
        self.world.advance(by);
    }

    /// Logs in, and writes a home into `directory`, which is created if it does not exist.
    ///
    /// It has one profile with an `sso_session` and one in the legacy form, each with its token
    /// file. Directories get mode 0700, files 0600. Replaces files that an emulator has written.
    /// Any other file is an error: see [`HomeError::NotWrittenByEmulator`]. Blocks while it writes
    /// a few small files.
    pub fn write_home(&self, directory: &Path, state: TokenState) -> Result<Home, HomeError> {
        home::write(&self.world, directory, state)
    }

    /// Returns the line of JSON that the program prints: the URLs, and the files and the
    /// environment of the home. It contains no secrets.
    pub fn describe(&self, home: &Home) -> String {
        home::describe(&self.world, home).to_string()
    }

    /// Performs a whole login for a profile with an `sso_session`: registers a client, begins a
    /// session, and issues an access token and a refresh token.
    pub fn login(&self) -> IssuedToken {
        self.world.login(true)
    }

    /// Performs a whole login for a legacy profile, which gets no refresh token.
    pub fn login_legacy(&self) -> IssuedToken {
        self.world.login(false)
    }

    /// Assigns a role to the user. Creates the account if it does not exist.
    pub fn assign(&self, account_id: &str, role_name: &str) {
        self.world.lock().assignments.assign(account_id, role_name);
    }

    /// Removes the assignment of a role. Requests for the role then get `ForbiddenException`.
    pub fn unassign(&self, account_id: &str, role_name: &str) {
        self.world.lock().assignments.unassign(account_id, role_name);
    }

    /// Returns the account and role of an access key ID. `None` if this emulator did not issue it.
    pub fn owner_of(&self, access_key_id: &str) -> Option<Owner> {
        self.world.lock().assignments.owner_of(access_key_id)
    }

    /// Returns role credentials that this emulator issued, for an emulated service that checks
    /// signatures; `None` if they are not among the latest 1,000. They may have expired.
    pub fn role_credentials(&self, access_key_id: &str) -> Option<RoleCredentials> {
        self.world.lock().assignments.role_credentials(access_key_id)
    }

    /// Ends all sessions of the user, like an administrator. For every token issued so far, the
    /// portal then answers 401 and a refresh fails with `invalid_grant`.
    pub fn end_session(&self) {
        self.world.lock().sessions.end_all();
    }

    /// Revokes every access token issued so far. The portal then answers 401, but a refresh works.
    pub fn revoke_access_tokens(&self) {
        self.world.lock().sessions.revoke_access_tokens();
    }

    /// Expires every client registration made so far. Requests with them then get
    /// `InvalidClientException`.
    pub fn expire_registrations(&self) {
        let now = self.world.now();
        self.world.lock().sessions.expire_registrations(now);
    }

    /// Returns the valid refresh tokens, sorted. With rotation, each session has one.
    pub fn live_refresh_tokens(&self) -> Vec<String> {
        let now = self.world.now();
        self.world.lock().sessions.live_refresh_tokens(now)
    }

    /// Returns `true` if the refresh token is valid.
    pub fn is_live(&self, refresh_token: &str) -> bool {
        let now = self.world.now();
        self.world.lock().sessions.is_live(refresh_token, now)
    }

    /// The time at which the access token expires. `None` if this emulator did not issue it.
    pub fn token_expires_at(&self, access_token: &str) -> Option<Timestamp> {
        self.world.lock().sessions.expires_at(access_token)
    }

    /// The user codes of pending device authorizations.
    pub fn pending_devices(&self) -> Vec<String> {
        let now = self.world.now();
        self.world.lock().logins.pending(now)
    }

    /// Allows a pending device authorization. Returns `false` if there is none with this user code.
    pub fn approve_device(&self, user_code: &str) -> bool {
        let now = self.world.now();
        self.world.lock().logins.decide(user_code, Decision::Approved, now)
    }

    /// Denies a pending device authorization. Returns `false` if there is none with this user code.
    pub fn deny_device(&self, user_code: &str) -> bool {
        let now = self.world.now();
        self.world.lock().logins.decide(user_code, Decision::Denied, now)
    }

    /// Applies a fault to every request, until [`clear_faults`](Self::clear_faults).
    pub fn fault(&self, fault: impl Into<Fault>) {
        self.world.lock().faults.add(None, None, fault.into());
    }

    /// Applies a fault to every request of one operation, until
    /// [`clear_faults`](Self::clear_faults).
    pub fn fault_on(&self, operation: Operation, fault: impl Into<Fault>) {
        self.world.lock().faults.add(Some(operation), None, fault.into());
    }

    /// Applies a fault to the next `times` requests of one operation. The faults of several calls
    /// are applied one after the other, before those without a number of requests.
    pub fn fault_next(&self, operation: Operation, times: u32, fault: impl Into<Fault>) {
        self.world.lock().faults.add(Some(operation), Some(times), fault.into());
    }

    /// Removes all faults. Requests that are already stalled stay stalled.
    pub fn clear_faults(&self) {
        self.world.lock().faults.clear();
    }

    /// The number of requests since the start or the last reset.
    pub fn counts(&self) -> Counts {
        self.world.lock().log.counts
    }

    /// Sets the counters to zero and empties the request log.
    pub fn reset_counts(&self) {
        self.world.lock().log.reset();
    }

    /// The requests since the start or the last reset, the oldest first. The log keeps the latest
    /// 20,000.
    pub fn requests(&self) -> Vec<LoggedRequest> {
        self.world.lock().log.requests()
    }

    /// Stops the emulator. When this returns, the port and all connections are closed.
    pub async fn shutdown(mut self) {
        self.task.abort();
        // The result is the error of an aborted task.
        let _ = (&mut self.task).await;
    }
}

impl EmulatorBuilder {
    /// Starts the emulator on the current tokio runtime.
    ///
    /// # Panics
    ///
    /// Panics outside a tokio runtime with I/O and time enabled.
    pub async fn start(mut self) -> Result<Emulator, StartError> {
        if self.accounts.is_empty() {
            self =
                self.account("123456789012", "Development", "dev@example.com", ["SSOReadOnlyRole"]);
        }
        let Self { settings, accounts, clock, port } = self;
        let (tls, ca_pem) = if settings.tls {
            let (tls, ca_pem) = tls::make().map_err(StartError::Certificates)?;
            (Some(tls), Some(ca_pem))
        } else {
            (None, None)
        };
        let listen = |source| StartError::Listen { port, source };
        let listener = TcpListener::bind(("127.0.0.1", port)).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let world = Arc::new(World::new(settings, accounts, clock, address, ca_pem));
        let task = tokio::spawn(server::serve(listener, tls, Arc::clone(&world)));
        Ok(Emulator { world, task })
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.task.abort();
    }
}
