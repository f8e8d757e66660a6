# Two commands do all: `make demo` and `make test`. `make help` lists the rest.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.cairn-$(shell cat requirements/dev.txt pyproject.toml | sha256sum | cut -c1-16)
SEED ?= 2026
PYTEST := $(BIN)/pytest -p no:cacheprovider -m "not soak" -n auto --dist loadfile

.DEFAULT_GOAL := help
.PHONY: help setup demo test check lint fmt types imports bench soak fuzz lock clean compiled system-demo system-test

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(STAMP) ## prepare .venv with .venv/bin/cairn, nothing more

$(STAMP): requirements/dev.txt pyproject.toml
	@.ci/system-packages setup
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing the locked packages into $(VENV) (about a minute, once) ..."
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@$(BIN)/python -m compileall -q -j 0 $(VENV)/lib > /dev/null || true  # where pip was told not to; else a glance
	@rm -f $(VENV)/.cairn-* && touch $@

# Hundreds of short processes run in the demonstration and the suite; none need compile the source again.
compiled: setup
	@$(BIN)/python -m compileall -q cairn.py server shared sync mobile_client

system-demo:
	@.ci/system-packages demo

system-test:
	@.ci/system-packages test

demo: system-demo compiled ## the whole story on this machine (ONCE=1 ends by itself; SEED=, INTERVIEWS=)
	@$(BIN)/cairn demo --seed $(SEED) $(if $(ONCE),--once) $(if $(INTERVIEWS),--interviews $(INTERVIEWS))

test: system-test compiled ## the whole suite, headless
	@.ci/run-tests

check: lint types imports test ## what CI runs

lint: setup ## ruff: rules and format
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

fmt: setup ## format and mend what ruff can
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

types: setup ## mypy, strict
	@$(BIN)/mypy

imports: setup ## the rooms' import rules
	@$(BIN)/lint-imports

bench: system-test compiled ## figures and ratios as JSON under build/bench
	@$(BIN)/python tests/bench

soak: system-test compiled ## long runs: fault points, histories, networks (SHARD=1/4, SOAK_SEED=0)
	@CAIRN_SHARED=$${CAIRN_SHARED:-$(abspath ../shared)} CAIRN_SOAK_SEED=$(or $(SOAK_SEED),0) \
	  $(BIN)/pytest -p no:cacheprovider -m soak -v --durations=15 --shard $(or $(SHARD),1/1)

fuzz: setup ## every parser under a coverage-guided fuzzer (SECONDS_EACH=60, TARGETS="cbor xpath")
	@$(BIN)/python -c 'import atheris' 2>/dev/null || \
	  $(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/fuzz.txt
	@$(BIN)/python tests/fuzz --seconds $(or $(SECONDS_EACH),60) $(TARGETS)

lock: setup ## compile the lock files anew
	@for extra in client server fuzz; do $(BIN)/uv pip compile -q --universal --generate-hashes --python-version 3.11 \
	  --no-annotate --no-header pyproject.toml --extra $$extra -o requirements/$$extra.txt; done
	@$(BIN)/uv pip compile -q --universal --generate-hashes --python-version 3.11 --no-annotate --no-header \
	  pyproject.toml --extra client --extra server --extra dev -o requirements/dev.txt

clean: ## remove what the targets made (asks nothing: all of it can be made again)
	@rm -rf build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
