# `make help` lists the targets. Each installs what it needs and this machine lacks (scripts/setup).

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# A bare PATH (cron, CI, sudo) has neither cargo nor nft; .tools holds what scripts/setup builds.
export PATH := $(CURDIR)/.tools/bin:$(PATH):$(or $(CARGO_HOME),$(HOME)/.cargo)/bin:/usr/local/sbin:/usr/sbin:/sbin:/usr/local/go/bin

PREFIX ?= /usr/local
CARGO_FLAGS := --locked
FUZZ_SECONDS ?= 60

.PHONY: help
help: ## List the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 18

.PHONY: demo
demo: ## Show the reference scenario on real packets, and ask why one connection is refused
	@scripts/setup net
	@scripts/demo

.PHONY: build
build: ## Build the program, optimised, as target/release/sekisho
	@scripts/setup build
	cargo build $(CARGO_FLAGS) --release --package sekisho

.PHONY: install
install: build ## Install the program into PREFIX/bin (default /usr/local/bin), for kubectl too
	install -D -m 755 target/release/sekisho $(DESTDIR)$(PREFIX)/bin/sekisho
	ln -sf sekisho $(DESTDIR)$(PREFIX)/bin/kubectl-sekisho

.PHONY: test
test: ## Run every test, with real packets where the kernel allows, and a real API server
	@scripts/setup test
	cargo test $(CARGO_FLAGS) --workspace

.PHONY: lint
lint: ## Format, clippy, dependencies, docs, and each crate built alone
	@scripts/setup lint
	@scripts/lint

.PHONY: bench
bench: ## Measure, and print the table of ratios
	@scripts/setup net
	@scripts/bench

.PHONY: fuzz
fuzz: ## Fuzz each target for FUZZ_SECONDS (default 60)
	@scripts/setup fuzz
	@FUZZ_SECONDS=$(FUZZ_SECONDS) scripts/fuzz

.PHONY: fmt
fmt: ## Format the code
	@scripts/setup lint
	cargo fmt --all

.PHONY: clean
clean: ## Remove what was built
	cargo clean
