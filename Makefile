# Everything a developer or a first user runs. Settings pass as environment:
#   LOGINGESTOR_PORT=8080 make run

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
# Files of tests that are passed side by side: most tests wait. 0 passes them one after the other, in one process.
JOBS   ?= 3

.DEFAULT_GOAL := help
.PHONY: help install run test lint bench clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-7s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(VENV)/installed ## install into .venv, without serving

run: $(VENV)/installed ## install at the first time, then serve at http://127.0.0.1:3000
	@exec $(BIN)/logingestor serve

# Each process of tests imports all of them: what one has compiled the others shall find, also where Python is to leave nothing beside the sources.
test: COMPILED = $(if $(PYTHONDONTWRITEBYTECODE),PYTHONDONTWRITEBYTECODE= PYTHONPYCACHEPREFIX=$(abspath $(VENV))/compiled)
test: $(VENV)/installed-dev ## pass the tests, JOBS files at a time (3)
	$(COMPILED) $(BIN)/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder $(ARGS)

lint: $(VENV)/installed-dev ## check style, types and spelling
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/codespell app logingestor workers migrations templates tests docs docker bench findings README.md CHANGELOG.md CONTRIBUTING.md
	for finding in findings/*.sh; do bash -n "$$finding" || exit 1; done

bench: $(VENV)/installed-dev ## measure ingest and search on this machine; takes minutes
	$(BIN)/python -m bench.ingest $(ARGS)
	$(BIN)/python -m bench.find $(ARGS)

clean: ## remove the environment and everything built; data stays
	rm -rf $(VENV) build *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "LogIngestor needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Name another: make run PYTHON=python3.12")'
# Half an environment (Debian without python3-venv) must not be taken for a whole one at the next try.
	$(PYTHON) -m venv $(VENV) || { rm -f $(BIN)/python; exit 1; }

$(VENV)/installed: setup.cfg pyproject.toml | $(BIN)/python
	@echo 'installing into $(VENV): it may take minutes'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/installed-dev: setup.cfg pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@ $(VENV)/installed
