//! Runs Python scripts with botocore.

use std::process::{Child, Command, Output, Stdio};

use sso_emulator::Home;

/// Prints the access key ID that botocore resolves for a profile.
pub(crate) const RESOLVE: &str = "
import sys, botocore.session
session = botocore.session.Session(profile=sys.argv[1])
session.set_config_variable('region', 'us-east-1')
frozen = session.get_credentials().get_frozen_credentials()
print(frozen.access_key)
";

/// Refreshes the token of a profile, prints "spent", and writes the new token when stdin is closed.
pub(crate) const REFRESH_AND_WAIT: &str = "
import sys, botocore.session
def wait(**_):
    print('spent', flush=True)
    sys.stdin.read()
session = botocore.session.Session(profile=sys.argv[1])
session.set_config_variable('region', 'us-east-1')
session.register('after-call.sso-oidc.CreateToken', wait)
session.get_credentials().get_frozen_credentials()
";

/// Starts a script with the home's environment.
pub(crate) fn spawn(home: &Home, script: &str, arguments: &[&str]) -> Child {
    let mut command = Command::new("python3");
    command.arg("-c").arg(script).args(arguments);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("AWS_") {
            command.env_remove(name);
        }
    }
    command.envs(home.environment.iter().cloned());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().expect("python3 runs")
}

pub(crate) fn run(home: &Home, script: &str, arguments: &[&str]) -> Output {
    spawn(home, script, arguments).wait_with_output().expect("python3 ends")
}
