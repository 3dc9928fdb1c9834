# make demo   the bot against a sandbox, with a chat page in the browser; needs no key
# make test   everything that a reviewer would refuse: style, types, layers, tests
# make pictures   the pictures of the README, taken from the demo
# make texts   bring the files of all languages in line with the texts of the code
# make bench   what a fetch costs and how close to the limits we read, beside ccxt, and what judging
#              costs: three minutes
# make chaos   a thousand kills of the bot and thousands of cut connections, and what was not told:
#              a quarter of an hour
# make lock   renew the locks after a change of the dependencies in pyproject.toml

PYTHON ?= python3
PORT ?= 8080
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: demo run test lint types layers pictures texts bench chaos lock clean
.DEFAULT_GOAL := demo

demo: .venv/.installed
	@exec $(BIN)/balance-bot demo --port $(PORT)

run: .venv/.installed
	@exec $(BIN)/balance-bot run

test: lint types layers
	$(BIN)/python -m pytest --numprocesses auto --dist worksteal

lint: .venv/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/.installed-dev
	$(BIN)/mypy

layers: .venv/.installed-dev
	$(BIN)/lint-imports

# The last thing that is made: where it broke off before, all of it is made again.
.venv/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "balance-bot needs Python 3.11 or newer: make PYTHON=python3.12")'
	$(PYTHON) -m venv .venv

.venv/.installed: deploy/requirements.lock pyproject.toml | .venv/bin/pip
	$(PIP) install --require-hashes --only-binary :all: -r deploy/requirements.lock
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.installed-dev: deploy/requirements-dev.lock .venv/.installed
	$(PIP) install --require-hashes --only-binary :all: -r deploy/requirements-dev.lock
	@touch $@

# Needs Chromium, as the tests of the page do.
pictures: .venv/.installed-dev
	$(BIN)/python deploy/pictures/take.py

texts: .venv/.installed-dev
	$(BIN)/python deploy/texts.py

# One after another: side by side they would measure each other.
bench: .venv/.installed-dev
	@$(BIN)/python -m bench.fetch
	@$(BIN)/python -m bench.sub_accounts
	@$(BIN)/python -m bench.sweep
	@$(BIN)/python -m bench.judge
	@$(BIN)/python -m bench.balance
	@$(BIN)/python -m bench.chart

# KILLS=300 for a shorter one, SEED=2 for another one.
KILLS ?= 1000
SEED ?= 1
chaos: .venv/.installed-dev
	@$(BIN)/python -m bench.chaos --kills $(KILLS) --seed $(SEED)

# The locks name no host: whoever installs from them chooses the index.
LOCK = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-annotate --custom-compile-command "make lock" pyproject.toml
lock: .venv/bin/pip
	$(PIP) install uv
	$(LOCK) --output-file deploy/requirements.lock --extra build
	$(LOCK) --output-file deploy/requirements-dev.lock --extra build --extra dev --constraint deploy/requirements.lock

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
