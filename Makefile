# `make help` lists what there is to do. Everything happens in .venv; nothing is installed outside it.
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet install --constraint constraints.txt
PACKAGES := config edge trainer export davylamp.py

.DEFAULT_GOAL := help
.PHONY: help demo test check format benchmarks clean

help:  ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

demo: .venv/.demo  ## set up, then run the whole loop: train, export, agent, leak, alarm, synthetic rows
	$(BIN)/davylamp demo $(ARGS)

test: check  ## set up, check, then run every test (ARGS="-k link" for some)
	$(BIN)/python -m pytest $(ARGS)

check: .venv/.dev  ## format, lint, types and import rules
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/.dev  ## format the code and mend what the linter can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

benchmarks: .venv/.dev  ## print every benchmark's table and write its JSON to benchmarks/results/ (an hour and more)
	@mkdir -p benchmarks/results
	@for b in latency agent journal chaos sampling simulator training detection synthesis sequences; do \
	  $(BIN)/python benchmarks/$$b.py --json benchmarks/results/$$b.json || missed="$$missed $$b"; done; \
	  test -z "$$missed" || { echo "goals missed, or failed:$$missed"; exit 1; }

clean:  ## remove .venv and everything that was generated
	rm -rf .venv runs demo-run dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis benchmarks/results

.venv/.python:
	$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else f"davylamp needs Python 3.11 or newer, this is {sys.version.split()[0]}: make PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv .venv
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

.venv/.dev: .venv/.demo
	$(PIP) --editable '.[demo,dev]'
	@touch $@
