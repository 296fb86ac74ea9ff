#!/usr/bin/env bash
# Writes the page at $SEKISHO_COMMENT as a comment on a pull request: over the one of the last run, where there is one.
# It is known by its first line.
set -euo pipefail

mark='<!-- sekisho -->'
# GitHub refuses a comment of more characters.
limit=65000
issue="repos/$SEKISHO_REPOSITORY/issues/$SEKISHO_PULL_REQUEST/comments"

body=$(mktemp)
trap 'rm -f "$body"' EXIT
if [ "$(wc -m <"$SEKISHO_COMMENT")" -gt "$limit" ]; then
    # Whole lines, and no fold left open.
    head -c "$limit" "$SEKISHO_COMMENT" | sed '$d' >"$body"
    printf '\n</details>\n\n**The rest does not fit into a comment**: see the summary of the run.\n' >>"$body"
else
    cp "$SEKISHO_COMMENT" "$body"
fi

# Only the first page may have one, or any other: all are looked at.
old=$(gh api "$issue" --paginate --jq ".[] | select(.body | startswith(\"$mark\")) | .id")
old=${old%%$'\n'*}
if [ -n "$old" ]; then
    gh api --method PATCH "repos/$SEKISHO_REPOSITORY/issues/comments/$old" --field body=@"$body" >/dev/null
else
    gh api --method POST "$issue" --field body=@"$body" >/dev/null
fi
