#!/usr/bin/env bash
# Throughput and latency of POST /v1/clearances, durable in SQLite, with client and server on one machine.
#
#   tests/benches/clearances.sh [PATH-OF-paratope]
#
# Needs Debian's `hey`, and python3 for its SQLite. First as fast as it goes; then at half of that rate, where the percentiles mean
# something; then as fast as it goes in turns without and with: the rows of audit events, and a candidate in the shadow of every order.
set -euo pipefail
cd "$(dirname "$0")/../.."
paratope=${1:-${CARGO_TARGET_DIR:-target}/debug/paratope}
case=host/server/demo/cases/01-inpatient-start.json
for tool in hey python3; do
  command -v $tool >/dev/null || { echo "missing: $tool. Install it with: sudo apt-get install $tool" >&2; exit 1; }
done
data=$(mktemp -d)
port=$((20000 + RANDOM % 20000))
url=http://127.0.0.1:$port
trap 'kill $server 2>/dev/null; wait $server 2>/dev/null; rm -rf "$data"' EXIT
start() {
  "$paratope" --data "$data" serve --listen "127.0.0.1:$port" >>"$data/log" 2>&1 &
  server=$!
  for _ in $(seq 200); do curl -sf "$url/health/ready" >/dev/null && break; sleep 0.1; done
}
stop() { kill "$server"; wait "$server" || true; }
sql() { python3 -c 'import sqlite3, sys; sqlite3.connect(sys.argv[1]).executescript(sys.argv[2])' "$data/paratope.db" "$1"; }
"$paratope" --data "$data" demo >/dev/null
start

post() { hey -m POST -T application/json -D "$case" "$@" "$url/v1/clearances"; }
summary() { grep -E 'Requests/sec|50%|95%|99%|\[[0-9]+\]' | sed 's/^/  /'; }

post -n 2000 -c 8 >/dev/null
echo "as fast as it goes, 16 connections:"
full=$(post -z 15s -c 16)
summary <<<"$full"
rate=$(awk '/Requests\/sec/ { printf "%d", $2 }' <<<"$full")
echo "half of that rate, 8 connections:"
post -z 15s -c 8 -q $((rate / 2 / 8)) | summary
# Whatever else changes on the machine changes for both: five short turns of each.
turns() { # WITHOUT WITH
  local without=0 with=0 rate
  for _ in 1 2 3 4 5; do
    "$1"
    rate=$(post -z 6s -c 16 | awk '/Requests\/sec/ { print $2 }')
    without=$(awk "BEGIN { print $without + $rate }")
    "$2"
    rate=$(post -z 6s -c 16 | awk '/Requests\/sec/ { print $2 }')
    with=$(awk "BEGIN { print $with + $rate }")
  done
  awk "BEGIN { printf \"  %.0f/s without, %.0f/s with: %.3f of the rate\n\", $without / 5, $with / 5, $with / $without }"
}
# An event is hashed all the same; what falls away is that it is kept.
unaudited() { stop; sql "create trigger dropped before insert on audit_events begin select raise(ignore); end"; start; }
audited() { stop; sql "drop trigger dropped"; start; }
echo "audit events:"
turns unaudited audited
cp -r plugins/payers/aetna "$data/candidate"
sed -i 's/^version = .*/version = "0.1.1"/' "$data/candidate/plugin.toml"
"$paratope" --data "$data" plugin build "$data/candidate" -o "$data/candidate.wasm" >/dev/null
"$paratope" --data "$data" plugin publish "$data/candidate.wasm" >/dev/null
alone() { [ -z "${shadow:-}" ] || "$paratope" --data "$data" plugin end-shadow "$shadow" >/dev/null; }
shadowed() { shadow=$("$paratope" --data "$data" plugin shadow aetna 0.1.1 --budget 1000000 | cut -d: -f1); }
echo "every order in the shadow of a candidate:"
turns alone shadowed
echo "stored: $(du -k "$data"/paratope.db* | awk '{ sum += $1 } END { print sum " KiB" }')"
