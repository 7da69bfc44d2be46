// The AWS SDK for JavaScript, asked for one thing:
// `client.mjs version | credentials PROFILE | process PROFILE | token PROFILE`.
// Prints one line of JSON: what it got, or {"error": ...} with exit code 1.

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
  const { fromSSO } = await import("@aws-sdk/credential-providers");
  return { access_key_id: (await fromSSO({ profile })()).accessKeyId };
}

async function credentialProcess(profile) {
  const { fromProcess } = await import("@aws-sdk/credential-providers");
  return { access_key_id: (await fromProcess({ profile })()).accessKeyId };
}

async function token(profile) {
  const { fromSso } = await import("@aws-sdk/token-providers");
  return { access_token: (await fromSso({ profile })()).token };
}

const actions = { version, credentials, process: credentialProcess, token };
try {
  const [action, ...rest] = process.argv.slice(2);
  console.log(JSON.stringify(await actions[action](...rest)));
} catch (error) {
  console.log(JSON.stringify({ error: `${error.name}: ${error.message}` }));
  process.exitCode = 1;
}
