# Needs Python 3.11 or later and make; everything else is installed into .venv. `make` alone lists the targets.
.DEFAULT_GOAL := help
SHELL := /bin/sh
# The first Python on the PATH that is new enough; PYTHON=… chooses another.
PYTHON ?= $(shell for p in python3 python3.11 python3.12 python3.13 python3.14; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && exit; done; echo python3)
PY := .venv/bin/python
CODE := wsgi.py tieout.py tieout_files bookkeeping webapp worker standins launch migrations tests bench
PYTEST_ARGS ?=
# More processes than processors: many tests wait for a clock or for another process.
TEST_PROCESSES ?= $(shell $(PYTHON) -c 'import os; print(min(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(), 4) + 2)')

.PHONY: help
help:  ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile

.PHONY: bootstrap
bootstrap:  ## Make .venv and install what Tieout runs on (again only when requirements.txt changed)
	@$(PYTHON) -m launch.bootstrap run

.PHONY: bootstrap-tests
bootstrap-tests:  # As above, with PostgreSQL, Chromium and the packages of requirements-dev.txt.
	@$(PYTHON) -m launch.bootstrap test

.PHONY: run
run: bootstrap  ## Start everything on http://127.0.0.1:8000; Ctrl-C stops it
	@$(PY) -m launch run --end-with-parent

.PHONY: worker
worker: bootstrap  ## Start one more worker beside a running Tieout
	@$(PY) -m launch exec worker

.PHONY: flask
flask: bootstrap  ## Run a command of the app: make flask ARGS="status 1"
	@$(PY) -m launch exec flask --app wsgi $(ARGS)

.PHONY: migrate
migrate: bootstrap  ## Bring the database to the newest tables
	@$(PY) -m launch exec release

.PHONY: migration
migration: bootstrap  ## Write a migration from the models: make migration M="Remember the SyncToken"
	@$(PY) -m launch exec flask --app wsgi db migrate -m "$(M)"

.PHONY: reset
reset: bootstrap  ## Start over: empty var/ (refused while Tieout runs)
	@RESET=$(RESET) $(PY) -m launch reset

.PHONY: lint
lint: bootstrap-tests  ## Check style, formatting, types, the floors' imports, and what bandit knows to be weak
	@$(MAKE) --no-print-directory -j 2 lint-types lint-tests lint-style lint-weak lint-imports

.PHONY: lint-types lint-tests lint-style lint-weak lint-imports
lint-types:
	$(PY) -m mypy
lint-tests:  # Reads them all once, so that none of the processes that run them has to.
	@$(PY) -m pytest --collect-only -qqq >/dev/null || $(PY) -m pytest --collect-only -q
lint-style:
	$(PY) -m ruff check $(wildcard $(CODE))
	$(PY) -m ruff format --check $(wildcard $(CODE))
lint-weak:
	$(PY) -m bandit -q -r -ll bookkeeping webapp worker launch wsgi.py tieout.py tieout_files
lint-imports:
	.venv/bin/lint-imports

.PHONY: audit
audit: bootstrap  ## Look for known weaknesses: bandit over the code, pip-audit over requirements.lock; writes var/sbom.json
	@$(PY) -m launch.auditing audit

.PHONY: lock
lock: bootstrap  ## Write requirements.lock and docs/licences.md from requirements.txt
	@$(PY) -m launch.auditing lock

.PHONY: format
format: bootstrap-tests  ## Put the code into shape
	$(PY) -m ruff check --fix $(wildcard $(CODE))
	$(PY) -m ruff format $(wildcard $(CODE))

.PHONY: bench
bench: bootstrap-tests  ## Measure everything, into one table and var/bench.json; about half an hour; ARGS="--small" for some minutes
	@$(PY) -m bench $(ARGS)

.PHONY: unit
unit: bootstrap-tests  ## Run the tests that open no socket and start no process, in seconds
	@$(PY) -m pytest -m unit -q -n 2 $(wildcard tests/bookkeeping tests/webapp tests/worker) $(PYTEST_ARGS)

.PHONY: check
check: bootstrap-tests  ## Check one file or folder and run its tests: make check F=bookkeeping/rules/money.py
	@$(PY) -m tests.checking $(F)

.PHONY: mutants
mutants: bootstrap-tests  ## Plant 300 faults in the rules; do their tests notice? About 15 minutes; ARGS="--seed 2"
	@$(PY) -m tests.mutants $(ARGS)

SEEDS ?= 1-1000
.PHONY: simulate
simulate: bootstrap-tests  ## Tell months of a company's life with everything that can go wrong: make simulate SEEDS=1-10000
	@$(PY) -m tests.simulation --seeds $(SEEDS) $(ARGS)

.PHONY: chaos
chaos: bootstrap-tests  ## Kill, stop, cut off and fill up real processes, then check the books; half an hour; ARGS="--seeds 7"
	@$(PY) -m tests.chaos $(ARGS)
	@$(PY) -m pytest -q tests/chaos/two_machines.py

.PHONY: crashes
crashes: bootstrap-tests  ## Break each kind of work off at every step, and at pairs of steps; about an hour; ARGS="--every 8"
	@$(PY) -m tests.simulation --crashes all $(ARGS)

.PHONY: upgrades
upgrades: bootstrap-tests  ## Let the last release's processes work beside this one's on one database, and down again; some minutes
	@$(PY) -m pytest -q tests/upgrades/side_by_side.py $(PYTEST_ARGS)

.PHONY: test
test: export HYPOTHESIS_PROFILE ?= ci
test: lint  ## Check everything, in a real browser too; PYTEST_ARGS="-k words" narrows it
	$(PY) -m pytest -n $(TEST_PROCESSES) --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

.PHONY: axe
axe: bootstrap-tests  ## Look at every page by axe in every look (1280, 390, 320; light, dark); some minutes
	@AXE=all $(PY) -m pytest -q tests/browser/test_accessible.py $(PYTEST_ARGS)

.PHONY: shots
shots: bootstrap-tests  ## Take pictures of every page and state: those of the guides into docs/images, the rest into var/shots
	@$(PY) -m tests.shots
