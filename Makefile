# Each target sets up what it needs in .venv; nothing is installed elsewhere.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip --disable-pip-version-check --quiet

.PHONY: demo test lint check bench soak clean

demo: $(VENV)/.demo  ## play a recorded answer at the pace at which it was captured
	@$(BIN)/reqllm-fixtures play cassettes/demo.yaml --pace 1

test: $(VENV)/.test  ## every test, with branch coverage reported
	@$(BIN)/python -m compileall -q reqllm reqllm_fixtures  # once, not in each of 200 processes
	@$(BIN)/coverage erase
	@$(BIN)/coverage run -m pytest --numprocesses auto $(ARGS)
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report --format=total | sed 's/^/branch coverage, per cent: /'

lint: $(VENV)/.lint  ## style, types, import contracts; changes nothing
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: test lint  ## all that a change must pass

bench: $(VENV)/.test  ## time a stream event beside the limit and the vendors' SDKs
	$(BIN)/python -m benchmarks $(ARGS)

soak: $(VENV)/.test  ## many streams that end in every way, a slow reader; tell what they leave
	$(BIN)/python -m benchmarks.soak $(ARGS)

clean:
	rm -rf $(VENV)

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: pyproject.toml | $(BIN)/python
	$(PIP) install --editable '.[fixtures]'
	@touch $@

$(VENV)/.test: pyproject.toml tests/plugin/beside.txt tests/sdks/apart.txt | $(BIN)/python
	$(PIP) install --editable '.[test]'
	$(PIP) install --no-deps --upgrade --target $(VENV)/beside --requirement tests/plugin/beside.txt
	$(PIP) install --no-deps --upgrade --target $(VENV)/apart --requirement tests/sdks/apart.txt
	@touch $@ $(VENV)/.demo

$(VENV)/.lint: pyproject.toml tests/plugin/beside.txt tests/sdks/apart.txt | $(BIN)/python
	$(PIP) install --editable '.[test,lint]'
	$(PIP) install --no-deps --upgrade --target $(VENV)/beside --requirement tests/plugin/beside.txt
	$(PIP) install --no-deps --upgrade --target $(VENV)/apart --requirement tests/sdks/apart.txt
	@touch $@ $(VENV)/.demo $(VENV)/.test
