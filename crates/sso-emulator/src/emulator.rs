//! The running emulator, as a test holds it.

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
/// until it is dropped. All methods can be called while requests are answered, from any thread;
/// none blocks for longer than an operation takes in memory.
#[derive(Debug)]
pub struct Emulator {
    world: Arc<World>,
    task: JoinHandle<()>,
}

impl Emulator {
    /// Sets one up.
    pub fn builder() -> EmulatorBuilder {
        EmulatorBuilder::new()
    }

    /// The SSO portal's URL, for `AWS_ENDPOINT_URL_SSO`: scheme, host and port, no slash at the
    /// end.
    pub fn portal_url(&self) -> String {
        self.world.base_url.clone()
    }

    /// The SSO OIDC service's URL, for `AWS_ENDPOINT_URL_SSO_OIDC`. Today the same as the portal's.
    pub fn oidc_url(&self) -> String {
        self.world.base_url.clone()
    }

    /// Where programs of other languages control the emulator; see the crate's README.
    pub fn control_url(&self) -> String {
        format!("{}/emulator", self.world.base_url)
    }

    /// The certificate of the authority that signed the server's, in PEM; none without TLS.
    pub fn ca_pem(&self) -> Option<&str> {
        self.world.ca_pem.as_deref()
    }

    /// The emulator's time: its clock's, and what it was moved by.
    pub fn now(&self) -> Timestamp {
        self.world.now()
    }

    /// Moves the emulator's time, back when `by` is negative; the clock itself stays.
    pub fn advance(&self, by: SignedDuration) {
        self.world.advance(by);
    }

    /// Logs in, and writes a home into `directory`, which is created if it does not exist.
    ///
    /// It has one profile with an `sso_session` and one in the legacy form, each with its token
    /// file. Directories get mode 0700, files 0600. Files that an emulator wrote before are replaced;
    /// others are not: see [`HomeError::NotWrittenByEmulator`]. Blocks while it writes a few small
    /// files.
    pub fn write_home(&self, directory: &Path, state: TokenState) -> Result<Home, HomeError> {
        home::write(&self.world, directory, state)
    }

    /// Returns the line of JSON that the program prints: URLs, the home's files and environment. It
    /// has no secrets.
    pub fn describe(&self, home: &Home) -> String {
        home::describe(&self.world, home).to_string()
    }

    /// What a person's finished login gives, for a profile with an `sso_session`: registers a
    /// client, begins a session, and issues an access and a refresh token.
    pub fn login(&self) -> IssuedToken {
        self.world.login(true)
    }

    /// The same for a legacy profile: without a refresh token.
    pub fn login_legacy(&self) -> IssuedToken {
        self.world.login(false)
    }

    /// Assigns a role to the user, in an account that is made where there is none.
    pub fn assign(&self, account_id: &str, role_name: &str) {
        self.world.lock().assignments.assign(account_id, role_name);
    }

    /// Takes a role from the user: `ForbiddenException` from now on.
    pub fn unassign(&self, account_id: &str, role_name: &str) {
        self.world.lock().assignments.unassign(account_id, role_name);
    }

    /// Whose role credentials have that access key id; none when this emulator did not issue it.
    pub fn owner_of(&self, access_key_id: &str) -> Option<Owner> {
        self.world.lock().assignments.owner_of(access_key_id)
    }

    /// Returns role credentials that this emulator issued, for an emulated service that checks
    /// signatures; `None` if they are not among the latest 1,000. They may have expired.
    pub fn role_credentials(&self, access_key_id: &str) -> Option<RoleCredentials> {
        self.world.lock().assignments.role_credentials(access_key_id)
    }

    /// An administrator ends the user's sessions: for every token issued so far the portal answers
    /// 401 and a refresh `invalid_grant`.
    pub fn end_session(&self) {
        self.world.lock().sessions.end_all();
    }

    /// The portal answers 401 to every access token issued so far; a refresh still works.
    pub fn revoke_access_tokens(&self) {
        self.world.lock().sessions.revoke_access_tokens();
    }

    /// Every client registration made so far expires now: `InvalidClientException`.
    pub fn expire_registrations(&self) {
        let now = self.world.now();
        self.world.lock().sessions.expire_registrations(now);
    }

    /// The refresh tokens that a refresh by their client would be granted with, sorted: with
    /// rotation one for each live login.
    pub fn live_refresh_tokens(&self) -> Vec<String> {
        let now = self.world.now();
        self.world.lock().sessions.live_refresh_tokens(now)
    }

    /// Whether it is one of them.
    pub fn is_live(&self, refresh_token: &str) -> bool {
        let now = self.world.now();
        self.world.lock().sessions.is_live(refresh_token, now)
    }

    /// When the access token expires; none when this emulator did not issue it.
    pub fn token_expires_at(&self, access_token: &str) -> Option<Timestamp> {
        self.world.lock().sessions.expires_at(access_token)
    }

    /// The user codes of device authorizations that wait for the user.
    pub fn pending_devices(&self) -> Vec<String> {
        let now = self.world.now();
        self.world.lock().logins.pending(now)
    }

    /// The user approves a device authorization; false when none waits with that user code.
    pub fn approve_device(&self, user_code: &str) -> bool {
        let now = self.world.now();
        self.world.lock().logins.decide(user_code, Decision::Approved, now)
    }

    /// The user denies a device authorization; false when none waits with that user code.
    pub fn deny_device(&self, user_code: &str) -> bool {
        let now = self.world.now();
        self.world.lock().logins.decide(user_code, Decision::Denied, now)
    }

    /// Spoils every request, of any operation, until [`clear_faults`](Self::clear_faults).
    pub fn fault(&self, fault: impl Into<Fault>) {
        self.world.lock().faults.add(None, None, fault.into());
    }

    /// Spoils every request of one operation until [`clear_faults`](Self::clear_faults).
    pub fn fault_on(&self, operation: Operation, fault: impl Into<Fault>) {
        self.world.lock().faults.add(Some(operation), None, fault.into());
    }

    /// Spoils the next `times` requests of one operation. Several calls queue up, and go before
    /// the faults that stand.
    pub fn fault_next(&self, operation: Operation, times: u32, fault: impl Into<Fault>) {
        self.world.lock().faults.add(Some(operation), Some(times), fault.into());
    }

    /// Nothing goes wrong any more. Requests that a fault holds stay held.
    pub fn clear_faults(&self) {
        self.world.lock().faults.clear();
    }

    /// How many requests came in since the start or the last reset.
    pub fn counts(&self) -> Counts {
        self.world.lock().log.counts
    }

    /// Sets the counters to zero and empties the request log.
    pub fn reset_counts(&self) {
        self.world.lock().log.reset();
    }

    /// The requests since the start or the last reset, oldest first; of very many, the last
    /// 20000.
    pub fn requests(&self) -> Vec<LoggedRequest> {
        self.world.lock().log.requests()
    }

    /// Stops: closes the port and every connection. When this returns, the port refuses.
    pub async fn shutdown(mut self) {
        self.task.abort();
        // Aborted on purpose; that is the error it ends with.
        let _ = (&mut self.task).await;
    }
}

impl EmulatorBuilder {
    /// Starts the emulator on the current tokio runtime.
    ///
    /// # Panics
    /// When there is no current tokio runtime with its I/O and time drivers, as all of tokio does.
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
