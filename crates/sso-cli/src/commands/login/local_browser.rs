//! Determines whether a browser can reach a listener on this machine.

use std::path::Path;

use sso_types::Environment;

/// Files that container engines create in each container.
const CONTAINER_FILES: [&str; 2] = ["/.dockerenv", "/run/.containerenv"];

/// Returns the reason why no browser can reach 127.0.0.1 on this machine, or `None` if one can. The
/// reason starts a sentence.
pub(super) fn why_unreachable(environment: &Environment) -> Option<&'static str> {
    let is_set = |name| environment.var_os(name).is_some();
    if is_set("SSH_CONNECTION") || is_set("SSH_TTY") {
        return Some("this is an SSH session");
    }
    if is_set("CODESPACES") {
        return Some("this is a codespace");
    }
    if is_set("KUBERNETES_SERVICE_HOST")
        || is_set("container")
        || CONTAINER_FILES.iter().any(|file| Path::new(file).exists())
    {
        return Some("this is a container");
    }
    if is_set("BROWSER") || !cfg!(target_os = "linux") {
        return None;
    }
    // WSL needs no special case: WSLg sets DISPLAY, and the browser on Windows reaches 127.0.0.1 here.
    let has_display = is_set("DISPLAY") || is_set("WAYLAND_DISPLAY");
    (!has_display).then_some("there is no display")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn over_ssh_and_in_a_container_no_browser_is_reachable() {
        for (variable, reason) in [
            ("SSH_CONNECTION", "this is an SSH session"),
            ("SSH_TTY", "this is an SSH session"),
            ("KUBERNETES_SERVICE_HOST", "this is a container"),
            ("CODESPACES", "this is a codespace"),
        ] {
            let environment = Environment::from_iter([(variable, "x"), ("DISPLAY", ":0")]);
            assert_eq!(why_unreachable(&environment), Some(reason), "{variable}");
        }
    }
}
