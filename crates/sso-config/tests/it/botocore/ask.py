"""Prints what botocore reads from config files.

Each line of standard input is a directory with a `config` and a `credentials` file. Each answer is
a line `case DIRECTORY`, then either `refused` or one line for each section and each property, fields
separated by tabs; then an empty line.
"""

import logging
import os
import sys

import botocore.session
from botocore.exceptions import BotoCoreError

KINDS = {"profiles": "profile", "sso_sessions": "sso-session", "services": "services"}


def escape(text):
    text = text.replace("\\", "\\\\").replace("\n", "\\n")
    return text.replace("\r", "\\r").replace("\t", "\\t")


def lines(full_config):
    for group, kind in KINDS.items():
        for name, properties in full_config.get(group, {}).items():
            yield [kind, name]
            for key, value in properties.items():
                if isinstance(value, dict):
                    yield [kind, name, key, "{}"]
                    for sub_key, sub_value in value.items():
                        yield [kind, name, key, sub_key, sub_value]
                else:
                    yield [kind, name, key, value]


def answer(session, directory):
    # A new session for each directory would take most of the time.
    session._config = None
    session.set_config_variable("config_file", os.path.join(directory, "config"))
    session.set_config_variable("credentials_file", os.path.join(directory, "credentials"))
    try:
        return ["\t".join(map(escape, line)) for line in lines(session.full_config)]
    except BotoCoreError:
        return ["refused"]


def main():
    logging.disable(logging.CRITICAL)
    for variable in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[variable]
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")
    session = botocore.session.Session()
    for directory in sys.stdin.read().splitlines():
        print("case " + directory)
        for line in answer(session, directory):
            print(line)
        print()


if __name__ == "__main__":
    main()
