#!/usr/bin/env bash
# Trains a model from another, records how, signs and verifies the record, then tampers and lies and shows each refusal.
#
# Runs the tools found in MLBOM_BIN_DIR (default: the release build of this workspace), in a temporary directory.
# Fails if anything is allowed that should not be, refused for another reason, or refused with another status than 1.
set -euo pipefail
export LC_ALL=C

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
bin=${MLBOM_BIN_DIR:-$here/../../target/release}
for tool in hash capture compose sign verify policy; do
    if [[ ! -x $bin/mlbom-$tool ]]; then
        echo "demo: $bin/mlbom-$tool: not there" >&2
        echo "demo: hint: run make, or set MLBOM_BIN_DIR to the directory of the binaries" >&2
        exit 2
    fi
done
PATH=$(cd -- "$bin" && pwd):$PATH
command -v git >/dev/null || { echo "demo: git is not there; install it with: sudo apt-get install git" >&2; exit 2; }

work=$(mktemp -d "${TMPDIR:-/tmp}/mlbom demo.XXXXXX")
trap 'rm -rf -- "$work"' EXIT
mkdir "$work/log"
cp -- "$here/train.py" "$here/penguins.csv" "$work"
cd -- "$work"

title() { printf '\n== %s\n' "$1"; }

# Prints indented lines, long ones cut off.
excerpt() { awk '{ print "    " (length > 112 ? substr($0, 1, 109) "..." : $0) }'; }

fail() {
    printf 'demo: %s\n' "$1" >&2
    cat log/err >&2
    exit 1
}

# Runs a command line as it stands, after showing it; its status goes into `status`. Without pipefail: the last tool
# alone has to say no.
try() {
    printf '$ %s\n' "$1"
    status=0
    (set +o pipefail && eval "$1") >log/out 2>log/err || status=$?
}

# The same for what has to work.
run() {
    try "$1"
    [[ $status == 0 ]] || fail "status $status, 0 was wanted"
    excerpt <log/out
}

# The result in the document that the last command wrote.
result() { if [[ $(<log/out) =~ \"result\":\"([a-z]+)\" ]]; then echo "${BASH_REMATCH[1]}"; fi; }

allowed=0
allow() {
    run "$1"
    [[ $(result) == "${2:-allowed}" ]] || fail "result $(result), ${2:-allowed} was wanted"
    echo "--> $(result) (exit status 0)"
    allowed=$((allowed + 1))
}

# refuse COMMAND REASON: the command has to end with 1, write a no, and give that reason with a remedy.
refused=0
refuse() {
    try "$1"
    # The first tool that said no; the policy after it says the same at length.
    { grep '^mlbom-verify: ' log/err || grep '^mlbom-policy: ' log/err || true; } | excerpt
    [[ $status == 1 ]] || fail "status $status, 1 was wanted"
    [[ $(result) == denied ]] || fail "result $(result), denied was wanted"
    grep -qF -- "$2" log/err || fail "another reason than: $2"
    grep -q ': hint: ' log/err || fail "no remedy"
    echo "--> $(result) (exit status $status)"
    refused=$((refused + 1))
}

# Pickles an object that calls a function when it is loaded: print here, any program elsewhere.
cat >make_pickle.py <<'PYTHON'
import pickle, sys

class Message:
    def __reduce__(self):
        return print, ("a program ran while the model was loaded",)

with open(sys.argv[1], "wb") as file:
    pickle.dump(Message(), file, protocol=int(sys.argv[2]))
PYTHON

# Puts a model into a Hub cache, as downloading it does: files are named by their digests, a snapshot links to them.
cat >as_downloaded.py <<'PYTHON'
import hashlib, pathlib, sys

model, repository = map(pathlib.Path, sys.argv[1:])
commit = hashlib.sha1(b"the first release").hexdigest()
snapshot = repository / "snapshots" / commit
for directory in (snapshot, repository / "blobs", repository / "refs"):
    directory.mkdir(parents=True)
(repository / "refs/main").write_text(commit)
for path in sorted(model.iterdir()):
    data = path.read_bytes()
    large = path.suffix == ".safetensors"
    name = hashlib.sha256(data) if large else hashlib.sha1(b"blob %d\0" % len(data) + data)
    (repository / "blobs" / name.hexdigest()).write_bytes(data)
    (snapshot / path.name).symlink_to(f"../../blobs/{name.hexdigest()}")
PYTHON

# Prints some facts, each with how it is known and where it stands.
cat >show.py <<'PYTHON'
import json, sys

shown = {"hub.repository", "hub.commit", "config.modelType", "weights.parameters", "content.digest", "data.rows",
         "code.commit", "code.dirty", "card.baseModel", "training.globalStep", "metric.test.accuracy", "license"}
evidence = json.loads(sys.stdin.read().splitlines()[-1])
for fact in evidence["facts"]:
    if fact["name"] in shown:
        source = fact["sources"][0]["source"]
        where = source.get("path", source.get("flag", "")) + "#" + source.get("pointer", "")
        value = json.dumps(fact["value"])
        print(f'{fact["name"]:22}{value[:24]:26}{fact["trust"]:14}{where.rstrip("#")[:46]}')
for finding in evidence["findings"]:
    print("finding:", finding["severity"], finding["id"], finding["message"])
PYTHON

base='--base hub/models--acme--penguins'
record="mlbom-capture - --model model/ $base --dataset train=penguins.csv --code . |
  mlbom-compose --name penguins --model-version 1.0.0"
verify='mlbom-verify --bundle model.mlbom.jsonl --key k.pem.pub | mlbom-policy'

title 'A base model, as it was downloaded; the code, committed; a key to sign with'
run 'python3 train.py base/ && python3 as_downloaded.py base/ hub/models--acme--penguins'
printf '%s\n' /base/ /hub/ /model/ /copy/ /log/ '/*.py' '!/train.py' '*.json' '*.jsonl' '*.sig' '*.pem*' >.gitignore
run 'git init -q -b main . && git add .gitignore train.py penguins.csv &&
  git -c user.name=demo -c user.email=demo@example.org commit -q -m "Tell penguins apart"'
run 'mlbom-sign --new-key k.pem'

title 'Train a model from it'
run 'python3 train.py model/ hub/models--acme--penguins/snapshots/*/'
run 'ls model/'

title 'The record: what can be read from disk, how well it is known, and where it stands'
run "mlbom-capture --model model/ $base --dataset train=penguins.csv --code . | python3 show.py"

title 'Bind it to the bytes, and sign it; sign the bytes the OpenSSF way too'
run 'mlbom-hash model/'
run "mlbom-hash model/ | $record"
run "mlbom-hash model/ | $record | mlbom-sign --key k.pem --output model.mlbom.jsonl"
excerpt <model.mlbom.jsonl
run 'mlbom-hash model/ | mlbom-sign --key k.pem --output model.sig'
excerpt <model.sig

title 'Before it is served: is it the model that was signed, is it known how it was made, and may it run?'
allow "mlbom-hash model/ | $verify"
allow 'mlbom-verify --bundle model.sig --bundle model.mlbom.jsonl --require bom --key k.pem.pub model/ | mlbom-policy'
run 'mlbom-hash --output manifest.json model/'
allow 'mlbom-hash --check manifest.json model/' held

title 'Somebody adds a pickle'
run 'rm -rf copy && cp -R model copy && python3 make_pickle.py copy/optimizer.bin 4'
refuse "mlbom-hash copy/ | $verify" 'extra: optimizer.bin'

title 'Somebody changes config.json'
run "rm -rf copy && cp -R model copy && sed -i.old 's/Gentoo/Adelie/' copy/config.json && rm copy/config.json.old"
refuse "mlbom-hash copy/ | $verify" 'changed: config.json'

title 'Somebody swaps the shards: the same bytes under other names'
run 'rm -rf copy && cp -R model copy && cd copy && mv model-00001-of-00002.safetensors x &&
  mv model-00002-of-00002.safetensors model-00001-of-00002.safetensors && mv x model-00002-of-00002.safetensors'
refuse "mlbom-hash copy/ | $verify" 'changed: model-00001-of-00002.safetensors'

title 'Somebody strips the bill of materials; the signature that is left is good'
refuse 'mlbom-verify --bundle model.sig --require bom --key k.pem.pub model/ | mlbom-policy' 'no bom statement'

title 'Somebody signs with a key of their own'
run 'mlbom-sign --new-key other.pem'
run "mlbom-hash model/ | $record | mlbom-sign --key other.pem --output other.jsonl"
refuse 'mlbom-hash model/ | mlbom-verify --bundle other.jsonl --key k.pem.pub | mlbom-policy' 'not made by a key given'

# From here on every signature holds: it is the record that says no.
signed='mlbom-sign --key k.pem --output copy.jsonl'
gate='mlbom-verify --bundle copy.jsonl --key k.pem.pub | mlbom-policy'
of_copy=${record/--model model/--model copy}

title 'The signer adds a pickle, named as text'
run 'rm -rf copy && cp -R model copy && python3 make_pickle.py copy/notes.txt 0'
run "mlbom-hash copy/ | $of_copy | $signed"
refuse "mlbom-hash copy/ | $gate" 'MLB-FORMAT: notes.txt is of format pickle'

title 'The card tells a lie: it names another base model than the one that was used'
run "rm -rf copy && cp -R model copy && sed -i.old 's#acme/penguins#acme/whales#' copy/README.md && rm copy/README.md.old"
run "mlbom-capture --model copy/ $base | python3 show.py"
run "mlbom-hash copy/ | $of_copy | $signed"
refuse "mlbom-hash copy/ | $gate" 'the card names another base model'

title 'The code is not what was committed'
run "echo 'RATE = 0.6' >> train.py && mlbom-hash model/ | $record | $signed"
refuse "mlbom-hash model/ | $gate" 'MLB-CLEAN'

title 'Nobody looked where it came from'
run "mlbom-hash model/ | mlbom-compose | $signed"
refuse "mlbom-hash model/ | $gate" 'MLB-LOOKED-FOR'

printf '\ndemo: %d checks allowed and %d refused, each as it should be, in %d seconds\n' "$allowed" "$refused" "$SECONDS"
