//! Logins with headless Chromium, through the pages of an interactive emulator.
//!
//! Each test leaves pictures of its pages in cargo's directory for temporary files of tests.

use sso_emulator::Emulator;
use sso_login::{FinishedLogin, Flow, Login, LoginError};
use tokio::task::JoinHandle;

use crate::scene::{Scene, User};
use crate::web_driver::Chromium;

async fn interactive() -> Scene {
    Scene::with(Emulator::builder().interactive(true)).await
}

/// Starts a login. Returns its result, later, and the user who sees its page.
fn start(login: Login) -> (JoinHandle<Result<FinishedLogin, LoginError>>, User) {
    let user = User::default();
    let seen = user.clone();
    (tokio::spawn(async move { login.run(&seen).await }), user)
}

/// The page must be able to do nothing: it has no script, and Chromium runs none that is put into
/// it. Its own style is applied.
fn is_inert(chromium: &Chromium) {
    assert_eq!(chromium.evaluate("document.scripts.length"), 0);
    let script = "(() => { const script = document.createElement('script'); \
                   script.textContent = 'window.hasRun = true'; document.body.append(script); \
                   return window.hasRun === undefined })()";
    assert_eq!(chromium.evaluate(script), true);
    let style = "getComputedStyle(document.body).maxWidth";
    assert!(chromium.evaluate(style).as_str().unwrap().ends_with("px"), "the style is refused");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs chromium"]
async fn allow_logs_in_and_reload_and_back_change_nothing() {
    let scene = interactive().await;
    let (login, user) = start(scene.login().build());
    let chromium = Chromium::start();

    chromium.open(&user.page().await);
    let consent = chromium.wait_for("ssocreds-dev-session");
    chromium.picture("authorize");
    chromium.reload();
    assert_eq!(chromium.wait_for("Allow"), consent, "a reload does not decide");
    assert_eq!(scene.emulator.counts().create_token, 0);
    assert_eq!(chromium.console(), [""; 0]);

    chromium.press("allow");
    let end = chromium.wait_for("You are logged in");
    assert!(end.contains("dev-session"), "{end}");
    chromium.picture("logged-in");
    is_inert(&chromium);
    let finished = login.await.unwrap().unwrap();
    assert_eq!(finished.token().access_token(), scene.token().access_token());

    // The listener is closed. The user's next clicks reach nothing and spend nothing.
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
async fn deny_ends_the_login_and_back_and_allow_come_too_late() {
    let scene = interactive().await;
    let (login, user) = start(scene.login().build());
    let chromium = Chromium::start();
    chromium.open(&user.page().await);
    chromium.press("deny");
    chromium.wait_for("The login was denied");
    chromium.picture("denied");
    is_inert(&chromium);
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
async fn a_request_of_another_page_is_rejected_and_the_login_goes_on() {
    let scene = interactive().await;
    let (login, user) = start(scene.login().build());
    let chromium = Chromium::start();
    let page = user.page().await;
    let listener = user.listener().await;
    chromium.open(&format!("http://{listener}/oauth/callback?code=stolen&state=guessed"));
    chromium.wait_for("This request is not accepted");
    chromium.picture("rejected");
    is_inert(&chromium);
    chromium.back();

    chromium.open(&page);
    chromium.press("allow");
    chromium.wait_for("You are logged in");
    login.await.unwrap().unwrap();
    assert_eq!(scene.emulator.counts().create_token, 1);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs chromium"]
async fn a_user_code_is_typed_and_decided_once() {
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
        chromium.picture(&format!("device-{first}"));
        chromium.press(first);
        let end = chromium.wait_for(end_page);
        chromium.picture(&format!("device-{first}-end"));
        is_inert(&chromium);
        chromium.reload();
        assert_eq!(chromium.wait_for(end_page), end);

        // Back to the page with the buttons, if Chromium still has it: the decision stays.
        chromium.back();
        let _ = chromium.try_to_press(other);
        let outcome = login.await.unwrap();
        assert_eq!(outcome.is_ok(), first == "allow", "{outcome:?}");
        assert!(matches!(outcome, Ok(_) | Err(LoginError::Denied)), "{outcome:?}");
    }
}
