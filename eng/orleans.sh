#!/usr/bin/env bash
# Finds out whether the package feed serves Orleans, by restoring what the Orleans executor needs, and writes the answer to
# obj/orleans.props, which eng/Orleans.props reads. Says in one line if it does not. Orleans=true or false in the environment decides
# by hand.
set -uo pipefail
cd "$(dirname "$0")/.."
answer=${Orleans:-}
if [ -z "$answer" ]; then
    log=$(mktemp)
    trap 'rm -f "$log"' EXIT
    if dotnet restore eng/orleans-probe/OrleansProbe.proj --ignore-failed-sources -v quiet >"$log" 2>&1; then
        answer=true
    else
        answer=false
        missing=$(grep -oE 'Unable to find package [A-Za-z.]*[A-Za-z]' "$log" | awk '{ print $5 }' | sort -u | head -n 3 | paste -sd ' ')
        printf '== Orleans executor: not built: packages not served (%s)\n' "${missing:-$(tail -n 1 "$log")}"
    fi
fi
mkdir -p obj
new="<Project><PropertyGroup><Orleans>$answer</Orleans></PropertyGroup></Project>"
# Only written when it changes: projects are not built anew for nothing.
[ "$(cat obj/orleans.props 2>/dev/null)" = "$new" ] || printf '%s\n' "$new" >obj/orleans.props
