#!/usr/bin/env bash
# Every check that reads the sources without running them. Called by ./dev lint, which installs the tools.
# Runs all checks and fails at the end if one of them did.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit
failed=()

check() {
  local name=$1 start=$SECONDS
  shift
  if "$@"; then
    printf 'lint: %s: clean (%d s)\n' "$name" $((SECONDS - start))
  else
    printf 'lint: %s: FAILED\n' "$name"
    failed+=("$name")
  fi
}

listed() { git ls-files -co --exclude-standard -- "$@"; }

formatted() { listed '*.cc' '*.h' | xargs -r clang-format --dry-run -Werror 2>&1 | grep "error:" | cut -d: -f1 | uniq -c; return "${PIPESTATUS[1]}"; }

# Needs the generated message headers and the list of compile commands, not a full build.
tidy() {
  cmake --preset lint --log-level=WARNING >/dev/null || return
  cmake --build build/lint --target assent_grpc_proto assent_internal_proto >/dev/null || return
  sed -n 's/^ *"file": "\(.*\/Unity\/.*\)",*$/\1/p' build/lint/compile_commands.json |
    xargs -r -n 1 -P "${JOBS:-$(nproc)}" clang-tidy -p build/lint --quiet --extra-arg=-Wno-unknown-warning-option 2> >(grep -v 'warnings generated' >&2)
}

scripts() {
  { listed '*.sh' '.ci/run' dev; } | sort -u | xargs -r shellcheck --external-sources
}

prometheus() {
  promtool check config deploy/prometheus.yml >/dev/null && # and the rules that it names
    listed 'deploy/prometheus/*_test.yml' | xargs promtool test rules >/dev/null
}

python() { listed '*.py' | xargs -r python3 -m py_compile; }

check 'C++ format' formatted
check 'protos' tests/house/node_modules/.bin/buf lint
check 'scripts' scripts
check 'python' python
check 'prometheus' prometheus
check 'C++' tidy

((${#failed[@]} == 0)) || {
  printf 'lint: failed: %s\n' "${failed[*]}"
  exit 1
}
