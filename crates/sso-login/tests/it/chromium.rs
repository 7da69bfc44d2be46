//! Logins with headless Chromium, through the pages of an interactive emulator.
//!
//! Each test writes screenshots to `login-pages` in `CARGO_TARGET_TMPDIR`.

use sso_emulator::Emulator;
use sso_login::{FinishedLogin, Flow, Login, LoginError};
use tokio::task::JoinHandle;

use crate::scene::{Scene, User};
use crate::web_driver::Chromium;

async fn interactive() -> Scene {
    Scene::with(Emulator::builder().interactive(true)).await
}

/// Starts a login. Returns its task, and the user to whom the page is shown.
fn start(login: Login) -> (JoinHandle<Result<FinishedLogin, LoginError>>, User) {
    let user = User::default();
    let seen = user.clone();
    (tokio::spawn(async move { login.run(&seen).await }), user)
}

/// Checks that the page has no script, that its policy blocks an inserted script, and that its
/// style is applied.
fn check_is_inert(chromium: &Chromium) {
    assert_eq!(chromium.evaluate("document.scripts.length"), 0);
    let script = "(() => { const script = document.createElement('script'); \
                   script.textContent = 'window.hasRun = true'; document.body.append(script); \
                   return window.hasRun === undefined })()";
    assert_eq!(chromium.evaluate(script), true);
    let style = "getComputedStyle(document.body).maxWidth";
    assert!(chromium.evaluate(style).as_str().unwrap().ends_with("px"), "the style is not applied");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs chromium"]
async fn allow_logs_in_once_despite_reload_and_back() {
    let scene = interactive().await;
    let (login, user) = start(scene.login().build());
    let chromium = Chromium::start();

    chromium.open(&user.page().await);
    let consent = chromium.wait_for("ssocreds-dev-session");
    chromium.screenshot("authorize");
    chromium.reload();
    assert_eq!(chromium.wait_for("Allow"), consent, "a reload neither allows nor denies");
    assert_eq!(scene.emulator.counts().create_token, 0);
    assert_eq!(chromium.console(), [""; 0]);

    chromium.press("allow");
    let end = chromium.wait_for("You are logged in");
    assert!(end.contains("dev-session"), "{end}");
    chromium.screenshot("logged-in");
    check_is_inert(&chromium);
    let finished = login.await.unwrap().unwrap();
    assert_eq!(finished.token().access_token(), scene.token().access_token());

    // The listener is closed, so further clicks have no effect.
    let token = scene.token();
    let listener = user.listener().await;
    chromium.reload();
    chromium.wait_for("ERR_CONNECTION_REFUSED");
    chromium.back();
    assert!(chromium.url().starts_with(&scene.emulator.oidc_url()), "{}", chromium.url());
    assert_eq!(chromium.wait_for("Allow"), consent);
    chromium.press("allow");
    chromium.wait_for("ERR_CONNECTION_REFUSED");
    assert!(chromium.url().contains(&listener), "{}", chromium.url());
    assert_eq!(scene.token().access_token(), token.access_token());
    assert_eq!(scene.emulator.counts().create_token, 1);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs chromium"]
async fn deny_ends_the_login_and_a_later_allow_has_no_effect() {
    let scene = interactive().await;
    let (login, user) = start(scene.login().build());
    let chromium = Chromium::start();
    chromium.open(&user.page().await);
    chromium.press("deny");
    chromium.wait_for("The login was denied");
    chromium.screenshot("denied");
    check_is_inert(&chromium);
    assert!(matches!(login.await.unwrap(), Err(LoginError::Denied)));

    chromium.back();
    chromium.wait_for("Allow");
    chromium.press("allow");
    chromium.wait_for("ERR_CONNECTION_REFUSED");
    assert_eq!(scene.emulator.counts().create_token, 0);
    assert!(scene.token_file.load().unwrap_err().is_not_found());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs chromium"]
async fn a_request_with_a_wrong_state_is_rejected_and_the_login_continues() {
    let scene = interactive().await;
    let (login, user) = start(scene.login().build());
    let chromium = Chromium::start();
    let page = user.page().await;
    let listener = user.listener().await;
    chromium.open(&format!("http://{listener}/oauth/callback?code=stolen&state=guessed"));
    chromium.wait_for("This request is not accepted");
    chromium.screenshot("rejected");
    check_is_inert(&chromium);
    chromium.back();

    chromium.open(&page);
    chromium.press("allow");
    chromium.wait_for("You are logged in");
    login.await.unwrap().unwrap();
    assert_eq!(scene.emulator.counts().create_token, 1);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs chromium"]
async fn a_user_code_is_allowed_or_denied_only_once() {
    let scene = interactive().await;
    let chromium = Chromium::start();
    for (first, other, end_page) in
        [("allow", "deny", "Request allowed"), ("deny", "allow", "Request denied")]
    {
        let (login, user) = start(scene.login().flow(Flow::DeviceCode).build());
        chromium.open(&user.page().await);
        let code = scene.emulator.pending_devices().pop().unwrap();
        chromium.submit("user_code", &code.to_lowercase());
        chromium.wait_for(&code);
        chromium.screenshot(&format!("device-{first}"));
        chromium.press(first);
        let end = chromium.wait_for(end_page);
        chromium.screenshot(&format!("device-{first}-end"));
        check_is_inert(&chromium);
        chromium.reload();
        assert_eq!(chromium.wait_for(end_page), end);

        // If Chromium still has the page with the buttons, another click does not change the
        // decision.
        chromium.back();
        let _ = chromium.try_to_press(other);
        let outcome = login.await.unwrap();
        assert_eq!(outcome.is_ok(), first == "allow", "{outcome:?}");
        assert!(matches!(outcome, Ok(_) | Err(LoginError::Denied)), "{outcome:?}");
    }
}
