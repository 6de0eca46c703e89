#!/bin/sh
# Writes the three locks: every release with the hashes of its files, for every supported Python, without addresses.
#   requirements-build.lock   what builds durable-rules and Signpost itself
#   requirements.lock         what Signpost runs on
#   requirements-dev.lock     that, and what tests and checks it
# Arguments go on to `uv pip compile`, for example --upgrade or --upgrade-package flask.
set -eu
cd "$(dirname "$0")/.."

compile() {
    output=$1
    shift
    uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
        --no-emit-index-url --no-emit-find-links --output-file "$output" "$@"
}

compile requirements-build.lock --group build "$@"
compile requirements.lock pyproject.toml "$@"
compile requirements-dev.lock --constraints requirements.lock --group dev pyproject.toml "$@"
