#!/usr/bin/env bash
# Fuzzes every target: tests/fuzz/run.sh [SECONDS]. Without a time it makes the same few thousand inputs each time, which is what CI
# wants. The seeds are the documents and orders of the tree.
# With cargo-fuzz and a nightly compiler, `cargo fuzz run --fuzz-dir tests/fuzz label` does the same with a sanitizer.
set -euo pipefail
cd "$(dirname "$0")/../.."
length=(-runs=3000 -seed=1)
if [ $# -gt 0 ]; then length=("-max_total_time=$1"); fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
target=${CARGO_TARGET_DIR:-target}
targets=(label policy component request)
# The whole workspace is named so that every dependency has the features it was built with before.
RUSTC_WORKSPACE_WRAPPER="$PWD/tests/fuzz/sancov" cargo build --locked --workspace "${targets[@]/#/--bin=}"

mkdir -p "$work"/seeds/{label,policy,component,request}
for file in plugins/products/*/label/*.toml; do cp "$file" "$work/seeds/label/$(tr / _ <<<"$file")"; done
find plugins/payers/*/policy -name '*.toml' | while read -r file; do cp "$file" "$work/seeds/policy/$(tr / _ <<<"$file")"; done
cp host/server/demo/cases/*.json "$work/seeds/request/"
# A component small enough to be taken apart.
printf '\x00asm\x0d\x00\x01\x00' >"$work/seeds/component/empty"

for name in "${targets[@]}"; do
  echo "fuzz $name"
  mkdir -p "$work/corpus/$name"
  "$target/debug/$name" "${length[@]}" -max_len=65536 -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix="$work/" "$work/corpus/$name" "$work/seeds/$name" 2>&1 | tail -n 6 ||
    { cat "$work"/crash-* 2>/dev/null | head -c 2000; exit 1; }
done
