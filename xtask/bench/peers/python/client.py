"""botocore, for `cargo xtask bench`:
`version | cold | warm THREADS MILLISECONDS | uncached COUNT | concurrent COUNT | config COUNT`.

The profile is AWS_PROFILE's. `cold` prints credentials as credential_process does; the others print
one line of JSON, {"ns": [...]}: nanoseconds per operation, one sample a batch.
"""

import json
import os
import sys
import threading
import time


def session():
    import botocore.session

    return botocore.session.Session()


def version():
    import platform

    import botocore

    print(f"botocore {botocore.__version__}, Python {platform.python_version()}")


def cold():
    got = session().get_credentials().get_frozen_credentials()
    print(json.dumps({"Version": 1, "AccessKeyId": got.access_key,
                      "SecretAccessKey": got.secret_key, "SessionToken": got.token}))


def on_threads(threads, work):
    all_samples = []
    running = [threading.Thread(target=lambda: all_samples.extend(work())) for _ in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    return all_samples


def warm(threads, milliseconds):
    credentials = session().get_credentials()
    credentials.get_frozen_credentials()

    def work():
        samples, started = [], time.perf_counter_ns()
        while time.perf_counter_ns() - started < milliseconds * 1_000_000:
            batch = time.perf_counter_ns()
            for _ in range(200):
                credentials.get_frozen_credentials()
            samples.append((time.perf_counter_ns() - batch) / 200)
        return samples

    return on_threads(threads, work)


def timed(count, work):
    samples = []
    for _ in range(count):
        started = time.perf_counter_ns()
        work()
        samples.append(time.perf_counter_ns() - started)
    return samples


def uncached(count):
    """A new credentials object of the same session each time, so that nothing is in memory."""
    one = session()

    def work():
        one._credentials = None
        one.get_credentials().get_frozen_credentials()

    work()
    return timed(count, work)


def concurrent(count):
    credentials = session().get_credentials()
    started = time.perf_counter_ns()
    on_threads(count, lambda: [credentials.get_frozen_credentials() and 0])
    return [time.perf_counter_ns() - started]


def config(count):
    """As a session does: read and parse the files, build the map of profiles, take one."""

    def work():
        found = session().full_config["profiles"][os.environ["AWS_PROFILE"]]
        assert found["sso_account_id"]

    return timed(count, work)


def cache_of(file):
    """botocore's cache of JSON files, and the key of one of them."""
    from botocore.utils import JSONFileCache

    directory, name = os.path.split(file)
    return JSONFileCache(working_dir=directory), os.path.splitext(name)[0]


def path(count):
    from botocore.utils import JSONFileCache, SSOTokenLoader

    cache = JSONFileCache()
    loader = SSOTokenLoader(cache=cache)
    return timed(
        count * 20,
        lambda: cache._convert_cache_key(loader._generate_cache_key(None, "dev-session")),
    )


def token_load(count, file):
    cache, key = cache_of(file)
    return timed(count, lambda: cache[key])


def token_store(count, file):
    """Without a lock and without fsync, which botocore has not."""
    cache, key = cache_of(file)
    token = cache[key]
    return timed(count, lambda: cache.__setitem__(key, token))


role_load = token_load


def main():
    name, *arguments = sys.argv[1:]
    arguments = [int(it) if it.isdigit() else it for it in arguments]
    samples = globals()[name.replace("-", "_")](*arguments)
    if samples is not None:
        print(json.dumps({"ns": samples}))


main()
