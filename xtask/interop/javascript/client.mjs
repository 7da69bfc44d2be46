// The AWS SDK for JavaScript, asked for one thing:
// `client.mjs version | credentials PROFILE | token PROFILE | watch`.
// Prints one line of JSON: what it got, or {"error": ...} with exit code 1. `watch` prints a line for
// the credentials of the default chain every half second.
// And `client.mjs configs` for its reader of config files.

import { readFileSync } from "node:fs";

const packages = ["credential-providers", "token-providers"];

async function version() {
  const one = (name) => {
    const file = new URL(`node_modules/@aws-sdk/${name}/package.json`, import.meta.url);
    return `@aws-sdk/${name} ${JSON.parse(readFileSync(file)).version}`;
  };
  return { version: `${packages.map(one).join(", ")} (Node.js ${process.version})` };
}

async function credentials(profile) {
  const { fromIni } = await import("@aws-sdk/credential-providers");
  return { access_key_id: (await fromIni({ profile })()).accessKeyId };
}

async function token(profile) {
  const { fromSso } = await import("@aws-sdk/token-providers");
  return { access_token: (await fromSso({ profile })()).token };
}

async function watch() {
  const { fromNodeProviderChain } = await import("@aws-sdk/credential-providers");
  const provider = fromNodeProviderChain();
  for (;;) {
    let line;
    try {
      line = { access_key_id: (await provider()).accessKeyId };
    } catch (error) {
      line = { error: `${error.name}: ${error.message}` };
    }
    console.log(JSON.stringify(line));
    await new Promise((resume) => setTimeout(resume, 500));
  }
}

// Answers each line of standard input, a directory and a profile, with what the SDK reads from the files
// `config` and `credentials` there: a line of values, or "error".
async function configs() {
  const { loadSsoSessionData, parseKnownFiles } = await import("@smithy/core/config");
  for (const line of readFileSync(0, "utf8").split("\n").filter(Boolean)) {
    const [directory, name] = line.split("\t");
    const files = {
      filepath: `${directory}/credentials`,
      configFilepath: `${directory}/config`,
      ignoreCache: true,
    };
    try {
      const profile = (await parseKnownFiles(files))[name];
      const login = (await loadSsoSessionData(files))[profile.sso_session] ?? profile;
      const { sso_session, sso_account_id, sso_role_name, region } = profile;
      const values = [sso_session, sso_account_id, sso_role_name, region, login.sso_start_url, login.sso_region];
      console.log(values.map((value) => value ?? "").join("\t").replaceAll("\n", "\\n"));
    } catch {
      console.log("error");
    }
  }
}

if (process.argv[2] === "configs") {
  await configs();
  process.exit();
}

const actions = { version, credentials, token, watch };
try {
  const [action, ...rest] = process.argv.slice(2);
  console.log(JSON.stringify(await actions[action](...rest)));
} catch (error) {
  console.log(JSON.stringify({ error: `${error.name}: ${error.message}` }));
  process.exitCode = 1;
}
