//! One resolved profile: its values, its token file and endpoints, and the source of each setting.

use std::fmt::Write as _;

use serde::Serialize;
use sso_cache::CacheKey;
use sso_config::{Setting, SettingSource, Settings, SsoProfile};
use sso_http::{Endpoint, EndpointError, EndpointVariant};
use sso_provider::ConfigError;

use crate::printable::printable;
use crate::table::{FAIR, Table};

#[derive(Debug, Serialize)]
pub(super) struct Resolved {
    kind: &'static str,
    session_name: Option<String>,
    start_url: String,
    region: String,
    account_id: Option<String>,
    role_name: Option<String>,
    registration_scopes: Vec<String>,
    cache_key: String,
    cache_file_name: String,
    endpoints: Endpoints,
    settings: Sources,
    warnings: Vec<String>,
}

/// The URLs of the services.
#[derive(Debug, Serialize)]
struct Endpoints {
    portal: String,
    oidc: String,
}

#[derive(Debug, Serialize)]
struct Sources {
    portal_endpoint: Sourced<String>,
    oidc_endpoint: Sourced<String>,
    use_fips_endpoint: Sourced<bool>,
    use_dualstack_endpoint: Sourced<bool>,
    ca_bundle: Sourced<Option<String>>,
    max_attempts: Sourced<u32>,
}

/// A setting and its source.
#[derive(Debug, Serialize)]
struct Sourced<T> {
    value: T,
    source: String,
}

impl Resolved {
    pub(super) fn new(profile: &SsoProfile) -> Result<Self, ConfigError> {
        let settings = profile.settings();
        let variant = EndpointVariant::default()
            .with_fips(settings.use_fips.value)
            .with_dual_stack(settings.use_dual_stack.value);
        let portal = Endpoint::portal(profile.region(), variant);
        let portal = endpoint(settings.portal_endpoint.as_ref(), &portal)?;
        let oidc = Endpoint::oidc(profile.region(), variant.for_oidc(profile.start_url()));
        let oidc = endpoint(settings.oidc_endpoint.as_ref(), &oidc)?;
        let key = profile
            .sso_session()
            .map_or_else(|| CacheKey::for_start_url(profile.start_url()), CacheKey::for_session);
        let (account_id, role_name) = profile.role().unzip();
        Ok(Self {
            kind: if account_id.is_some() { "sso_credentials" } else { "sso_token" },
            session_name: profile.sso_session().map(ToString::to_string),
            start_url: profile.start_url().to_string(),
            region: profile.region().to_string(),
            account_id: account_id.map(ToString::to_string),
            role_name: role_name.map(ToString::to_string),
            registration_scopes: profile.registration_scopes().to_vec(),
            cache_key: key.as_str().to_owned(),
            cache_file_name: key.file_name(),
            endpoints: Endpoints { portal: portal.value.clone(), oidc: oidc.value.clone() },
            settings: sources(settings, portal, oidc),
            warnings: profile.warnings().iter().map(ToString::to_string).collect(),
        })
    }

    /// Renders the values as tables.
    pub(super) fn render(&self, profile: &SsoProfile) -> String {
        let mut table = Table::new(["PROFILE", profile.profile_name()]);
        let or_none = |value: &Option<String>| value.clone().unwrap_or_else(|| "(none)".to_owned());
        for (name, value) in [
            ("kind", self.kind.to_owned()),
            ("session name", or_none(&self.session_name)),
            ("start URL", self.start_url.clone()),
            ("region", self.region.clone()),
            ("account id", or_none(&self.account_id)),
            ("role name", or_none(&self.role_name)),
            ("registration scopes", self.registration_scopes.join(", ")),
            ("cache key", self.cache_key.clone()),
            ("cache file name", self.cache_file_name.clone()),
        ] {
            table.row([name.into(), value.into()]);
        }
        let mut out = table.render();
        out.push('\n');
        let mut table = Table::new(["SETTING", "VALUE", "FROM"]);
        let Sources { portal_endpoint, oidc_endpoint, max_attempts, .. } = &self.settings;
        let Sources { use_fips_endpoint, use_dualstack_endpoint, ca_bundle, .. } = &self.settings;
        let bundle = or_none(&ca_bundle.value);
        for (name, value, source) in [
            ("portal endpoint", portal_endpoint.value.clone(), &portal_endpoint.source),
            ("OIDC endpoint", oidc_endpoint.value.clone(), &oidc_endpoint.source),
            ("use FIPS endpoint", use_fips_endpoint.value.to_string(), &use_fips_endpoint.source),
            (
                "use dual-stack endpoint",
                use_dualstack_endpoint.value.to_string(),
                &use_dualstack_endpoint.source,
            ),
            ("CA bundle", bundle, &ca_bundle.source),
            ("max attempts", max_attempts.value.to_string(), &max_attempts.source),
        ] {
            table.row([name.into(), value.into(), source.into()]);
        }
        out.push_str(&table.render());
        for warning in &self.warnings {
            let _ = writeln!(out, "{FAIR}warning:{FAIR:#} {}", printable(warning));
        }
        out
    }
}

/// Returns the configured URL of the service, or else the URL for the region.
fn endpoint(
    set: Option<&Setting<String>>,
    of_region: &Endpoint,
) -> Result<Sourced<String>, ConfigError> {
    let Some(set) = set else {
        let source = SettingSource::Default.to_string();
        return Ok(Sourced { value: of_region.url().to_owned(), source });
    };
    let source = set.source.to_string();
    let endpoint: Endpoint =
        set.value.parse().map_err(|error: EndpointError| error.with_origin(&source))?;
    Ok(Sourced { value: endpoint.url().to_owned(), source })
}

fn sources(settings: &Settings, portal: Sourced<String>, oidc: Sourced<String>) -> Sources {
    let bundle = settings.ca_bundle.as_ref();
    Sources {
        portal_endpoint: portal,
        oidc_endpoint: oidc,
        use_fips_endpoint: sourced(&settings.use_fips),
        use_dualstack_endpoint: sourced(&settings.use_dual_stack),
        ca_bundle: Sourced {
            value: bundle.map(|bundle| bundle.value.display().to_string()),
            source: bundle.map_or(&SettingSource::Default, |bundle| &bundle.source).to_string(),
        },
        max_attempts: sourced(&settings.max_attempts),
    }
}

fn sourced<T: Copy>(setting: &Setting<T>) -> Sourced<T> {
    Sourced { value: setting.value, source: setting.source.to_string() }
}
