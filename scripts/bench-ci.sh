#!/usr/bin/env bash
# Regression suites in CI: what action.yml and .ci/run call. From the environment, all of it optional:
#
#   SUITE     files or names of suites, in words (default: all of bench/*.yaml)
#   BASELINE  a baseline, where there is one suite (default: baselines/SUITE.json beside it)
#   REPORT    where the report goes, as JSON
#   JUNIT     the same as JUnit XML
#
# Exit code: that of mmulate bench. 1 = a regression, 2 = cannot be compared.
set -euo pipefail

main=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)/dist/src/cli/main.js
arguments=(bench)
if [[ -n ${SUITE-} ]]; then
  read -ra suites <<<"$SUITE"
  arguments+=("${suites[@]}")
fi
if [[ -n ${BASELINE-} ]]; then arguments+=(--baseline "$BASELINE"); fi
if [[ -n ${REPORT-} ]]; then arguments+=(--reporter "json=$REPORT"); fi
if [[ -n ${JUNIT-} ]]; then arguments+=(--reporter "junit=$JUNIT"); fi
# Annotations go to stdout, where GitHub looks for them, and the summary to the job's page.
if [[ ${GITHUB_ACTIONS-} == true ]]; then arguments+=(--reporter github); fi

exec node "$main" "${arguments[@]}"
