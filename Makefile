# Every target sets itself up: `make demo` and `make test` work on a fresh checkout.
PYTHON ?= python3
BIN := .venv/bin
RUN := .venv/.installed-run
DEV := .venv/.installed-dev
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps

.PHONY: demo run test test-long promises audit check format lock migrate clean
.DEFAULT_GOAL := demo

demo: $(RUN)  ## the real bot against local stand-ins, with a chat page (RESET=1 forgets its data)
	$(BIN)/python -m bot demo $(if $(RESET),--reset)

run: $(RUN)  ## the bot with your tokens, from the environment or .env
	$(BIN)/python -m bot run

migrate: $(RUN)  ## bring the database to this version's tables
	$(BIN)/python -m bot migrate

test: $(DEV)  # the compiled tests are kept, for the workers and the next run
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -m "not long" -n 3 --dist worksteal

test-long: $(DEV)  ## long runs: random kills, soak
	$(BIN)/python -m pytest -m long

promises: $(DEV)  ## every fault on every database, and the table of what held (about an hour)
	$(BIN)/python -m pytest tests/promises --promises docs/promises.md -n 2 --dist worksteal

audit: $(DEV)  ## what bandit, detect-secrets and pip-audit find that nobody has judged
	$(BIN)/python -m tests.audit

check: $(DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tests/gates.py

format: $(DEV)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: $(DEV)  ## compile both requirement files from pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --extra dev pyproject.toml -o requirements-dev.txt $(UPGRADE)
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url -c requirements-dev.txt pyproject.toml -o requirements.txt $(UPGRADE)

clean:
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .import_linter_cache

.venv/pyvenv.cfg:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Wavebrush needs Python 3.11 or newer; try: make PYTHON=python3.12")'
	$(PYTHON) -m venv .venv

$(RUN): requirements.txt | .venv/pyvenv.cfg
	$(PIP) -r requirements.txt
	@touch $@

$(DEV): requirements-dev.txt | .venv/pyvenv.cfg
	$(PIP) -r requirements-dev.txt
	@touch $(DEV) $(RUN)
