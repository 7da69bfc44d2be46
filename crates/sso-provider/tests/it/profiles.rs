//! The credentials of a profile, with real files and sockets.

use std::process::Command;
use std::sync::Barrier;
use std::time::{Duration, Instant};

use sso_emulator::{Emulator, Home, Operation, ScriptedAnswer, TokenState};
use sso_provider::{ConfigError, CredentialsError, ProfileProviders};
use sso_types::Environment;
use tempfile::TempDir;
use tokio::runtime::Builder;

async fn home(state: TokenState, tls: bool) -> (Emulator, TempDir, Home) {
    let emulator = Emulator::builder().rotate_refresh_tokens(true).tls(tls).start().await.unwrap();
    let directory = TempDir::new().unwrap();
    let home = emulator.write_home(directory.path(), state).unwrap();
    (emulator, directory, home)
}

fn providers(home: &Home, profile: &str) -> Result<ProfileProviders, ConfigError> {
    let environment: Environment = home.environment.iter().cloned().collect();
    ProfileProviders::builder().environment(environment).profile(profile).build()
}

#[tokio::test]
async fn session_and_legacy_profiles_give_credentials() {
    for tls in [false, true] {
        let (emulator, _directory, home) = home(TokenState::Valid, tls).await;
        for profile in [&home.profile, &home.legacy_profile] {
            let provider = providers(&home, profile).unwrap().credentials_cache().unwrap();
            let credentials = provider.retrieve().await.unwrap();
            assert!(emulator.owner_of(credentials.access_key_id()).is_some());
        }
        assert_eq!(emulator.counts().create_token, 0);
    }
}

#[tokio::test]
async fn role_credentials_are_written_only_if_the_cache_is_on() {
    let (_emulator, directory, home) = home(TokenState::Valid, false).await;
    let environment: Environment = home.environment.iter().cloned().collect();
    let cli = directory.path().join("cli");
    for is_on in [false, true] {
        let builder =
            ProfileProviders::builder().environment(environment.clone()).profile(&home.profile);
        let providers = builder.role_credentials_cache(is_on).role_cache_dir(&cli).build().unwrap();
        assert_eq!(providers.role_credentials_file().is_some(), is_on);
        providers.credentials_provider().unwrap().retrieve().await.unwrap();
        assert_eq!(cli.exists(), is_on);
    }
}

/// A retrieval must not use a pooled connection of another runtime. While that runtime is not driven,
/// it would wait for 10 to 21 seconds.
#[test]
fn threads_with_their_own_runtimes_share_the_providers_of_a_profile() {
    const THREADS: usize = 4;
    let serving = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (emulator, _directory, home) = serving.block_on(home(TokenState::Valid, false));
    let providers = providers(&home, &home.profile).unwrap();
    let turn = Barrier::new(THREADS);
    let retrieve_in_turn = |own: usize| {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let provider = providers.credentials_provider().unwrap();
        let mut longest = Duration::ZERO;
        for other in 0..4 * THREADS {
            if other % THREADS == own {
                let started = Instant::now();
                // Not unwrapped here, because the other threads would wait forever at the barrier.
                let result = runtime.block_on(provider.retrieve());
                longest =
                    longest.max(if result.is_ok() { started.elapsed() } else { Duration::MAX });
            }
            turn.wait();
        }
        longest
    };
    let longest = std::thread::scope(|scope| {
        let spawn = |own| scope.spawn(move || retrieve_in_turn(own));
        let threads: Vec<_> = (0..THREADS).map(spawn).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).max().unwrap()
    });
    assert_eq!(emulator.counts().get_role_credentials, 4 * THREADS as u64);
    assert!(longest < Duration::from_secs(5), "the longest retrieval took {longest:?}");
}

#[tokio::test]
async fn an_expired_token_of_a_session_is_refreshed_and_a_legacy_one_is_not() {
    let (emulator, _directory, home) = home(TokenState::Expired, false).await;
    let session = providers(&home, &home.profile).unwrap();
    session.credentials_provider().unwrap().retrieve().await.unwrap();
    assert_eq!(emulator.counts().create_token, 1);
    let legacy = providers(&home, &home.legacy_profile).unwrap();
    let error = legacy.credentials_provider().unwrap().retrieve().await.unwrap_err();
    assert_eq!(error.login_command(), Some("aws sso login --profile legacy"));
}

/// In any order of lost answers (504) and refusals (503).
#[tokio::test]
async fn a_refresh_makes_at_most_the_configured_number_of_attempts() {
    for statuses in [[503, 503, 503], [504, 504, 504], [504, 503, 503], [503, 504, 503]] {
        let (emulator, _directory, home) = home(TokenState::Expired, false).await;
        for status in statuses.into_iter().chain([503; 6]) {
            let answer = ScriptedAnswer::status(status).retry_after(Duration::ZERO);
            emulator.fault_next(Operation::CreateToken, 1, answer);
        }
        let session = providers(&home, &home.profile).unwrap();
        let error = session.token_provider().retrieve_bearer_token().await.unwrap_err();
        assert!(error.is_transient(), "{error:?}");
        assert_eq!(emulator.counts().create_token, 3);
    }
    let (emulator, _directory, home) = home(TokenState::Expired, false).await;
    for status in [503, 504] {
        let answer = ScriptedAnswer::status(status).retry_after(Duration::ZERO);
        emulator.fault_next(Operation::CreateToken, 1, answer);
    }
    let session = providers(&home, &home.profile).unwrap();
    session.token_provider().retrieve_bearer_token().await.unwrap();
    assert_eq!(emulator.counts().create_token, 3);
}

#[tokio::test]
async fn a_profile_without_account_and_role_provides_only_tokens() {
    let (_emulator, _directory, home) = home(TokenState::Valid, false).await;
    let mut config = std::fs::read_to_string(&home.config_file).unwrap();
    config += "\n[profile bearer]\nsso_session = dev-session\n";
    std::fs::write(&home.config_file, config).unwrap();
    let bearer = providers(&home, "bearer").unwrap();
    bearer.token_provider().retrieve_bearer_token().await.unwrap();
    let error = bearer.credentials_provider().unwrap_err();
    assert!(matches!(error, ConfigError::TokenOnly { .. }), "{error:?}");

    let environment: Environment = home.environment.iter().cloned().collect();
    let session = ProfileProviders::builder().environment(environment).sso_session("dev-session");
    session.build().unwrap().token_provider().retrieve_bearer_token().await.unwrap();
}

#[tokio::test]
async fn a_missing_profile_is_a_configuration_error() {
    let (_emulator, _directory, home) = home(TokenState::Valid, false).await;
    let error = CredentialsError::from(providers(&home, "devso").unwrap_err());
    assert!(error.is_configuration() && !error.needs_login());
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains("devsso"), "names the most similar profile: {source}");
}

/// Set for the process that [`from_profile_and_from_env_read_the_process_environment`] starts.
const CHILD: &str = "SSO_PROVIDER_TEST_CHILD";

#[tokio::test]
async fn child_process() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    let by_name = sso_provider::from_profile("devsso").await.unwrap();
    let by_variable = sso_provider::from_env().await.unwrap();
    by_name.retrieve().await.unwrap();
    by_variable.retrieve().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn from_profile_and_from_env_read_the_process_environment() {
    let (emulator, _directory, home) = home(TokenState::Valid, false).await;
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "profiles::child_process"])
        .env_clear()
        .envs(home.environment.iter().cloned())
        .env("AWS_PROFILE", &home.profile)
        .env(CHILD, "1")
        .status()
        .unwrap();
    assert!(status.success());
    assert_eq!(emulator.counts().get_role_credentials, 2);
}
