#!/bin/sh
# services.sh BIN WORK: a whole private Sigstore on the loopback, until standard input ends.
#
# Two OpenID Connect issuers, Fulcio with a real certificate transparency log, Rekor 2, Rekor 1, a timestamp authority of
# Sigstore's with an ECDSA key and one of openssl's with an RSA key; the logs lie on Trillian, which lies on PostgreSQL.
# BIN is where install.sh put the programs, WORK a new directory that takes keys, certificates and what the programs say.
# Prints "up" when all of them answer. They end with standard input, so also when whoever started them is killed.
# The ports are fixed: this is for a network namespace of its own (sigstore_stack.py knows them too).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
bin=$(cd "$1" && pwd)
mkdir -p "$2"
work=$(cd "$2" && pwd)
# Daemons; Debian keeps PostgreSQL's out of everybody's path.
for directory in /usr/lib/postgresql/*/bin; do PATH=$PATH:$directory; done

loopback=127.0.0.1
oidc_port=5601 fulcio_port=5602 rekor2_port=5605 tsa_port=5608 ct_port=5609 postgres_port=5610 trillian_port=5611
rekor1_port=5615 rsa_tsa_port=5617

# Everything that this starts, by its process id, the last one first.
started=
stop() {
    trap - EXIT HUP INT TERM
    # Several ids, a word each.
    # shellcheck disable=SC2086
    [ -z "$started" ] || kill $started 2>/dev/null || true
    # Rekor 2 takes half a minute to end by itself, and has nothing left to lose.
    sleep 0.3
    # shellcheck disable=SC2086
    [ -z "$started" ] || kill -KILL $started 2>/dev/null || true
}
trap stop EXIT
trap 'exit 1' HUP INT TERM

# run NAME COMMAND...: in the background, with a log of its own.
run() {
    name=$1
    shift
    "$@" > "$work/$name.log" 2>&1 < /dev/null &
    started="$! $started"
}
# answers NAME URL: waits for a service.
answers() {
    tries=0
    until curl --noproxy '*' -fsS -o "$work/answer" "$2" 2>/dev/null; do
        tries=$((tries + 1))
        if [ "$tries" = 300 ]; then
            echo "services.sh: $1 does not answer at $2" >&2
            tail -n 5 "$work/$1.log" >&2
            exit 1
        fi
        sleep 0.1
    done
}

"$here/keys.sh" "$work"

run oidc python3 "$here/oidc.py" "$oidc_port" "$work/oidc.key"
answers oidc "http://$loopback:$oidc_port/email/keys"

# PostgreSQL refuses to be root. In a user namespace of its own it is somebody else to itself, and root's files stay
# within reach; where there are no such namespaces, the system's user for it has to do.
unprivileged() { "$@"; }
mkdir -m 700 "$work/postgres"
if [ "$(id -u)" = 0 ]; then
    if unshare --user --map-user=65534 --map-group=65534 true 2>/dev/null; then
        unprivileged() { unshare --user --map-user=65534 --map-group=65534 "$@"; }
    else
        # Its way into the directory.
        chmod o+x "$(dirname "$work")" "$work"
        chown postgres "$work/postgres"
        unprivileged() { (cd / && runuser -u postgres -- "$@"); }
    fi
fi
unprivileged initdb --pgdata "$work/postgres" --username trillian --auth trust --no-sync --encoding UTF8 --locale C \
    > "$work/initdb.log"
# Nothing has to survive a power cut.
run postgres unprivileged postgres -D "$work/postgres" -p "$postgres_port" -c listen_addresses="$loopback" \
    -c unix_socket_directories= -c fsync=off -c shared_buffers=16MB
tries=0
until pg_isready -q -U trillian -h "$loopback" -p "$postgres_port"; do
    tries=$((tries + 1))
    [ "$tries" -lt 300 ] || { tail -n 5 "$work/postgres.log" >&2; exit 1; }
    sleep 0.1
done
# Its own id, and not that of what started it for us.
started="$(head -n 1 "$work/postgres/postmaster.pid") $started"
sql() { psql -q -h "$loopback" -p "$postgres_port" -U trillian "$@" > "$work/psql.log" 2>&1; }
sql -d postgres -c 'create database trillian'
sql -d trillian -f "$bin/trillian.sql"

storage="--storage_system=postgresql --quota_system=noop
    --postgresql_uri=postgresql://trillian@$loopback:$postgres_port/trillian?sslmode=disable"
# Several flags, a word each.
# shellcheck disable=SC2086
run trillian-server "$bin/trillian_log_server" $storage \
    --rpc_endpoint="$loopback:$trillian_port" --http_endpoint="$loopback:$((trillian_port + 1))"
# shellcheck disable=SC2086
run trillian-signer "$bin/trillian_log_signer" $storage --force_master --sequencer_interval=50ms --batch_size=100 \
    --rpc_endpoint="$loopback:$((trillian_port + 2))" --http_endpoint="$loopback:$((trillian_port + 3))"
answers trillian-server "http://$loopback:$((trillian_port + 1))/healthz"
tree() { "$bin/createtree" --admin_server="$loopback:$trillian_port" 2>> "$work/createtree.log"; }

cat > "$work/ct.cfg" <<END
config {
  log_id: $(tree)
  prefix: "mlbom"
  roots_pem_file: "$work/fulcio-root.crt"
  ext_key_usages: "CodeSigning"
  private_key: {[type.googleapis.com/keyspb.PEMKeyFile] {path: "$work/ct.key" password: "local"}}
}
END
run ct "$bin/ct_server" --log_config="$work/ct.cfg" --log_rpc_server="$loopback:$trillian_port" \
    --http_endpoint="$loopback:$ct_port" --quota_remote=false --quota_intermediate=false
answers ct "http://$loopback:$ct_port/mlbom/ct/v1/get-sth"

sed "s#@OIDC@#http://$loopback:$oidc_port#" "$here/fulcio.yaml" > "$work/fulcio.yaml"
# An abstract socket: its default is one name for the whole machine, and a file would outlive us.
run fulcio "$bin/fulcio" serve --host="$loopback" --port="$fulcio_port" --grpc-host="$loopback" \
    --grpc-port="$((fulcio_port + 1))" --metrics-port="$((fulcio_port + 2))" \
    --legacy-unix-domain-socket="@fulcio-$$" --config-path="$work/fulcio.yaml" --ca=fileca \
    --fileca-cert="$work/fulcio.pem" --fileca-key="$work/fulcio-ca.enc.key" --fileca-key-passwd=local \
    --fileca-watch=false --ct-log-url="http://$loopback:$ct_port/mlbom"
# The host name is the origin of its checkpoints, which verifiers take from the host of its URL. It answers after its
# next checkpoint: ten seconds by default.
run rekor2 "$bin/rekor-server-posix" serve --http-address="$loopback" --http-port="$rekor2_port" \
    --grpc-address="$loopback" --grpc-port="$((rekor2_port + 1))" --http-metrics-port="$((rekor2_port + 2))" \
    --hostname="$loopback" --storage-dir="$work/rekor2" --signer-filepath="$work/rekor2.key" \
    --checkpoint-interval=200ms --batch-max-age=50ms
run tsa "$bin/timestamp-server" serve --host="$loopback" --port="$tsa_port" --disable-ntp-monitoring \
    --timestamp-signer=file --file-signer-key-path="$work/tsa.key" --certificate-chain-path="$work/tsa.pem"
run rsa-tsa python3 "$here/rsa_tsa.py" "$rsa_tsa_port" "$work"
answers fulcio "http://$loopback:$fulcio_port/api/v2/configuration"
answers rekor2 "http://$loopback:$rekor2_port/healthz"
answers tsa "http://$loopback:$tsa_port/ping"
answers rsa-tsa "http://$loopback:$rsa_tsa_port/ping"

# After the timestamp authority: both want port 2112 for their metrics, which only this one can do without. Without an
# index for searching it wants no Redis.
run rekor1 "$bin/rekor-server" serve --rekor_server.address="$loopback" --port="$rekor1_port" \
    --rekor_server.hostname="$loopback" --rekor_server.signer="$work/rekor1.key" \
    --trillian_log_server.address="$loopback" --trillian_log_server.port="$trillian_port" \
    --trillian_log_server.tlog_id="$(tree)" --enable_retrieve_api=false \
    --enabled_api_endpoints=getLogInfo,getPublicKey,getLogProof,createLogEntry,getLogEntryByIndex,getLogEntryByUUID
answers rekor1 "http://$loopback:$rekor1_port/api/v1/log"

echo up
while read -r _; do :; done
