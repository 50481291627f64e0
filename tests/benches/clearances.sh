#!/usr/bin/env bash
# Throughput and latency of POST /v1/clearances, durable in SQLite, with client and server on one machine.
#
#   tests/benches/clearances.sh [PATH-OF-paratope]
#
# Needs Debian's `hey`. First as fast as it goes; then at half of that rate, where the percentiles mean something; then as fast as it goes
# with a candidate in the shadow of every order.
set -euo pipefail
cd "$(dirname "$0")/../.."
paratope=${1:-${CARGO_TARGET_DIR:-target}/debug/paratope}
case=host/server/demo/cases/01-inpatient-start.json
command -v hey >/dev/null || { echo "missing: hey. Install it with: sudo apt-get install hey" >&2; exit 1; }
data=$(mktemp -d)
port=$((20000 + RANDOM % 20000))
url=http://127.0.0.1:$port
trap 'kill $server 2>/dev/null; wait $server 2>/dev/null; rm -rf "$data"' EXIT
"$paratope" --data "$data" demo >/dev/null
"$paratope" --data "$data" serve --listen "127.0.0.1:$port" >"$data/log" 2>&1 &
server=$!
for _ in $(seq 200); do curl -sf "$url/health/ready" >/dev/null && break; sleep 0.1; done

post() { hey -m POST -T application/json -D "$case" "$@" "$url/v1/clearances"; }
summary() { grep -E 'Requests/sec|50%|95%|99%|\[[0-9]+\]' | sed 's/^/  /'; }

post -n 2000 -c 8 >/dev/null
echo "as fast as it goes, 16 connections:"
full=$(post -z 15s -c 16)
summary <<<"$full"
rate=$(awk '/Requests\/sec/ { printf "%d", $2 }' <<<"$full")
echo "half of that rate, 8 connections:"
post -z 15s -c 8 -q $((rate / 2 / 8)) | summary
cp -r plugins/payers/aetna "$data/candidate"
sed -i 's/^version = .*/version = "0.1.1"/' "$data/candidate/plugin.toml"
"$paratope" --data "$data" plugin build "$data/candidate" -o "$data/candidate.wasm" >/dev/null
"$paratope" --data "$data" plugin publish "$data/candidate.wasm" >/dev/null
"$paratope" --data "$data" plugin shadow aetna 0.1.1 --budget 1000000 >/dev/null
echo "as fast as it goes, 16 connections, every order in the shadow of a candidate:"
post -z 15s -c 16 | summary
echo "stored: $(du -k "$data"/paratope.db* | awk '{ sum += $1 } END { print sum " KiB" }')"
