# Everything there is to do with this repository. It needs Python 3.11+ (with venv),
# Node 20+, npm and make; all the rest is fetched into .venv and node_modules.
#
# There is one way of installing, in development as in a release: the Python package.
# `pip install -e .` puts the built labextension and the server's configuration into
# .venv/share/jupyter and .venv/etc/jupyter, as the wheel does anywhere else; only the
# Python modules are used in place. What has been done is remembered in .stamps/.

PYTHON ?= $(shell command -v python3)
JUPYTERLAB ?= jupyterlab>=4.6,<4.7
LAB_ARGS ?=
ROUNDS ?= 7

ROOT := $(CURDIR)
VENV := $(ROOT)/.venv
BIN := $(VENV)/bin
STAMPS := .stamps
WORKSPACES := $(VENV)/share/cauce/workspaces

export PATH := $(BIN):$(PATH)
export PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

FRONT := $(shell find src style schema -type f) package.json tsconfig.json
INSTALLED := pyproject.toml install.json README.md LICENSE $(shell find jupyter-config -type f)

NPM_CI := npm ci --no-audit --no-fund --loglevel=error

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL: test lint
.PHONY: help lab install test lint lint-python lint-front lint-ui test-python test-front test-wheel test-ui \
        conformance programs torture screenshots wheel bench clean

help:
	@echo 'make lab      set up, then open JupyterLab on examples/ with the Cauce panel'
	@echo 'make test     set up, then run every check: lint, types, unit, wheel, browser'
	@echo 'make wheel    build dist/*.whl, which installs without Node'
	@echo 'make bench    compare with papermill and nbclient, write docs/benchmarks.md (ROUNDS=$(ROUNDS))'
	@echo 'make torture  kill builds and fail disks at every system call, and more random tests: about an hour'
	@echo 'make conformance  write docs/conformance*.md anew'
	@echo 'make clean    remove whatever was built or fetched'
	@echo
	@echo 'Parts of make test: $(TESTS)'
	@echo 'JupyterLab takes options in LAB_ARGS, for instance: make lab LAB_ARGS=--no-browser'

# --- Set-up --------------------------------------------------------------------------

$(STAMPS):
	@mkdir -p $@

$(STAMPS)/venv: | $(STAMPS)
	@test -n '$(PYTHON)' || { echo 'Python is missing: install Python 3.11 or newer.' >&2; exit 1; }
	@'$(PYTHON)' -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo 'Python 3.11 or newer is needed, $(PYTHON) is older: make PYTHON=/path/to/python' >&2; exit 1; }
	@'$(PYTHON)' -c 'import venv, ensurepip' || \
	  { echo 'Python has no venv module: on Debian, install python3-venv.' >&2; exit 1; }
	'$(PYTHON)' -m venv --clear '$(VENV)'
	pip install --quiet 'hatchling>=1.27' 'hatch-nodejs-version>=0.3.2'
	@touch $@

$(STAMPS)/node_modules: package.json package-lock.json | $(STAMPS)
	@node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 20 ? 1 : 0)' || \
	  { echo 'Node 20 or newer is needed.' >&2; exit 1; }
	$(NPM_CI)
	@touch $@

$(STAMPS)/labextension: $(STAMPS)/node_modules $(FRONT)
	npm run --silent build
	@touch $@

# The build tools are in .venv already, so that this takes seconds when only the front end changed.
$(STAMPS)/install: $(STAMPS)/venv $(STAMPS)/labextension $(INSTALLED)
	pip install --quiet --no-build-isolation --editable '.[example,test]' '$(JUPYTERLAB)'
	@touch $@

install: $(STAMPS)/install

# The layout of the first start: the panel open, the example's README beside it. It is
# kept in .venv, so that neither your own layouts nor your settings are touched, and is
# written once, so that the layout you arrange then stays.
$(STAMPS)/workspace: $(STAMPS)/install jupyter-config/workspace.json
	JUPYTERLAB_WORKSPACES_DIR='$(WORKSPACES)' jupyter lab workspaces import jupyter-config/workspace.json
	@touch $@

lab: $(STAMPS)/workspace
	JUPYTERLAB_WORKSPACES_DIR='$(WORKSPACES)' jupyter lab --ServerApp.root_dir=examples \
	  $(if $(filter 0,$(shell id -u)),--allow-root) $(LAB_ARGS)

# --- Checks --------------------------------------------------------------------------

TESTS := lint test-python test-front test-wheel test-ui

# Random tests try the same examples each time: what they find is about the change. By itself `make test-python`
# tries others each time.
test: export CI := true
test: $(TESTS)
	@echo 'All checks passed: $(TESTS)'

lint: lint-python lint-front lint-ui

lint-python: $(STAMPS)/install
	ruff check
	ruff format --check
	mypy
	mypy scripts
	lint-imports
	python -m cauce.openapi | diff - server_ext/cauce/openapi.json

lint-front: $(STAMPS)/install
	npm run --silent lint:check
	npm run --silent bundle:check

lint-ui: $(STAMPS)/ui-tests
	npm run --silent --prefix ui-tests lint

test-python: $(STAMPS)/install programs
	python -m pytest --conformance-check=docs

# All that `test-python` tries a sample of. The tables at the end say what was tried, and what came of it.
torture: $(STAMPS)/install programs
	python -m pytest --torture -m "torture or sampled"

# The acceptance cases with the tests that prove them, from a run of those tests.
conformance: $(STAMPS)/install
	python -m pytest --quiet --conformance=docs

test-front: $(STAMPS)/node_modules
	npm test --silent

test-wheel: wheel
	python scripts/check_wheel.py '$(JUPYTERLAB)'

test-ui: $(STAMPS)/install $(STAMPS)/ui-tests programs
	npm run --silent --prefix ui-tests test

screenshots: $(STAMPS)/install $(STAMPS)/ui-tests programs
	npm run --silent --prefix ui-tests screenshots

$(STAMPS)/ui-tests: ui-tests/package.json ui-tests/package-lock.json | $(STAMPS)
	cd ui-tests && $(NPM_CI)
	@touch $@

programs:
	@scripts/find-programs.sh chromium strace

# --- Build ---------------------------------------------------------------------------

wheel: $(STAMPS)/venv $(STAMPS)/labextension
	rm -rf dist
	hatchling build -t wheel

$(STAMPS)/bench: $(STAMPS)/install
	pip install --quiet --no-build-isolation --editable '.[bench]'
	@touch $@

bench: $(STAMPS)/bench
	PYTHONPATH=scripts python -m bench --rounds $(ROUNDS) --write docs/benchmarks.md

clean:
	rm -rf $(STAMPS) '$(VENV)' node_modules ui-tests/node_modules lib dist server_ext/cauce/labextension \
	  ui-tests/test-results ui-tests/playwright-report tsconfig.tsbuildinfo
