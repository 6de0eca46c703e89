#!/bin/sh
# Writes the lock files: each release with the hashes of its files, for Python 3.11 and later, without URLs.
#   requirements-build.lock           build tools of durable-rules and Signpost
#   requirements.lock                 runtime dependencies
#   requirements-dev.lock             runtime dependencies, the extra `otel`, tests and linters
#   requirements-helm.lock            what `make helm` unpacks for the tests of the Helm chart
#   requirements-contracts.lock       the tools of `make contracts`; those for Node.js are in tests/contract/tools
#   requirements-bench.lock           what `make bench` compares Signpost with
#   requirements-durable-rules.lock   the extra `durable-rules`, which needs a C compiler
#   requirements-otel.lock            the extra `otel`, which the image contains
# Passes its arguments to `uv pip compile`, for example --upgrade or --upgrade-package flask.
set -eu
cd "$(dirname "$0")/.."

compile() {
    output=$1
    shift
    uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
        --no-emit-index-url --no-emit-find-links --output-file "$output" "$@"
}

compile requirements-build.lock --group build "$@"
compile requirements-helm.lock --no-deps --group helm "$@"
compile requirements-contracts.lock --group contracts "$@"
compile requirements-bench.lock --group bench "$@"
compile requirements.lock pyproject.toml "$@"
compile requirements-dev.lock --constraints requirements.lock --group dev --extra otel pyproject.toml "$@"
for extra in durable-rules otel; do
    python3 -c 'import sys, tomllib
project = tomllib.load(open("pyproject.toml", "rb"))["project"]
print(*project["optional-dependencies"][sys.argv[1]], sep="\n")' "$extra" \
        | compile "requirements-$extra.lock" --constraints requirements-dev.lock - "$@"
done
