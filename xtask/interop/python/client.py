"""boto3, asked for one thing: `client.py version | credentials PROFILE | token PROFILE | watch`.

Prints one line of JSON: what it got, or {"error": ...} with exit code 1. `watch` prints a line for the
credentials of the default chain every half second.
"""

import json
import sys


def version():
    import boto3
    import botocore

    return {"version": f"boto3 {boto3.__version__}, botocore {botocore.__version__}"}


def credentials(profile):
    import boto3

    found = boto3.Session(profile_name=profile).get_credentials()
    if found is None:
        raise LookupError("boto3 found no credentials (get_credentials() is None)")
    return {"access_key_id": found.get_frozen_credentials().access_key}


def token(profile):
    import botocore.session

    found = botocore.session.Session(profile=profile).get_auth_token()
    if found is None:
        raise LookupError("botocore found no token (get_auth_token() is None)")
    return {"access_token": found.get_frozen_token().token}


def watch():
    import time

    import boto3

    session = boto3.Session()
    while True:
        try:
            found = session.get_credentials()
            if found is None:
                raise LookupError("boto3 found no credentials (get_credentials() is None)")
            line = {"access_key_id": found.get_frozen_credentials().access_key}
        except Exception as error:
            line = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(line), flush=True)
        time.sleep(0.5)


def main():
    try:
        print(json.dumps(globals()[sys.argv[1]](*sys.argv[2:])))
    except Exception as error:  # whatever it is, it is what the caller came for
        print(json.dumps({"error": f"{type(error).__name__}: {error}"}))
        sys.exit(1)


main()
