#!/usr/bin/env bash
# The page of an explanation of the demo, in a real browser as a phone has it; the pictures stay in build/artefacts.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."
page=$PWD/build/artefacts/explanation.html
ASSENT_DEMO_PAGE=$page ./dev demo
./dev screenshot "$page" build/artefacts
