# Ownerline. `make demo` and `make test` do all the set-up on a machine that has Python (3.11 or newer), git and make.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules
unexport PYTHONDONTWRITEBYTECODE # whoever starts would compile every module anew

# The Python that makes the environment: the first of these that is new enough. `make PYTHON=/path/to/python` names one.
PYTHONS := python3 python3.14 python3.13 python3.12 python3.11
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for p in $(PYTHONS); do \
	if $$p -c '$(NEW_ENOUGH)' >/dev/null 2>&1; then echo $$p; break; fi; done)

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
ROOMS := bot handlers services scripts
WORKERS ?= 2

.PHONY: help install demo test check test-faults simulate bench lock clean

help: ## say what can be made
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

install: $(VENV)/runtime ## make the environment in .venv

demo: install ## play an estate in the browser: no token, no account
	$(BIN)/ownerline demo

test: $(VENV)/development ## run every test, on both databases, and hold coverage to its gates
	@chromium=$$($(BIN)/python scripts/find_chromium.py) && export OWNERLINE_TEST_CHROMIUM="$$chromium"; \
	$(BIN)/coverage erase; \
	$(BIN)/coverage run -m pytest -n $(WORKERS) --dist loadgroup --no-loadscope-reorder
	@$(BIN)/coverage combine --quiet
	@$(call gate,services,95)
	@$(call gate,handlers,95)
	@$(call gate,bot,85)

check: $(VENV)/development ## lint, types, import contracts, house rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check --quiet .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -q tests/test_rules.py

test-faults: $(VENV)/development ## the long run of kills and faults, and the figures of a whole month recounted
	OWNERLINE_TEST_KILLS=60 $(BIN)/pytest tests/processes
	OWNERLINE_TEST_MONTH=1 $(BIN)/pytest tests/services/digests/test_recount.py

simulate: $(VENV)/development ## thirty days of an estate acted out, on both databases
	$(BIN)/python scripts/simulate_year.py
	$(BIN)/python scripts/simulate_year.py --database pg

bench: $(VENV)/development ## how much comes in, how fast it is answered, lists of a million tickets, a year of an estate
	$(BIN)/python scripts/bench_inbound.py
	$(BIN)/python scripts/bench_tickets.py
	$(BIN)/python scripts/simulate_year.py --days 365
	$(BIN)/python scripts/simulate_year.py --days 365 --database pg

lock: $(VENV)/development ## renew the locks from pyproject.toml
	$(BIN)/python scripts/lock.py

clean: ## remove the environment and everything that was made
	rm -rf $(VENV) build *.egg-info .coverage .coverage.* .hypothesis .import_linter_cache .mypy_cache \
		.pytest_cache .ruff_cache
	find $(ROOMS) tests -name __pycache__ -type d -prune -exec rm -rf {} +

# A room's branch coverage against its gate; below it, the lines that no test reaches.
define gate
covered=$$($(BIN)/coverage report --include='$(1)/*' --format=total); \
echo "coverage of $(1): $$covered % (gate $(2) %)"; \
if ! $(BIN)/coverage report --include='$(1)/*' --fail-under=$(2) >/dev/null; then \
	$(BIN)/coverage report --include='$(1)/*'; \
	exit 1; \
fi
endef

$(BIN)/python:
	@if [ -z "$(PYTHON)" ]; then \
		echo "Python 3.11 or newer is missing. On Debian or Ubuntu: apt-get install python3 python3-venv" >&2; \
		exit 1; \
	elif ! $(PYTHON) -c '$(NEW_ENOUGH)'; then \
		echo "$(PYTHON) is older than Python 3.11; name another: make PYTHON=/path/to/python $(MAKECMDGOALS)" >&2; \
		exit 1; \
	elif ! $(PYTHON) -c 'import venv, ensurepip' >/dev/null 2>&1; then \
		echo "$(PYTHON) cannot make environments: its venv package is missing." >&2; \
		echo "On Debian or Ubuntu: apt-get install $(notdir $(PYTHON))-venv" >&2; \
		exit 1; \
	fi
	$(PYTHON) -m venv $(VENV)

$(VENV)/runtime: requirements.lock pyproject.toml | $(BIN)/python
	@echo "Installing what the program needs (a minute or so) ..."
	@$(PIP) --require-hashes -r requirements.lock
	@$(PIP) --no-deps --no-build-isolation -e .
	@$(BIN)/python -m compileall -q $(ROOMS)
	@touch $@

$(VENV)/development: requirements-dev.lock $(VENV)/runtime
	@echo "Installing what tests and checks need ..."
	@$(PIP) --require-hashes -r requirements-dev.lock
	@touch $@
