# `make help` lists the targets. Everything happens in .venv, .venv-edge, .venv-docs and build/; nothing is installed outside of
# them.
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
EDGE_BIN := .venv-edge/bin
DOCS_BIN := .venv-docs/bin
# Without --no-compile pip compiles every module of every package, most of which nobody imports: 40 s of CPU time.
WORKSTATION := trainer export
INSTALL := -m pip --disable-pip-version-check --quiet install --no-compile --constraint constraints.txt
PIP := $(BIN)/python $(INSTALL)

.DEFAULT_GOAL := help
.PHONY: help demo test docs test-docs test-edge test-gateway test-arm64 test-clients test-home-assistant test-packages add-on coverage check format seasons benchmarks release-check clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

demo: .venv/.demo  ## set up, then run the whole loop: train, export, agent, leak, alarm, synthetic rows
	$(BIN)/davylamp demo $(ARGS)

test: check  ## set up, check, then run every test (ARGS="-k link" for some; PYTHON=python3.13 with another Python)
ifdef ARGS
	$(BIN)/python -m pytest $(ARGS)
else  # the workstation's in the background, and printed behind the others: most of those wait for brokers
	@mkdir -p build
	@env --default-signal=INT $(BIN)/python -m pytest $(WORKSTATION) $(WORKSTATION:%=tests/%) >build/test-workstation.log 2>&1 & half=$$!; \
	  $(BIN)/python -m pytest config edge davylamp.py tests $(WORKSTATION:%=--ignore=tests/%); gateway=$$?; \
	  wait $$half; workstation=$$?; cat build/test-workstation.log; exit $$((gateway | workstation))
endif

test-edge: .venv-edge/.ready  ## run the gateway's tests without the trainer extra, as on a Raspberry Pi (PYTHON as above)
	$(EDGE_BIN)/python -m pytest config edge tests/config tests/edge $(ARGS)

test-gateway: .venv/.dev  ## boot Debian 12 and 13 in containers and try the way to a Pi on both (root; ARGS="--kills 3")
	PYTHONPATH=. $(BIN)/python -m tests.gateway.run $(ARGS)

test-arm64: .venv/.dev  ## run the gateway as on a Raspberry Pi under emulation: scores, live readings, memory (no root)
	PYTHONPATH=. $(BIN)/python -m tests.arm64.run

test-clients: .venv/.dev  ## run what is in docs/clients with Node-RED, MQTT.js, Grafana's types (npm) and Prometheus (apt)
	@mkdir -p build/clients && cp tests/clients/package.json build/clients
	@command -v npm >/dev/null || echo 'SKIPPED: NODE-RED, MQTT.JS AND THE GRAFANA DASHBOARD ARE NOT TESTED, because npm is not on PATH'
	@! command -v npm >/dev/null || npm install --prefix build/clients --no-audit --no-fund --loglevel=error \
	  || echo 'SKIPPED: NODE-RED, MQTT.JS AND THE GRAFANA DASHBOARD ARE NOT TESTED, because npm cannot install them here'
	@command -v prometheus-mqtt-exporter >/dev/null && command -v prometheus >/dev/null || echo 'SKIPPED: METRICS ARE NOT TESTED, because' \
	  'prometheus-mqtt-exporter or prometheus is not on PATH (apt install prometheus-mqtt-exporter prometheus)'
	$(BIN)/python -m pytest tests/clients $(ARGS)

test-home-assistant: .venv/.dev  ## run Home Assistant 2025.4 beside a broker and an agent (Python 3.13, 600 MB in build/)
	PYTHONPATH=. $(BIN)/python -m tests.home_assistant.run $(ARGS)

docs: .venv-docs/.ready  ## build the documentation site in build/documentation/site and check every link in it
	$(DOCS_BIN)/python -m docs.site.documentation_site

test-docs: .venv/.dev  ## run the command blocks of the documents that take minutes too (a broker, the record in ../shared/data)
	$(BIN)/python -m pytest tests/docs --every-command $(ARGS)

test-packages: .venv/.dev  ## build wheel, images and add-on; install by pipx and uv; run the images (root, buildah, podman, qemu)
	PYTHONPATH=. $(BIN)/python -m tests.packages.run $(ARGS)

# Needs nothing but Python: the wheel is made without a build backend.
add-on:  ## make build/add-on/davylamp, a folder to copy to /addons of Home Assistant, with the wheel of this checkout
	rm -rf build/add-on && mkdir -p build/add-on
	cp -r systemd/home-assistant build/add-on/davylamp
	$(PYTHON) -m edge.deployment.own_wheel build/add-on/davylamp
	@ls -l build/add-on/davylamp

coverage: .venv/.dev  ## run the tests and measure which lines they run; edge/ has to reach 95 % (benchmarks are left out)
	$(BIN)/python -m pytest --cov --cov-report= --ignore tests/test_benchmarks.py $(ARGS)
	$(BIN)/coverage report
	$(BIN)/coverage report --include='edge/*' --fail-under=95 --format=total

check: .venv/.dev  ## format, lint, types and import rules
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/.dev  ## format the code and repair what the linter can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

seasons: .venv/.dev  ## live through three simulated seasons: train, collect, retrain, push, shadow, active (Mosquitto; some minutes)
	$(BIN)/python benchmarks/seasons.py $(ARGS)

benchmarks: .venv/.dev  ## print every benchmark's table and write its JSON to benchmarks/results/ (more than an hour)
	@mkdir -p benchmarks/results
	@for b in clocks latency agent discovery dashboard journal archive rollout chaos sampling simulator training windows detection synthesis sequences field fleet drift; do \
	  $(BIN)/python benchmarks/$$b.py --json benchmarks/results/$$b.json || missed="$$missed $$b"; done; \
	  test -z "$$missed" || { echo "goals missed, or failed:$$missed"; exit 1; }

# Needs neither .venv nor torch. --no-isolation: the build backend is the one in constraints.txt.
release-check:  ## build sdist and wheel, check both, install the wheel in a clean environment and try it
	@version=$$(sed -nE 's/^__version__ = "(.*)"/\1/p' davylamp.py); tag=$$(git tag --points-at HEAD --list 'v*'); \
	  grep -qE "^## \[$$version\] - [0-9]{4}-[0-9]{2}-[0-9]{2}$$" CHANGELOG.md \
	    || { echo "CHANGELOG.md: got no section '## [$$version] - DATE', the version in davylamp.py"; exit 1; }; \
	  test -z "$$tag" -o "$$tag" = "v$$version" || { echo "the commit has tag $$tag, davylamp.py version $$version"; exit 1; }
	rm -rf dist build/release
	$(PYTHON) -m venv build/release/tools
	build/release/tools/bin/python $(INSTALL) build hatchling 'readme-renderer[md]' twine
	build/release/tools/bin/python -m build --no-isolation
	build/release/tools/bin/twine check --strict dist/*
	$(PYTHON) -m venv build/release/clean
	build/release/clean/bin/python $(INSTALL) dist/*.whl
	cd build/release && clean/bin/davylamp --version && clean/bin/davylamp init station && clean/bin/davylamp demo --help >/dev/null
	@ls -l dist

clean:  ## remove the environments and everything that was generated
	rm -rf .venv .venv-edge .venv-docs runs demo-run dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache \
	  .coverage .coverage.* benchmarks/results

# An environment stays with the Python that made it, unless PYTHON asks for another one: then it is made again.
ifneq ($(origin PYTHON),file)
.PHONY: $(foreach venv,.venv .venv-edge .venv-docs,$(shell \
  test "$$($(venv)/bin/python -VV 2>/dev/null)" = "$$($(PYTHON) -VV)" || echo $(venv)/.python))
endif

.venv/.python .venv-edge/.python .venv-docs/.python:
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else f"davylamp needs Python 3.11 or newer, this is {sys.version.split()[0]}: make PYTHON=/path/to/python3.11")'
	@test ! -e $(@D)/bin/python || echo "$(@D) is made again: it has $$($(@D)/bin/python --version), PYTHON is $$($(PYTHON) --version)"
	$(PYTHON) -m venv --clear $(@D)
	@touch $@

# torch before anything that asks for it: see constraints.txt.
.venv/.torch: .venv/.python constraints.txt
	@echo 'installing torch (once, a few minutes) ...'
	$(PIP) torch==2.13.0
	@touch $@

.venv/.demo: .venv/.torch pyproject.toml
	@echo 'installing davylamp ...'
	$(PIP) --editable '.[demo]'
	@touch $@

.venv/.dev: .venv/.torch pyproject.toml
	@echo 'installing davylamp and what checks it ...'
	$(PIP) --editable '.[demo,dev]'
	@touch .venv/.demo $@

.venv-edge/.ready: .venv-edge/.python constraints.txt pyproject.toml
	$(EDGE_BIN)/python $(INSTALL) --editable '.[test]'
	@touch $@

# Zensical has no place beside the product: its own Markdown and YAML are its business.
.venv-docs/.ready: .venv-docs/.python constraints.txt pyproject.toml
	$(DOCS_BIN)/python $(INSTALL) --editable '.[docs]'
	@touch $@
