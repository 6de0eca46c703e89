#!/bin/sh
# Tries to install durable-rules for a Python: deploy/install_durable_rules.sh .venv/bin/python
# Signpost runs without it, so a failure prints one line and is not an error. With CI=true, a failed build with a compiler
# and a supported Python is an error: otherwise its tests would be skipped.
set -eu
cd "$(dirname "$0")/.."
python=$1
log=$(dirname "$(dirname "$python")")/durable-rules.log

if "$python" -m pip install --disable-pip-version-check --require-hashes --no-build-isolation \
    -r requirements-durable-rules.lock >"$log" 2>&1 && "$python" -c 'import durable_rules_engine' 2>>"$log"; then
    exit 0
fi

fatal=no
if ! "$python" -c 'import sys; sys.exit(sys.version_info >= (3, 13))'; then
    reason="it does not work on Python 3.13 and later"
elif ! command -v cc >/dev/null && ! command -v gcc >/dev/null; then
    reason="it needs a C compiler"
else
    reason="its build failed, see $log"
    fatal=${CI:-no}
fi
if [ "$fatal" = true ]; then
    cat "$log" >&2
    echo "durable-rules is not installed: $reason. CI=true requires it" >&2
    exit 1
fi
echo "durable-rules is not installed: $reason. Signpost uses its compiled engine, which gives the same advice" >&2
