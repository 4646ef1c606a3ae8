# ScanTill 扫码收银. `make` alone lists what there is.

.NOTPARALLEL:
.PHONY: help run demo test bench tour fmt lint package ui build services ui-test rust-test window-test install-build install-demo install-test

UI_SOURCES := $(shell find ui/src ui/public -type f 2>/dev/null) $(wildcard ui/*.html ui/*.ts ui/*.js ui/*.json)
PACKAGER := @tauri-apps/cli@2.12

help: ## Lists the targets.
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | awk -F '\t' '{ printf "make %-12s %s\n", $$1, $$2 }'

run: ## Installs what is missing, builds, and opens the till in training mode: no account, no real money.
	@script/display.sh
	@$(MAKE) --no-print-directory build
	cargo run -p scantill -- --training

demo: ## The whole chain on this machine: a RabbitMQ of its own, the callback service, the simulator, the till. Ctrl-C ends it.
	@script/display.sh
	@$(MAKE) --no-print-directory install-demo
	@$(MAKE) --no-print-directory build services
	@cargo run -p scantill-tests --bin demo

test: install-test ui ## Installs what is missing and runs every check and every test.
	@$(MAKE) --no-print-directory lint ui-test rust-test window-test

bench: install-test ui ## Measures the till and prints the ratios.
	cargo build --release -p scantill -p notify-relay -p wechat-pay-sim
	cargo run --release -p scantill-tests --bin bench

tour: install-test build services ## Clicks through a sale by itself on a screen of its own; the pictures are in target/tour/.
	cargo run -p scantill-tests --bin tour

fmt: ui/node_modules/.package-lock.json ## Formats all sources.
	cargo fmt --all
	cd ui && npm run --silent format

lint: install-build ui ## Checks formatting, lints and the pages' types.
	cargo fmt --all --check
	cd ui && npm run --silent check
	cargo clippy --workspace --all-targets -- -D warnings
	@if command -v cargo-deny >/dev/null; then cargo deny check licenses bans sources; else echo "cargo-deny is not installed: deny.toml was not checked."; fi

package: install-build ui/node_modules/.package-lock.json ## Builds the .deb into target/release/bundle/deb/.
	npx --yes $(PACKAGER) build --bundles deb

ui: ui/dist/index.html ## Builds the pages.

build: install-build ui ## Builds the till for this machine.
	cargo build -p scantill

ui-test: ui services ## Tests the pages, alone and in a real browser.
	cd ui && npm test --silent
	cd ui && npm run --silent e2e

services: ## Builds the callback service and the simulator as programs.
	cargo build -p notify-relay -p wechat-pay-sim

rust-test: ui services ## Tests every crate, and the whole chain without windows.
	cargo test --workspace --exclude scantill-tests
	cargo test -p scantill-tests -- --skip window::

window-test: install-test build services ## Tests the real program in real windows; the pictures are in target/window-test/.
	cargo test -p scantill-tests --test it -- --test-threads=1 window::

install-build:
	@script/install.sh build

install-demo:
	@script/install.sh demo

install-test:
	@script/install.sh test

ui/node_modules/.package-lock.json: ui/package.json ui/package-lock.json
	cd ui && npm ci --no-audit --no-fund
	@touch $@

ui/dist/index.html: ui/node_modules/.package-lock.json $(UI_SOURCES)
	cd ui && npm run --silent build
	@touch $@
