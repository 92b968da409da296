# paysync: `make demo` shows it, `make test` tests it. Both make what they need and can be repeated.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TEST_ENV := ENV_FILE=tests/test.env
WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help demo openapi test test-mssql test-mssql-own lint format bench lock clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

$(VENV)/.installed: requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info < (3, 14) else 1)' \
		|| { echo "paysync needs Python 3.11, 3.12 or 3.13; $(PYTHON) is $$($(PYTHON) --version). Set PYTHON=python3.12, for instance."; exit 1; }
	@echo "== Making the virtual environment $(VENV) and installing the pinned packages"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --disable-pip-version-check --quiet --require-hashes -r requirements-dev.txt
	@touch $@

demo: $(VENV)/.installed ## Start everything with a believable company, until Ctrl-C
	@exec $(BIN)/python manage.py demo

test: $(VENV)/.installed ## Run the tests on SQLite, and where TEST_POSTGRES_URL and TEST_MSSQL_URL name them, there
	@echo "== Tests on SQLite"
	@mkdir -p var
	@$(TEST_ENV) DATABASE_URL=sqlite:///var/test.sqlite3 $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile $(if $(CI),-m "not postgres and not mssql") $(ARGS)
	@if [ -n "$$TEST_POSTGRES_URL" ]; then \
		echo "== Tests on PostgreSQL"; \
		$(TEST_ENV) DATABASE_URL="$$TEST_POSTGRES_URL" $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile $(if $(CI),-m "not mssql") $(ARGS); \
	elif [ -n "$$CI" ]; then \
		echo "TEST_POSTGRES_URL is not set, and in CI nothing is skipped."; exit 1; \
	else \
		echo "== Tests on PostgreSQL: skipped, TEST_POSTGRES_URL is not set (postgres://user:password@host/name)"; \
	fi
	@if [ -n "$$TEST_MSSQL_URL" ]; then $(MAKE) --no-print-directory test-mssql-own; \
	else echo "== Tests on SQL Server: skipped, TEST_MSSQL_URL is not set (mssql://user:password@host/name)"; fi

test-mssql-own: $(VENV)/.installed ## Run the tests with paysync's own database on the SQL Server that TEST_MSSQL_URL names
	@[ -n "$$TEST_MSSQL_URL" ] || { echo "TEST_MSSQL_URL is not set (mssql://user:password@host:1433/name?trust_server_certificate=yes). The tests make and drop the database test_name."; exit 1; }
	@echo "== Tests on SQL Server"
	@$(TEST_ENV) DATABASE_URL="$$TEST_MSSQL_URL" $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile -m "not mssql" $(ARGS)

test-mssql: $(VENV)/.installed ## Run the tests that need a T-SQL server, the one that SAGE500_TEST_URL names
	@[ -n "$$SAGE500_TEST_URL" ] || { echo "SAGE500_TEST_URL is not set (mssql://user:password@host:1433/database?driver=FreeTDS). The tests make and drop that database."; exit 1; }
	@mkdir -p var
	@$(TEST_ENV) DATABASE_URL=sqlite:///var/test.sqlite3 $(BIN)/python -m pytest -m mssql $(ARGS)

lint: $(VENV)/.installed ## Check style, types, the arrows between rooms, and missing migrations
	@echo "== ruff"; $(BIN)/ruff check . && $(BIN)/ruff format --check .
	@echo "== import-linter"; $(BIN)/lint-imports
	@echo "== mypy"; $(TEST_ENV) $(BIN)/mypy .
	@echo "== migrations"; $(TEST_ENV) $(BIN)/python manage.py makemigrations --check --dry-run

openapi: $(VENV)/.installed ## Write the description of the API, docs/openapi.json, anew
	@$(TEST_ENV) $(BIN)/python manage.py spectacular --format openapi-json --file docs/openapi.json

format: $(VENV)/.installed ## Put the code into house style
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

bench: $(VENV)/.installed ## Run the benchmarks and print a table of ratios
	@$(TEST_ENV) $(BIN)/python -m benchmarks $(ARGS)

lock: ## Export the pinned requirements from pyproject.toml (needs uv)
	uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-find-links --no-emit-index-url --custom-compile-command "make lock" -o requirements.txt
	uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes --no-emit-find-links --no-emit-index-url --custom-compile-command "make lock" -o requirements-dev.txt

clean: ## Remove the virtual environment, the databases and the caches
	rm -rf $(VENV) var .mypy_cache .ruff_cache .pytest_cache
