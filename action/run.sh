#!/usr/bin/env bash
# Checks the manifests, and compares them with those of the branch that the change goes to. Leaves a page for a comment,
# and says where it is and how the check ended; fails only where sekisho could not run.
set -euo pipefail

sekisho=${SEKISHO:-sekisho}
since=${SEKISHO_CHANGED_SINCE:-}
fail_on=${SEKISHO_FAIL_ON:-warning}
folder=$(mktemp -d "${RUNNER_TEMP:-/tmp}/sekisho.XXXXXX")

paths=()
while read -r -a line; do
    paths+=("${line[@]}")
done <<<"${SEKISHO_PATHS:-.}"

# Runs sekisho. What was found is no reason to stop; that it could not run is.
found() {
    local status=0
    "$sekisho" "$@" || status=$?
    if [ "$status" -gt 1 ]; then
        exit "$status"
    fi
    return "$status"
}

options=(--format github --format md --output "$folder/check.md")
if [ -n "${SEKISHO_SARIF:-}" ]; then options+=(--format sarif --output "$SEKISHO_SARIF"); fi
if [ -n "${SEKISHO_BASELINE:-}" ]; then options+=(--baseline "$SEKISHO_BASELINE"); fi
if [ "$fail_on" != never ]; then options+=(--fail-on "$fail_on"); fi
if [ -n "$since" ] && [ "$since" != none ]; then options+=(--changed-since "$since"); fi

status=0
found check "${options[@]}" -- "${paths[@]}" || status=$?

# One comment has both; the marks by which the two would be found alone would only confuse.
{
    printf '<!-- sekisho -->\n'
    if [ -n "$since" ] && [ "$since" != none ]; then
        # Manifests that cannot be read are findings of the check, and cannot be compared.
        if "$sekisho" diff --git "$since...HEAD" --output md -- "${paths[@]}" >"$folder/diff.md" || [ $? -eq 1 ]; then
            grep -v '^<!-- sekisho ' "$folder/diff.md" || true
        else
            printf '### NetworkPolicy: not compared, for some manifests cannot be read\n'
        fi
        printf '\n'
    fi
    grep -v '^<!-- sekisho ' "$folder/check.md" || true
} >"$folder/comment.md"

printf 'status=%s\ncomment=%s\n' "$status" "$folder/comment.md" >>"${GITHUB_OUTPUT:-/dev/stdout}"
if [ -n "${GITHUB_STEP_SUMMARY:-}" ]; then cat "$folder/comment.md" >>"$GITHUB_STEP_SUMMARY"; fi
