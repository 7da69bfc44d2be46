//! Client registrations, and the files in which the AWS CLI caches them.

use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use sso_files::Durability;
use sso_types::{ClientSecret, Region, SessionName, StartUrl};
use zeroize::Zeroizing;

use crate::cache_file::CacheFile;
use crate::cache_key::sha1_hex;
use crate::object::{self, Member};
use crate::role_cache_key::push_string;
use crate::{CacheFileError, ParseError, timestamp};

/// A login uses a registration that is valid for at least this time, as in the AWS CLI.
const REUSE_WINDOW: SignedDuration = SignedDuration::from_mins(15);

/// The registration of a client with SSO OIDC. Every login and refresh needs one.
///
/// `Debug` redacts the client secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientRegistration {
    client_id: String,
    client_secret: ClientSecret,
    expires_at: Timestamp,
    scopes: Vec<String>,
    grant_types: Vec<String>,
}

impl ClientRegistration {
    /// Creates a registration that expires at `expires_at`.
    pub fn new(
        client_id: impl Into<String>,
        client_secret: ClientSecret,
        expires_at: Timestamp,
    ) -> Self {
        Self {
            client_id: client_id.into(),
            client_secret,
            expires_at,
            scopes: Vec::new(),
            grant_types: Vec::new(),
        }
    }

    /// Sets the scopes that the client registered for.
    #[must_use]
    pub fn with_scopes(mut self, scopes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the OAuth grant types that the client registered for. A registration without grant
    /// types is for the device code grant.
    #[must_use]
    pub fn with_grant_types(mut self, types: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.grant_types = types.into_iter().map(Into::into).collect();
        self
    }

    /// The client ID.
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// The client secret.
    pub fn client_secret(&self) -> &ClientSecret {
        &self.client_secret
    }

    /// The time at which the registration expires.
    pub fn expires_at(&self) -> Timestamp {
        self.expires_at
    }

    /// The scopes that the client registered for.
    pub fn scopes(&self) -> &[String] {
        &self.scopes
    }

    /// Returns `true` if the registration is valid for at least 15 minutes more, so that a login
    /// may use it.
    pub fn is_usable(&self, now: Timestamp) -> bool {
        self.expires_at.duration_since(now) >= REUSE_WINDOW
    }

    /// Returns `true` if the client registered for the authorization code grant.
    pub fn allows_authorization_code(&self) -> bool {
        self.grant_types.iter().any(|grant| grant == "authorization_code")
    }

    /// Returns `true` if the client registered for the device code grant, or without grant types.
    pub fn allows_device_code(&self) -> bool {
        let device_code = "urn:ietf:params:oauth:grant-type:device_code";
        self.grant_types.is_empty() || self.grant_types.iter().any(|grant| grant == device_code)
    }

    /// Parses the content of a registration file.
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        let (text, before) = object::text(bytes)?;
        let members = object::members(text, before)?;
        let needed = |field| object::required_string(field, value(&members, field));
        Ok(Self {
            client_id: needed("clientId")?,
            client_secret: ClientSecret::new(needed("clientSecret")?),
            expires_at: timestamp::parse(&needed("expiresAt")?)
                .ok_or(ParseError::Timestamp { field: "expiresAt" })?,
            scopes: strings(&members, "scopes")?,
            grant_types: strings(&members, "grantTypes")?,
        })
    }

    /// Returns the content of the registration file, as the AWS CLI writes it. The content is
    /// secret, and is cleared from memory on drop.
    pub fn to_json(&self) -> Zeroizing<Vec<u8>> {
        let expires_at = timestamp::format(self.expires_at);
        let fields = [
            ("clientId", self.client_id.as_str()),
            ("clientSecret", self.client_secret.expose_secret()),
            ("expiresAt", expires_at.as_str()),
        ];
        let lists = [("scopes", &self.scopes), ("grantTypes", &self.grant_types)];
        // Reserve the whole capacity. A buffer that grows would leave copies of the secret in
        // memory.
        let texts = fields.iter().map(|(_, text)| *text);
        let texts = texts.chain(lists.iter().flat_map(|(_, list)| list.iter().map(String::as_str)));
        let room = texts.map(|text| object::max_string_len(text) + 2).sum::<usize>() + 128;
        let mut out = Zeroizing::new(Vec::with_capacity(room));
        let mut separator = b'{';
        for (name, text) in fields {
            out.push(separator);
            object::write_string(&mut out, name);
            out.push(b':');
            object::write_string(&mut out, text);
            separator = b',';
        }
        for (name, list) in lists.into_iter().filter(|(_, list)| !list.is_empty()) {
            out.push(separator);
            object::write_string(&mut out, name);
            out.push(b':');
            out.push(b'[');
            for (index, text) in list.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                object::write_string(&mut out, text);
            }
            out.push(b']');
        }
        out.push(b'}');
        debug_assert!(out.len() <= room, "the buffer grew and left secrets in memory");
        out
    }
}

/// The file of a client registration, which is shared with the AWS CLI. Each program uses the
/// registration that the other stored.
///
/// It is only a cache: a file that cannot be used is ignored. All methods block for a few system
/// calls.
#[derive(Debug, Clone)]
pub struct ClientRegistrationFile {
    file: CacheFile,
}

impl ClientRegistrationFile {
    /// Creates a `ClientRegistrationFile` for `path`. The file need not exist.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        let is_registration = |content: &[u8]| ClientRegistration::parse(content).is_ok();
        Self { file: CacheFile::new(path, is_registration) }
    }

    /// Creates a `ClientRegistrationFile` for the file that the AWS CLI uses for this login.
    /// `directory` is the directory of the token files.
    ///
    /// `session` is the session that the profile names, or `None` if it names none. `scopes` is the
    /// session's `sso_registration_scopes`, or `None` if that is not set.
    pub fn standard(
        directory: &Path,
        region: &Region,
        start_url: &StartUrl,
        session: Option<&SessionName>,
        scopes: Option<&[String]>,
    ) -> Self {
        let mut name = client_registration_key(region, start_url, session, scopes);
        name.push_str(".json");
        Self::new(directory.join(name))
    }

    /// The path, as it was given.
    pub fn path(&self) -> &Path {
        self.file.path()
    }

    /// Reads the registration, which may be expired. Returns `None` if the file is missing or
    /// cannot be used. The reason is logged: as a warning if the file belongs to another user,
    /// otherwise at debug level.
    pub fn load(&self) -> Option<ClientRegistration> {
        match self.try_load() {
            Ok(registration) => Some(registration),
            Err(CacheFileError::NotFound { .. }) => None,
            Err(error) if error.is_foreign_owner() => {
                tracing::warn!("{error}");
                None
            }
            Err(error) => {
                tracing::debug!(%error, "ignoring a client registration that cannot be used");
                None
            }
        }
    }

    /// Reads the registration, or returns the reason why it cannot be used.
    pub fn try_load(&self) -> Result<ClientRegistration, CacheFileError> {
        self.file.read_once(ClientRegistration::parse).map(|it| it.value)
    }

    /// Replaces the file atomically, with mode 0600. Creates missing directories with mode 0700. On
    /// failure, the file is unchanged.
    pub fn store(&self, registration: &ClientRegistration) -> Result<(), CacheFileError> {
        self.file.replace(&registration.to_json(), Durability::Cached).map(|_| ())
    }

    /// Removes the file, so that the next login registers a client. Returns `true` if there was a
    /// file.
    pub fn remove(&self) -> Result<bool, CacheFileError> {
        self.file.remove_all()
    }
}

/// Returns the AWS CLI's key for a registration: the lowercase hex SHA-1 of JSON with sorted keys,
/// in the format of Python's `json.dumps`.
fn client_registration_key(
    region: &Region,
    start_url: &StartUrl,
    session: Option<&SessionName>,
    scopes: Option<&[String]>,
) -> String {
    let mut json = String::with_capacity(256);
    json.push_str("{\"region\": ");
    push_string(&mut json, region.as_str());
    json.push_str(", \"scopes\": ");
    match scopes {
        None => json.push_str("null"),
        Some(scopes) => {
            json.push('[');
            for (index, scope) in scopes.iter().enumerate() {
                if index > 0 {
                    json.push_str(", ");
                }
                push_string(&mut json, scope);
            }
            json.push(']');
        }
    }
    json.push_str(", \"session_name\": ");
    match session {
        None => json.push_str("null"),
        Some(session) => push_string(&mut json, session.as_str()),
    }
    json.push_str(", \"startUrl\": ");
    push_string(&mut json, start_url.as_str());
    json.push_str(", \"tool\": \"botocore\"}");
    sha1_hex(json.as_bytes())
}

/// Returns the value of the last member with that name.
fn value<'a>(members: &[Member<'a>], name: &str) -> Option<&'a str> {
    let quoted = |member: &&Member<'_>| {
        member.name.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) == Some(name)
    };
    members.iter().rev().find(quoted).map(|member| member.value)
}

/// Returns a list of strings, which is empty if the field is missing or `null`.
fn strings(members: &[Member<'_>], field: &'static str) -> Result<Vec<String>, ParseError> {
    match value(members, field) {
        None | Some("null") => Ok(Vec::new()),
        Some(list) => serde_json::from_str(list).map_err(|_| ParseError::WrongType {
            field,
            expected: "an array of strings",
            found: object::kind(list),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(start_url: &str, session: Option<&str>, scopes: Option<&[&str]>) -> String {
        let scopes: Option<Vec<String>> =
            scopes.map(|scopes| scopes.iter().map(ToString::to_string).collect());
        let session = session.map(|name| SessionName::new(name).unwrap());
        client_registration_key(
            &"us-east-1".parse().unwrap(),
            &start_url.parse().unwrap(),
            session.as_ref(),
            scopes.as_deref(),
        )
    }

    /// Computed with Python's `json.dumps(..., sort_keys=True)` and SHA-1.
    #[test]
    fn keys_are_those_of_the_aws_cli() {
        let url = "https://my-sso-portal.awsapps.com/start";
        for (session, scopes, expected) in [
            (
                Some("dev-session"),
                Some(&["sso:account:access"][..]),
                "bade61804c0c1ed937532f2471948a8b0179e111",
            ),
            (None, None, "0e093f10f65cee6c5c1898a8e240f5726875bf08"),
            (
                Some("größe 😀"),
                Some(&["a:b", "c\"d"][..]),
                "d031ccaaf77c443e3cfd33bcd9aab3581c6a5dd9",
            ),
            (Some("dev-session"), None, "d688eadcbe252da955448bbec211528243d0e879"),
        ] {
            assert_eq!(key(url, session, scopes), expected, "{session:?} {scopes:?}");
        }
    }

    #[test]
    fn a_file_of_the_aws_cli_is_read_and_written_again() {
        let text = r#"{"clientId":"id","clientSecret":"MA\"RK","expiresAt":"2026-01-01T00:00:00Z","scopes":["sso:account:access"],"grantTypes":["authorization_code","refresh_token"]}"#;
        let registration = ClientRegistration::parse(text.as_bytes()).unwrap();
        assert_eq!(registration.client_id(), "id");
        assert_eq!(registration.client_secret().expose_secret(), "MA\"RK");
        assert_eq!(registration.scopes(), ["sso:account:access"]);
        assert!(registration.allows_authorization_code() && !registration.allows_device_code());
        assert_eq!(registration.to_json().as_slice(), text.as_bytes());
        assert!(!format!("{registration:?}").contains("RK"));
    }

    #[test]
    fn a_file_without_grant_types_is_for_the_device_code() {
        let text = r#"{"clientId": "id", "clientSecret": "s", "expiresAt": "2026-01-01T00:00:00UTC", "scopes": null}"#;
        let registration = ClientRegistration::parse(text.as_bytes()).unwrap();
        assert!(registration.allows_device_code() && !registration.allows_authorization_code());
        assert!(registration.scopes().is_empty());
    }

    #[test]
    fn a_registration_that_ends_within_fifteen_minutes_is_not_used() {
        let end: Timestamp = "2026-01-01T00:15:00Z".parse().unwrap();
        let registration = ClientRegistration::new("id", ClientSecret::new("s"), end);
        assert!(registration.is_usable("2026-01-01T00:00:00Z".parse().unwrap()));
        assert!(!registration.is_usable("2026-01-01T00:00:01Z".parse().unwrap()));
        assert!(!registration.is_usable("2027-01-01T00:00:00Z".parse().unwrap()));
    }

    #[test]
    fn unusable_content_is_named_and_not_quoted() {
        for (text, message) in [
            ("{}", "the field clientId is missing"),
            (r#"{"clientId":"MARK"}"#, "the field clientSecret is missing"),
            (r#"{"clientId":"i","clientSecret":""}"#, "the field clientSecret is empty"),
            (
                r#"{"clientId":"i","clientSecret":"MARK","expiresAt":"soon"}"#,
                "the field expiresAt is not a timestamp such as 2026-01-01T00:00:00Z",
            ),
            (
                r#"{"clientId":"i","clientSecret":"MARK","expiresAt":"2026-01-01T00:00:00Z","scopes":"MARK"}"#,
                "the field scopes is a string, not an array of strings",
            ),
        ] {
            let error = ClientRegistration::parse(text.as_bytes()).unwrap_err().to_string();
            assert_eq!(error, message);
        }
    }
}
