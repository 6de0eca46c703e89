#!/bin/sh
# Looks up the locked dependencies in the advisory database (needs the network). Usage: deploy/audit.sh PYTHON
# Exit status: 0 no known vulnerability, 1 some, 2 not checked.
set -u
tools=$(mktemp -d) && trap 'rm -rf "$tools"' EXIT
"$1" -m venv "$tools/venv" && "$tools/venv/bin/pip" install -qq --disable-pip-version-check "pip-audit>=2.9" 2>"$tools/pip" || {
    echo "not checked: pip-audit cannot be installed: $(tail -n 1 "$tools/pip")" >&2
    exit 2
}
status=0
for lock in requirements.lock requirements-durable-rules.lock requirements-otel.lock requirements-dev.lock requirements-build.lock requirements-helm.lock; do
    # --strict: by default, a package that the service does not know counts as free of vulnerabilities.
    timeout 300 "$tools/venv/bin/pip-audit" --disable-pip --require-hashes --strict --progress-spinner off --timeout 15 -r "$lock" \
        >"$tools/found" 2>"$tools/errors"
    result=$?
    if [ "$result" -eq 0 ]; then
        echo "$lock: no known vulnerability"
    elif grep -q "Fix Versions" "$tools/found"; then
        echo "$lock: $(cat "$tools/found")"
        [ "$status" -eq 2 ] || status=1
    else
        echo "$lock: not checked: the advisory service gave no answer ($(tail -n 1 "$tools/errors" | cut -c 1-200))" >&2
        exit 2
    fi
done
exit "$status"
