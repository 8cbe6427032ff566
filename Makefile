# `make` lists the targets. Only Python >= 3.11 and make are assumed; everything else comes from the lock.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
UI_PORT ?= 4200
PROFILE ?= deployments/profiles/demo.yaml

.PHONY: help install demo test check ui vllm llmcompressor e2e bench-dedup bench-data bench-eval bench-gate bench-merge clean

help: ## list the targets
	@sed -n 's/^\([a-z0-9-]*\):.*## /\1|/p' Makefile | while IFS='|' read -r name text; do printf '  make %-14s %s\n' "$$name" "$$text"; done

install: $(STAMP) ## make .venv from the lock (again only when the lock changes)

# The lock is complete, so nothing is resolved here; the stamp holds the checksum of what was installed.
$(STAMP): requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make install PYTHON=python3.11")'
	@sum=$$($(PYTHON) -c 'import hashlib, sys; print(hashlib.sha256(sys.stdin.buffer.read()).hexdigest())' < requirements.lock); \
	if [ -f $(STAMP) ] && [ "$$(cat $(STAMP))" = "$$sum" ]; then touch $(STAMP); exit 0; fi; \
	[ -x $(BIN)/python ] || $(PYTHON) -m venv $(VENV); \
	echo "installing into $(VENV) (some minutes the first time)"; \
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --no-deps -r requirements.lock; \
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --no-deps -e .; \
	echo "$$sum" > $(STAMP)

demo: $(STAMP) ## run the whole pipeline on the demo's mails (PROFILE=... for others)
	@$(BIN)/finetune-flows run finetune --profile $(PROFILE)

test: $(STAMP) ## unit and integration tests, side by side on all cores
	@$(BIN)/pytest -n auto --dist loadfile

check: $(STAMP) ## format, lint, types, spelling, tests
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/codespell
	@$(BIN)/pytest -n auto --dist loadfile

ui: $(STAMP) ## Prefect server, workers and deployments (UI_PORT=4200); Ctrl-C ends all
	@UI_PORT=$(UI_PORT) exec $(BIN)/python -m deployments.ui

vllm: $(STAMP) ## the second environment, for the live server's proof
	@bash infra/install.sh vllm

llmcompressor: $(STAMP) ## the third environment, for serving's awq target (4-bit weights)
	@bash infra/install.sh llmcompressor

e2e: $(STAMP) ## real server, workers and browser (needs chromium)
	@$(BIN)/pytest tests/e2e -m 'e2e and not vllm'

bench-dedup: $(STAMP) ## near-duplicate search against the public tools
	@$(BIN)/python -m bench.dedup

bench-data: $(STAMP) ## raw files to clean ones against the public pipelines
	@$(BIN)/python -m bench.data

bench-eval: $(STAMP) ## evaluation's answers and likelihoods against plain generate loops and the harness
	@$(BIN)/python -m bench.evaluation

bench-gate: $(STAMP) ## simulated models at the gate: how often a bad one passes, how often a good one
	@$(BIN)/python -m bench.gating

bench-merge: $(STAMP) ## the merge against PEFT's on a model of 1.1 B parameters (needs 16 GB of memory, 10 GB of disk)
	@$(BIN)/python -m bench.merge

clean: $(STAMP) ## remove artefacts that no release came from (asks first)
	@$(BIN)/finetune-flows clean
