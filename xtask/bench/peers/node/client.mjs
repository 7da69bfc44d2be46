// The AWS SDK for JavaScript, for `cargo xtask bench`:
// version | cold | warm THREADS MILLISECONDS | uncached COUNT | concurrent COUNT.
// The profile is AWS_PROFILE's, the packages are those below BENCH_NODE_MODULES. `cold` prints
// credentials as credential_process does; the others print one line of JSON, {"ns": [...]}.

import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(join(process.env.BENCH_NODE_MODULES, "any.js"));
const name = "@aws-sdk/credential-providers";
const fromSSO = () => require(name).fromSSO();

function version() {
  const file = join(process.env.BENCH_NODE_MODULES, "node_modules", name, "package.json");
  console.log(`${name} ${require(file).version}, Node.js ${process.version}`);
}

async function cold() {
  const got = await fromSSO()();
  console.log(JSON.stringify({
    Version: 1,
    AccessKeyId: got.accessKeyId,
    SecretAccessKey: got.secretAccessKey,
    SessionToken: got.sessionToken,
    Expiration: got.expiration.toISOString(),
  }));
}

// What a client does before each request: asks the memoized provider.
async function memoized() {
  const { memoize } = createRequire(require.resolve(name))("@smithy/core/config");
  const near = (it) => it.expiration !== undefined && it.expiration.getTime() - Date.now() < 300000;
  return memoize(fromSSO(), near, (it) => it.expiration !== undefined);
}

async function warm(threads, milliseconds) {
  if (threads !== 1) throw new Error("one thread only");
  const provider = await memoized();
  await provider();
  const samples = [];
  for (const started = performance.now(); performance.now() - started < milliseconds; ) {
    const batch = performance.now();
    for (let at = 0; at < 2000; at++) await provider();
    samples.push(((performance.now() - batch) * 1e6) / 2000);
  }
  return samples;
}

async function uncached(count) {
  const provider = fromSSO();
  await provider();
  const samples = [];
  for (let at = 0; at < count; at++) {
    const started = performance.now();
    await provider();
    samples.push((performance.now() - started) * 1e6);
  }
  return samples;
}

async function concurrent(count) {
  const provider = await memoized();
  const started = performance.now();
  await Promise.all(Array.from({ length: count }, () => provider()));
  return [(performance.now() - started) * 1e6];
}

const actions = { version, cold, warm, uncached, concurrent };
const [action, ...rest] = process.argv.slice(2);
const samples = await actions[action](...rest.map(Number));
if (samples) console.log(JSON.stringify({ ns: samples }));
