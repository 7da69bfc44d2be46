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


def main():
    name, *arguments = sys.argv[1:]
    samples = globals()[name](*map(int, arguments))
    if samples is not None:
        print(json.dumps({"ns": samples}))


main()
