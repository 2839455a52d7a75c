# mlbom: build, test, install. `make help` lists the targets.
SHELL   := /bin/sh
CARGO   ?= cargo
PYTHON  ?= python3
prefix  ?= /usr/local
bindir  ?= $(prefix)/bin
datadir ?= $(prefix)/share
mandir  ?= $(datadir)/man
PEERS   ?= $(CURDIR)/.peers

# Offline tools are built in a cargo call of their own, so that no feature that a signer wants reaches them.
OFFLINE := mlbom-hash mlbom-capture mlbom-compose mlbom-verify mlbom-policy
SIGNER  := mlbom-sign
TOOLS   := $(OFFLINE) $(SIGNER)
BIN     := $(CURDIR)/target/release
pick     = $(foreach tool,$(1),-p $(tool))

.PHONY: all help prerequisites demo test check bench interop kernels fuzz install uninstall clean

all: prerequisites ## build the tools (release)
	$(CARGO) build --locked --release $(call pick,$(OFFLINE))
	$(CARGO) build --locked --release $(call pick,$(SIGNER))

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(firstword $(MAKEFILE_LIST))

prerequisites:
	@tests/check/prerequisites.sh

demo: all ## train a small model, run every tool on it, tamper, watch the refusals
	MLBOM_BIN_DIR="$(BIN)" tests/demo/run.sh

test: all ## every test but those that need other programs installed
	@tests/check/prerequisites.sh git jq openssl
	MLBOM_BIN_DIR="$(BIN)" $(CARGO) test --locked --workspace
	$(PYTHON) -B -m unittest discover tests/demo
	$(PYTHON) -B -m unittest discover tests/bench

check: prerequisites ## format, lints, documentation, pages, licences, no network code
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --workspace --no-deps --document-private-items
	tests/check/offline.sh $(OFFLINE)
	$(PYTHON) tests/check/licences.py
	tests/check/pages.sh

bench: all ## ratios against other tools, written to target/bench.md; BENCH="--only cold --turns 2" for a part
	$(CARGO) build --locked --release -p mlbom-sha256 --example cycles
	MLBOM_BIN_DIR="$(BIN)" $(PYTHON) -B tests/bench/bench.py --peers "$(PEERS)" --output target/bench.md $(BENCH)

interop: all ## install other people's programs into $(PEERS) and hold ours against them
	tests/interop/install.sh "$(PEERS)"
	MLBOM_BIN_DIR="$(BIN)" $(PYTHON) tests/interop/run.py "$(PEERS)"

kernels: ## the hashing kernels of other processors, in emulators: wants bochs, qemu-user and a cross compiler
	tests/interop/avx512-bochs.sh
	tests/interop/aarch64-qemu.sh

fuzz: ## the hashing crate under Miri, and fuzzed for a minute a target: wants a nightly toolchain, cargo-fuzz
	tests/check/miri.sh
	tests/check/fuzz.sh 60

install: all ## binaries, man pages, completions, schemas, policies; DESTDIR and prefix are honoured
	for tool in $(TOOLS); do install -Dm755 "$(BIN)/$$tool" "$(DESTDIR)$(bindir)/$$tool" || exit; done
	for tool in $(TOOLS); do install -Dm644 "man/$$tool.1" "$(DESTDIR)$(mandir)/man1/$$tool.1" || exit; done
	tests/check/completions.sh "$(BIN)" "$(DESTDIR)$(datadir)" $(TOOLS)
	for file in schemas/*.json schemas/vocabulary.md policies/minimal.rego policies/model-deployment.rego policies/README.md recipes/*; do \
	  install -Dm644 "$$file" "$(DESTDIR)$(datadir)/mlbom/$$file" || exit; done
	install -Dm755 policies/deploy/pre-deploy-model-check.sh "$(DESTDIR)$(datadir)/mlbom/policies/deploy/pre-deploy-model-check.sh"

uninstall: ## remove what install put there
	for tool in $(TOOLS); do rm -f "$(DESTDIR)$(bindir)/$$tool" "$(DESTDIR)$(mandir)/man1/$$tool.1" \
	  "$(DESTDIR)$(datadir)/bash-completion/completions/$$tool" "$(DESTDIR)$(datadir)/zsh/site-functions/_$$tool" \
	  "$(DESTDIR)$(datadir)/fish/vendor_completions.d/$$tool.fish"; done
	rm -rf "$(DESTDIR)$(datadir)/mlbom"

clean:
	$(CARGO) clean
