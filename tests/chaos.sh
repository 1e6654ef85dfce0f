#!/usr/bin/env bash
# Installs what the harness needs, builds it, and runs it: first the table, then the faults; or what its arguments say (table or
# faults, and their options, which it prints if it does not understand them). --executor orleans needs the packages of Orleans, which not
# every feed serves (eng/orleans.sh).
set -uo pipefail
cd "$(dirname "$0")/.."
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
log=$(mktemp -d)
trap 'rm -rf "$log"' EXIT
. tests/servers.sh
install_postgresql
fetch_dynamodb_local
install_debian faketime
bash eng/orleans.sh
say "building"
dotnet build tests/Chaos -c Release -v quiet >"$log/build" 2>&1 || { tail -n 40 "$log/build"; exit 1; }
chaos() { dotnet tests/Chaos/bin/Release/net10.0/Quota.Chaos.dll "$@"; }
if [ $# -gt 0 ]; then
    chaos "$@"
else
    chaos table
    table=$?
    chaos faults && [ $table = 0 ]
fi
