#!/usr/bin/env bash
# Prints every row of the target table, side by side in one run: what ./dev bench runs.
#   tests/bench/run.sh BUILD_FOLDER [--quick] [--rounds N] [--only ROW…] [--json FILE]
set -euo pipefail
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
# The baseline needs Debian's Python packages, which another python3 on the PATH does not see.
python=/usr/bin/python3
[[ -x $python ]] || python=python3
exec "$python" "$here/run.py" "$@"
