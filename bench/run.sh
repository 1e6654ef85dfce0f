#!/usr/bin/env bash
# Installs the load generators and the peers that the benchmark compares with, builds Release, and runs it.
# Options: --quick (about two minutes), --part name (decision, hierarchy, records, journal, unary, latency,
# stream, shared, restart, admin, usage; may be repeated), --executor orleans (the part shared measures an Orleans cluster as well,
# where the package feed serves Orleans),
# --json path (default bench/results/bench.json). What cannot be installed is said, and what needs it is skipped.
set -euo pipefail
cd "$(dirname "$0")/.."
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# say; and the stores of the part `shared`.
log_file=$log
log=$(mktemp -d)
. tests/servers.sh
install_postgresql
fetch_dynamodb_local
rm -rf "$log"
log=$log_file

missing=()
for package in nghttp2-client nginx-light redis-server redis-tools; do
    case $package in
        nghttp2-client) program=h2load ;;
        nginx-light) program=nginx ;;
        redis-server) program=redis-server ;;
        redis-tools) program=redis-benchmark ;;
    esac
    PATH="$PATH:/usr/sbin" command -v "$program" >/dev/null || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        say "not installed: ${missing[*]} (needs root and apt-get)"
    else
        say "installing ${missing[*]}"
        # The services of the packages are not wanted, only their programs.
        if ! { apt-get update -qq && RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
            say "not installed: ${missing[*]} ($(tail -n 1 "$log"))"
        fi
    fi
fi

say "building"
dotnet build bench/Bench -c Release -v quiet >"$log" 2>&1 || { tail -n 40 "$log"; exit 1; }
if [[ " $* " == *" --executor orleans "* ]]; then
    bash eng/orleans.sh
    grep -q '<Orleans>true' obj/orleans.props || { say "--executor orleans: quota-orleans is not built here"; exit 1; }
    dotnet build src/Silo.Orleans -c Release -v quiet >"$log" 2>&1 || { tail -n 40 "$log"; exit 1; }
fi
rm -f "$log"
PATH="$PATH:/usr/sbin" exec bench/Bench/bin/Release/net10.0/Quota.Bench "$@"
