#!/usr/bin/env bash
# Installs what the tests need, builds everything, checks the formatting, runs all tests, and closes with one line:
#   N passed, N failed, N skipped
# What it may not install it says once; the tests that need it are then skipped with the reason.
set -uo pipefail
cd "$(dirname "$0")/.."
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
log=$(mktemp -d)
trap 'rm -rf "$log"' EXIT

. tests/servers.sh

fail() {
    say "$1"
    tail -n 40 "$2"
    printf '0 passed, 1 failed, 0 skipped\n'
    exit 1
}

install_debian python3-grpcio python3-protobuf
command -v node >/dev/null && command -v npm >/dev/null || install_debian nodejs npm
if command -v npm >/dev/null; then
    say "installing the JavaScript gRPC client"
    npm install --prefix tests/Interop/js --no-audit --no-fund --no-save >"$log/npm" 2>&1 ||
        say "npm failed ($(tail -n 1 "$log/npm")); the JavaScript interop tests are skipped"
fi

# The shared stores.
install_postgresql
fetch_dynamodb_local

bash eng/orleans.sh

say "building"
dotnet build Quota.sln -c Release -v quiet >"$log/build" 2>&1 || fail "the build failed" "$log/build"

say "checking the formatting"
dotnet format Quota.sln --verify-no-changes --no-restore >"$log/format" 2>&1 || fail "dotnet format would change files" "$log/format"

say "testing"
dotnet test Quota.sln -c Release --no-build 2>&1 | tee "$log/test"

# "Passed!  - Failed:     0, Passed:   310, Skipped:     0, Total:   310, …" once per test assembly.
passed=$(grep -E '^(Passed|Failed)!' "$log/test" | grep -oE 'Passed: +[0-9]+' | awk '{ n += $2 } END { print n + 0 }')
failed=$(grep -E '^(Passed|Failed)!' "$log/test" | grep -oE 'Failed: +[0-9]+' | awk '{ n += $2 } END { print n + 0 }')
skipped=$(grep -E '^(Passed|Failed|Skipped)!' "$log/test" | grep -oE 'Skipped: +[0-9]+' | awk '{ n += $2 } END { print n + 0 }')
# A test host that crashed reports no counts: three assemblies must have closed.
closed=$(grep -cE '^(Passed|Failed)!' "$log/test")
[ "$closed" -ge 3 ] || { say "a test assembly did not finish"; failed=$((failed + 1)); }
# One that crashed half-way reports what had passed until then.
grep -qE 'Test Run Aborted|test run was aborted' "$log/test" && { say "a test process crashed"; failed=$((failed + 1)); }
printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
