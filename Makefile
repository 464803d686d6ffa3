# `make` alone lists the targets.
.DEFAULT_GOAL := help
.PHONY: help setup up test test-extended test-matrix check audit docs config-table dashboard golden sbom format bench bench-quick chaos requirements upgrade clean

PY := .venv/bin/python
# Four on two cores, since crash tests mostly wait; PYTEST_WORKERS=0 is for a debugger.
PYTEST_WORKERS ?= 4
PYTEST_ARGS ?=
PYTEST = $(PY) -m pytest -n $(PYTEST_WORKERS) --dist worksteal
# e.g. --list, or --only python3.12
MATRIX_ARGS ?=
# Chromium for the browser tests; without it they are left out, and a message says so.
BROWSER ?= $(firstword $(foreach name,chromium chromium-browser google-chrome,$(shell command -v $(name))))
NO_BROWSER = test: NO CHROMIUM FOUND: the browser tests (tests/browser) were LEFT OUT. \
	Install chromium, or name one: make test BROWSER=/path/to/chromium
# Part of Prometheus; without it the tests of alert rules are left out, and a message says so.
PROMTOOL ?= $(shell command -v promtool)
NO_PROMTOOL = test: NO PROMTOOL FOUND: the tests of alert rules were LEFT OUT. Install prometheus
# Without it the tests of deploy/systemd that use it are left out, and a message says so.
SYSTEMD_ANALYZE ?= $(shell command -v systemd-analyze)
NO_SYSTEMD = test: NO SYSTEMD-ANALYZE FOUND: its tests of deploy/systemd were LEFT OUT. Install systemd
# For the examples in JavaScript; without it they are left out, and a message says so.
NODE ?= $(shell command -v node)
NO_NODE = test: NO NODE.JS FOUND: the examples in JavaScript were LEFT OUT. Install nodejs
MARKS = not extended$(if $(BROWSER),, and not browser)$(if $(PROMTOOL),, and not promtool)$(if \
	$(SYSTEMD_ANALYZE),, and not systemd)$(if $(NODE),, and not node)
SITE = $(PY) -m zensical build --strict --clean
COMPILE = .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-annotate --custom-compile-command 'make requirements' $(COMPILE_ARGS)

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' Makefile | awk -F'|' '{printf "make %-13s %s\n", $$1, $$2}'

setup: ## create .venv with the packages of requirements/dev.txt
	@sh local/setup.sh

up: setup ## run web, worker and flower with Redis and a sandbox, until Ctrl-C
	@exec $(PY) -m local.up --parent $$PPID

test: setup ## run the tests, except the longest
	@CARDS_TEST_BROWSER="$(BROWSER)" $(PYTEST) -m "$(MARKS)" $(PYTEST_ARGS); code=$$?; \
	$(if $(BROWSER),,echo "$(NO_BROWSER)" >&2;) $(if $(PROMTOOL),,echo "$(NO_PROMTOOL)" >&2;) \
	$(if $(SYSTEMD_ANALYZE),,echo "$(NO_SYSTEMD)" >&2;) $(if $(NODE),,echo "$(NO_NODE)" >&2;) \
	exit $$code
	@echo "test: the longest tests (more failovers, TLS, users' rights): make test-extended" >&2

test-extended: setup ## run the longest tests: more failovers, TLS, users' rights, namespaces
	@$(PY) -m tests.compatibility.releases 2>/dev/null || unless=" and not previous"; \
	$(PYTEST) -m "extended$$unless" $(PYTEST_ARGS); code=$$?; \
	$(PY) -m tests.compatibility.releases; exit $$code

test-matrix: setup ## run the tests on each available Python, Redis and set of packages
	@$(PY) -m tests.matrix --workers $(PYTEST_WORKERS) $(MATRIX_ARGS)

check: setup ## formatting, lint, types, architecture, links of the docs, known vulnerabilities
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports --config importlinter.toml
	@$(SITE)
	@$(PY) -m local.targets.audit

audit: setup ## check the pinned packages for known vulnerabilities
	@$(PY) -m local.targets.audit

docs: setup ## build the site of docs/ to build/site; broken links are errors
	@$(SITE)

config-table: setup ## write docs/configuration.md
	@$(PY) -m local.targets.config_table

dashboard: setup ## write deploy/grafana/card-commands.json
	@$(PY) -m local.targets.dashboard

golden: setup ## record the data that RELEASE=tag writes, for tests/compatibility
	@$(PY) -m tests.compatibility.golden "$(RELEASE)"

sbom: setup ## write a CycloneDX document of what a deployment installs to build/
	@$(PY) -m local.targets.sbom build/card-commands.cdx.json

format: setup ## format and fix what ruff can
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .

bench: setup ## run the benchmarks
	$(PY) -m benchmarks

bench-quick: setup ## run the benchmarks briefly
	$(PY) -m benchmarks --quick

chaos: setup ## kill processes at random under load and check the guarantees
	$(PY) -m chaos

requirements: setup ## compile requirements/*.txt from pyproject.toml, keeping their pins
	$(COMPILE) pyproject.toml --extra local --group dev -o requirements/dev.txt
	$(COMPILE) pyproject.toml --extra local --group dev -c requirements/oldest.in \
		-o requirements/oldest.txt
	$(COMPILE) pyproject.toml -c requirements/dev.txt -o requirements/producer.txt
	$(COMPILE) pyproject.toml -c requirements/dev.txt --extra http --extra worker --extra flower \
		--extra sandbox --extra tracing -o requirements/runtime.txt
	$(COMPILE) requirements/build.in -c requirements/dev.txt -o requirements/build.txt
	$(COMPILE) requirements/bootstrap.in -c requirements/dev.txt -o requirements/bootstrap.txt
	$(COMPILE) requirements/bench.in -o requirements/bench.txt

upgrade: ## the same, with the newest versions
	@$(MAKE) requirements COMPILE_ARGS=--upgrade

clean: ## remove .venv, caches and the local data
	rm -rf .venv .local build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
