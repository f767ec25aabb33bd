#!/bin/sh
# run_cel_spec.sh RUNNER DATA: cel-spec's cases below $WAYMARK_DATA, or else below DATA; exits with 77 where there are none.
set -eu
cases="${WAYMARK_DATA:-$2}/cel_spec/cases.jsonl"
if [ ! -r "$cases" ]; then
  echo "SKIPPED: there is no $cases"
  exit 77
fi
exec "$1" --own "$cases"
