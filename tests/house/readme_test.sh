#!/usr/bin/env bash
# Runs the `sh` blocks of README.md in order, in one shell, as a stranger would paste them, on free ports instead of 7400 to
# 7402, and checks that each line of a `text prints` block is printed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

read -r data control metrics < <(/usr/bin/python3 - <<'PYTHON'
import socket
sockets = [socket.socket() for _ in range(3)]
for one in sockets:
    one.bind(("127.0.0.1", 0))
print(*(one.getsockname()[1] for one in sockets))
PYTHON
)
export ASSENT_TARGET=127.0.0.1:$data ASSENT_CONTROL=127.0.0.1:$control TMPDIR=$work

# block INFO: the lines of the blocks that are marked so.
block() { awk -v fence="\`\`\`$1" '/^```/ { inside = ($0 == fence); next } inside' README.md; }

# What a failed command leaves running ends with the shell.
{
  echo "trap 'jobs -p | xargs -r kill 2>/dev/null' EXIT"
  block sh
} |
  sed "s/127\.0\.0\.1:7400/127.0.0.1:$data/; s/127\.0\.0\.1:7401/127.0.0.1:$control/; s/127\.0\.0\.1:7402/127.0.0.1:$metrics/" \
    >"$work/commands"
block 'text prints' >"$work/wanted"
[[ -s $work/commands && -s $work/wanted ]]

# -m: job control for %1; -e: a command that fails fails the test; -v: the output shows what was run.
bash -emv -o pipefail "$work/commands" 2>&1 | tee "$work/output"

while read -r line; do
  grep -qxF -- "$line" "$work/output" || {
    echo "README: nothing printed '$line'"
    exit 1
  }
done <"$work/wanted"
echo "README: every command ran, and printed what it says"
