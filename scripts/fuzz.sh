#!/bin/sh
# fuzz.sh SECONDS TARGET...: runs each fuzz target for that long, with its checked-in
# corpus as the start. What a fuzzer finds new goes to build/fuzz/corpus; an input that
# crashes is kept in build/fuzz and belongs in tests/fuzz/corpus once it is mended.
set -eu

seconds=$1
shift
[ $# -gt 0 ] || { echo 'fuzz.sh: there is no such target' >&2; exit 1; }
for target; do
  name=$(basename "$target")
  mkdir -p "build/fuzz/corpus/$name" "tests/fuzz/corpus/$name"
  echo "fuzz: $name, $seconds s"
  "$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 \
    -verbosity=0 -artifact_prefix="build/fuzz/$name-" \
    "build/fuzz/corpus/$name" "tests/fuzz/corpus/$name"
done
