//! The container recipe of docs/RECIPES.md, with network namespaces instead of containers: the endpoint
//! listens at 169.254.170.2, and the clients run in another namespace.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use sso_emulator::TokenState;

use crate::program::Scene;

const NAME: &str =
    "container::clients_in_another_network_namespace_get_credentials_from_169_254_170_2";
/// Set when this test runs itself again in a network namespace.
const IS_INSIDE: &str = "SSOCREDS_TEST_IS_INSIDE";

/// Prints the access key ID that botocore's default chain finds.
const BOTOCORE: &str =
    "import botocore.session as b; print(b.Session().get_credentials().access_key)";

/// A process that ends with the test.
struct Background(Child);

impl Drop for Background {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The network namespace of a client. A pair of virtual interfaces connects it to this process.
struct ClientNetwork(Background);

impl ClientNetwork {
    fn new() -> Self {
        for command in [
            "ip link set lo up",
            "ip link add sidecar type veth peer name app",
            "ip addr add 169.254.170.2/24 dev sidecar",
            "ip link set sidecar up",
        ] {
            run(command);
        }
        let mut sleeping = Command::new("unshare");
        let this = Self(Background(sleeping.args(["--net", "sleep", "600"]).spawn().unwrap()));
        let id = this.0.0.id();
        // The namespace exists once it differs from that of this process.
        let network = |process: &str| fs::read_link(format!("/proc/{process}/ns/net")).unwrap();
        wait_until(|| network(&id.to_string()) != network("self"));
        run(&format!("ip link set app netns {id}"));
        for command in
            ["ip addr add 169.254.170.3/24 dev app", "ip link set app up", "ip link set lo up"]
        {
            run(&format!("nsenter --target {id} --net {command}"));
        }
        this
    }

    /// Runs a program in this namespace, with only the variables of the recipe.
    fn run(&self, words: &[&str], variables: &[(&str, &str)], home: &Path) -> Output {
        let id = self.0.0.id().to_string();
        let mut command = Command::new("nsenter");
        command.args(["--target", &id, "--net"]).args(words).env_clear().env("HOME", home);
        command.env("AWS_EC2_METADATA_DISABLED", "true");
        command.env("PATH", std::env::var_os("PATH").unwrap());
        command.envs(variables.iter().copied()).output().unwrap()
    }
}

fn run(command: &str) {
    let words: Vec<_> = command.split(' ').collect();
    assert!(Command::new(words[0]).args(&words[1..]).status().unwrap().success(), "{command}");
}

fn wait_until(mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !done() {
        assert!(Instant::now() < deadline, "timed out");
        sleep(Duration::from_millis(20));
    }
}

#[test]
#[ignore = "needs root, ip, unshare, botocore and the AWS CLI"]
fn clients_in_another_network_namespace_get_credentials_from_169_254_170_2() {
    if std::env::var_os(IS_INSIDE).is_some() {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        return runtime.block_on(inside());
    }
    let mut again = Command::new("unshare");
    again.arg("--net").arg(std::env::current_exe().unwrap()).args(["--exact", NAME, "--ignored"]);
    let output = again.env(IS_INSIDE, "1").output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

async fn inside() {
    let network = ClientNetwork::new();
    let scene = Scene::new(TokenState::Valid).await;
    let token_file: PathBuf = scene.path("token");
    let mut serve = scene.command(&["serve", "--profile", "devsso", "--allow-non-loopback"]);
    serve.args(["--listen", "169.254.170.2:80", "--token-file"]).arg(&token_file);
    let _serve = Background(serve.stdout(Stdio::null()).spawn().unwrap());
    wait_until(|| fs::read(&token_file).is_ok_and(|token| !token.is_empty()));

    let home = scene.path("empty");
    fs::create_dir(&home).unwrap();
    let token_file = ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", token_file.to_str().unwrap());
    let relative = ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/devsso");
    let botocore = ["python", "-c", BOTOCORE];
    let aws_cli = ["aws", "configure", "export-credentials"];
    for client in [&botocore, &aws_cli] {
        let output = network.run(client, &[relative, token_file], &home);
        let text = String::from_utf8_lossy(&output.stdout);
        let mut words = text.split(|c: char| !c.is_ascii_alphanumeric());
        assert!(words.any(|word| scene.emulator.owner_of(word).is_some()), "{output:?}");

        // Refused by the endpoint without the token, and by the SDK for a host that it does not know.
        let refused = network.run(client, &[relative], &home);
        assert!(!refused.status.success(), "{refused:?}");
        let by_name = ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://host.docker.internal/devsso");
        let refused = network.run(client, &[by_name, token_file], &home);
        let text = String::from_utf8_lossy(&refused.stderr);
        assert!(text.contains("Unsupported host"), "{refused:?}");
    }
}
