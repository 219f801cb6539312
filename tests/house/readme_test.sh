#!/usr/bin/env bash
# Runs the `sh` blocks of README.md in order, in one shell, as a stranger would paste them; on free ports instead of 7400 to 7402.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
work=$(mktemp -d)
# Every process that the commands leave behind ends with this script.
trap 'jobs -p | xargs -r kill 2>/dev/null; rm -rf "$work"' EXIT

read -r data control metrics < <(/usr/bin/python3 - <<'PYTHON'
import socket
sockets = [socket.socket() for _ in range(3)]
for one in sockets:
    one.bind(("127.0.0.1", 0))
print(*(one.getsockname()[1] for one in sockets))
PYTHON
)
export ASSENT_TARGET=127.0.0.1:$data ASSENT_CONTROL=127.0.0.1:$control TMPDIR=$work

awk '/^```/ { inside = ($0 == "```sh"); next } inside' README.md |
  sed "s/127\.0\.0\.1:7400/127.0.0.1:$data/; s/127\.0\.0\.1:7401/127.0.0.1:$control/; s/127\.0\.0\.1:7402/127.0.0.1:$metrics/" \
    >"$work/commands"
[[ -s $work/commands ]]

# Job control for %1; -e: a command that fails fails the test; -v: the output shows what was run.
set -m -v
# shellcheck disable=SC1091
source "$work/commands"
set +v
echo "README: every command ran"
