//! `ssocreds login`: logs in to an sso-session, or for a legacy profile.

mod local_browser;
mod prompt;
mod target;

use std::time::Duration;

use sso_login::{FinishedLogin, Flow, Login};
use sso_provider::ProfileProviders;

use self::prompt::TerminalPrompt;
pub(super) use self::target::Target;
use crate::arguments::LoginOptions;
use crate::browser::SystemBrowser;
use crate::context::{Context, now};
use crate::failure::Failure;
use crate::printable::printable;
use crate::stdout;
use crate::stop_signals::StopSignals;
use crate::times::with_distance;

pub(crate) fn run(context: &Context, options: &LoginOptions) -> Result<(), Failure> {
    for target in targets(context, options)? {
        let expires_at = log_in(context, options, &target)?;
        let name = printable(&target.name);
        let until = with_distance(expires_at, now());
        stdout::print(&format!("Logged in to {name} until {until}\n"))?;
    }
    Ok(())
}

/// Logs in for another command that needs a login.
pub(crate) fn run_for(context: &Context, sso_session: Option<&str>) -> Result<(), Failure> {
    let options = default_options(sso_session);
    let target = Target::resolve(context, sso_session)?;
    log_in(context, &options, &target).map(drop)
}

/// Logs in to a session of `config`, the text of a config file that is not written yet, unless there
/// is a valid login. Returns the providers of the session.
pub(super) fn log_in_if_needed(
    context: &Context,
    config: &str,
    sso_session: &str,
    use_device_code: bool,
    no_browser: bool,
) -> Result<ProfileProviders, Failure> {
    let target = Target::from_text(context, config, sso_session)?;
    // If the start URL was changed, the token is for another portal.
    let if_needed = is_for_portal(&target);
    let options = LoginOptions { use_device_code, no_browser, if_needed, ..default_options(None) };
    log_in(context, &options, &target)?;
    Ok(target.providers)
}

/// Returns the options of a login for another command.
fn default_options(sso_session: Option<&str>) -> LoginOptions {
    LoginOptions {
        sso_session: sso_session.map(str::to_owned),
        all: false,
        use_device_code: false,
        no_browser: false,
        port: None,
        if_needed: false,
        wait: 600,
        qr: false,
    }
}

fn targets(context: &Context, options: &LoginOptions) -> Result<Vec<Target>, Failure> {
    if !options.all {
        return Ok(vec![Target::resolve(context, options.sso_session.as_deref())?]);
    }
    Target::all(context, &context.shared_config()?).into_iter().collect()
}

/// Logs in, unless `--if-needed` is set and there is a valid login. Returns the expiry of the token.
fn log_in(
    context: &Context,
    options: &LoginOptions,
    target: &Target,
) -> Result<jiff::Timestamp, Failure> {
    if options.if_needed {
        let provider = target.providers.token_provider();
        let token =
            context.wait("checking the login", async |_| provider.retrieve_bearer_token().await)?;
        match token {
            Ok(token) => return Ok(token.expires_at()),
            Err(error) if error.needs_login() => {}
            Err(error) => return Err(error.into()),
        }
    }
    let timeout = Duration::from_secs(options.wait.max(1));
    let login = build_login(context, options, target, timeout);
    let finished = context.wait("logging in", async |progress| {
        let mut stop = StopSignals::install()?;
        let prompt = TerminalPrompt::new(progress.clone(), options.qr);
        tokio::select! {
            finished = login.run(&prompt) => finished.map_err(Failure::from),
            // The login removes its files when it is dropped.
            () = stop.received() => Err(Failure::LoginInterrupted),
        }
    })??;
    Ok(expiry(&finished))
}

/// Returns `false` if there is a token for another start URL than that of the session.
fn is_for_portal(target: &Target) -> bool {
    let token = target.providers.token_provider().token_file().load();
    token.map_or(true, |token| token.is_for_portal(target.session.start_url()))
}

fn build_login(
    context: &Context,
    options: &LoginOptions,
    target: &Target,
    timeout: Duration,
) -> Login {
    let port = options.port.or(target.redirect_port);
    let reason = if options.use_device_code || target.use_device_code {
        None
    } else if port.is_some() {
        // The user forwards this port to the machine with the browser.
        None
    } else {
        local_browser::why_unreachable(&context.environment)
    };
    let uses_device_code = options.use_device_code
        || (options.port.is_none() && target.use_device_code)
        || reason.is_some();
    if let Some(reason) = reason.filter(|_| target.session.name().is_some()) {
        prompt::note(&format!("{reason}; using a device code"));
    }
    let mut login = Login::builder(
        target.providers.https_client().clone(),
        target.session.clone(),
        target.providers.token_provider().token_file().clone(),
    )
    .endpoint_variant(target.variant)
    .retry_layer(target.providers.retry_layer().clone())
    .timeout(timeout);
    if let Some(endpoint) = &target.oidc_endpoint {
        login = login.oidc_endpoint(endpoint.clone());
    }
    if uses_device_code {
        login = login.flow(Flow::DeviceCode);
    }
    if let Some(port) = port {
        login = login.redirect_port(port);
    }
    if !options.no_browser
        && let Some(browser) = SystemBrowser::new(&context.environment)
    {
        login = login.browser(browser);
    }
    login.build()
}

fn expiry(finished: &FinishedLogin) -> jiff::Timestamp {
    finished.token().expires_at()
}
