//! Completions in real shells: commands, options, and names from the config files.

use std::path::Path;
use std::process::Command;

use sso_emulator::TokenState;

use crate::program::{Scene, binary};

/// Runs a script in a shell that finds the program by its name.
async fn run(shell: &[&str], script: &str) -> String {
    let scene = Scene::new(TokenState::Missing).await;
    scene.configure("[profile \"two words\"]\nsso_session = dev-session\n");
    scene.configure("[profile '$(id)']\nsso_account_id = 12`id`\n[sso-session 'dev;id']\n");
    let directory = binary().parent().and_then(Path::to_str).unwrap();
    let path = format!("{directory}:{}", std::env::var("PATH").unwrap());
    let output = Command::new(shell[0])
        .args(&shell[1..])
        .arg(script)
        .env_clear()
        .envs(scene.home.environment.iter().cloned())
        .env("PATH", path)
        .output()
        .unwrap();
    format!(
        "{}{}",
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap()
    )
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs bash"]
async fn bash_completes_names_from_the_files() {
    let complete = |line: &str| {
        format!(
            "eval \"$(ssocreds completions bash)\"; COMP_WORDS=({line}); \
             COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); COMP_TYPE=9; \
             _clap_complete_ssocreds ssocreds \"${{COMP_WORDS[COMP_CWORD]}}\"; printf '%s\\n' \"${{COMPREPLY[@]}}\""
        )
    };
    let shell = ["bash", "--norc", "-c"];
    let found = run(&shell, &complete("ssocreds export --profile ''")).await;
    assert!(found.contains("devsso") && found.contains("two words"), "{found}");
    assert!(!found.contains("id)"), "{found}");
    let found = run(&shell, &complete("ssocreds token --sso-session dev")).await;
    assert_eq!(found.trim(), "dev-session");
    let found = run(&shell, &complete("ssocreds roles --account-id 12")).await;
    assert_eq!(found.trim(), "123456789012");
    let found = run(&shell, &complete("ssocreds cred")).await;
    assert_eq!(found.trim(), "credential-process");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs fish"]
async fn fish_completes_names_from_the_files() {
    let complete =
        |line: &str| format!("ssocreds completions fish | source; complete --do-complete {line:?}");
    let shell = ["fish", "--no-config", "-c"];
    let found = run(&shell, &complete("ssocreds export --profile ")).await;
    assert!(found.contains("devsso") && found.contains("two words"), "{found}");
    assert!(!found.contains("id)"), "{found}");
    let found = run(&shell, &complete("ssocreds token --sso-session dev")).await;
    assert_eq!(found.trim(), "dev-session");
    let found = run(&shell, &complete("ssocreds cred")).await;
    assert!(found.starts_with("credential-process"), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs zsh"]
async fn zsh_completes_names_from_the_files() {
    // zsh's `_describe` shows the candidates. It needs a terminal, so the test replaces it.
    let complete = |line: &str, current: usize| {
        format!(
            "autoload -Uz compinit; compinit -u -D; eval \"$(ssocreds completions zsh)\"; \
             _describe() {{ local array=$@[-1]; print -l -- ${{(P)array}} }}; \
             words=({line}); CURRENT={current}; _clap_dynamic_completer_ssocreds"
        )
    };
    let shell = ["zsh", "-f", "-c"];
    let found = run(&shell, &complete("ssocreds export --profile ''", 4)).await;
    assert!(found.contains("devsso") && found.contains("two words"), "{found}");
    assert!(!found.contains("id)"), "{found}");
    let found = run(&shell, &complete("ssocreds cred", 2)).await;
    assert!(found.contains("credential-process"), "{found}");
}
