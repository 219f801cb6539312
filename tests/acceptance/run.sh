#!/usr/bin/env bash
# What the issues call done, at full scale: one line an item, with its figure. Called by ./dev acceptance.
#
#   run.sh BUILD_FOLDER [ISSUE|ISSUE/ITEM]…     such as: main, main/kmeans
#
# An item is an executable in a folder here, named for its number in the issue and what it shows. It may print what it likes; its
# last line is the figure. Exit status 0: passed; 77: cannot be shown here (the last line says why); else failed. It finds
# the programs in $ASSENT_BUILD, the data sets in $ASSENT_DATA_DIR, and sets ASSENT_TEST_CASES for GoogleTest programs
# itself. The whole output of each item is kept in build/artefacts/acceptance/.
set -uo pipefail
build=$1
shift
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit
ASSENT_BUILD=$PWD/$build
ASSENT_DATA_DIR=${ASSENT_DATA_DIR:-$PWD/../shared/data}
export ASSENT_BUILD ASSENT_DATA_DIR PYTHONDONTWRITEBYTECODE=1
logs=build/artefacts/acceptance
mkdir -p "$logs"

wanted() {
  local item=$1 choice
  shift
  (($#)) || return 0
  for choice in "$@"; do
    [[ $item == "$choice"/* || $item == "${choice%%/*}"/[0-9]*-"${choice#*/}" ]] && return 0
  done
  return 1
}

passed=0 failed=0 skipped=0
for file in tests/acceptance/*/[0-9]*; do
  item=${file#tests/acceptance/}
  item=${item%.*}
  wanted "$item" "$@" || continue
  log=$logs/${item//\//-}.txt
  start=$SECONDS
  "$file" >"$log" 2>&1 </dev/null
  case $? in
    0) verdict=PASS passed=$((passed + 1)) ;;
    77) verdict=SKIP skipped=$((skipped + 1)) ;;
    *) verdict=FAIL failed=$((failed + 1)) ;;
  esac
  printf '%s  %-26s %s  (%d s)\n' "$verdict" "$item" "$(tail -n 1 "$log")" $((SECONDS - start))
done
printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
((failed == 0 && passed > 0))
