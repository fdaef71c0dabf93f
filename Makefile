# Assay's commands. `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help setup setup-dev demo test check bench lock up down sql judge rubric-check rules-try release export-costs reprice silence silences expire clean

PYTHON_3_11 := .venv/bin/python
TESTS ?= tests
WORKERS ?= 2

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | while IFS=$$'\t' read -r target text; do \
		printf '  \033[1m%-12s\033[0m %s\n' "make $$target" "$$text"; done

setup: ## create .venv from the hashed lock (nothing to do: 0.1 s)
	@PYTHON="$(PYTHON)" local/setup.sh requirements.txt

setup-dev:
	@PYTHON="$(PYTHON)" local/setup.sh requirements.txt requirements-dev.txt

demo: setup ## the whole job on the demo's world, through Airflow; SEED=, END=2026-01-31 choose another one
	@$(PYTHON_3_11) -m demo $(if $(SEED),--seed $(SEED)) $(if $(END),--end $(END))

up: setup ## Airflow's UI with the demo's data, in the background
	@$(PYTHON_3_11) -m local up

down: setup ## stop what `make up` started
	@$(PYTHON_3_11) -m local down

sql: export ASSAY_SQL = $(value Q)
sql: export ASSAY_DB = $(DB)
sql: setup ## CSV of a query: Q="select * from runs" [DB=store|source|airflow]
	@$(PYTHON_3_11) -m local sql

judge: setup ## judge a file: FILE=in.jsonl OUT=out.jsonl
	@$(PYTHON_3_11) -m include.judge_file "$(FILE)" "$(OUT)"

rubric-check: setup ## what a rubric asks and costs, tried on three interactions: FILE=rubric.yaml
	@ASSAY_RUBRIC="$(FILE)" $(PYTHON_3_11) -m local rubric

rules-try: setup ## what a rules file would have told: SINCE=2026-11-01 [UNTIL= RULES=my_rules.yaml DRIFT=1 JSON=1]
	@ASSAY_SINCE="$(SINCE)" ASSAY_UNTIL="$(UNTIL)" ASSAY_TRIED="$(RULES)" \
		ASSAY_TRY="$(if $(DRIFT),--drift) $(if $(JSON),--json)" $(PYTHON_3_11) -m local rules

release: setup ## let repaired rows out of quarantine: ROWS="12 15" [SET='{"response": "..."}']
	@ASSAY_ROWS="$(ROWS)" ASSAY_REPAIR='$(value SET)' $(PYTHON_3_11) -m local release

export-costs: setup ## costs for finance, in FOCUS columns: MONTH=2026-11 (or FROM= TO=) OUT=costs.csv (or .parquet) [ACCOUNT=]
	@ASSAY_MONTH="$(MONTH)" ASSAY_FROM="$(FROM)" ASSAY_TO="$(TO)" ASSAY_OUT="$(OUT)" ASSAY_ACCOUNT="$(ACCOUNT)" \
		$(PYTHON_3_11) -m local export

reprice: export ASSAY_PROJECT = $(value PROJECT)
reprice: export ASSAY_BY = $(value BY)
reprice: export ASSAY_WHY = $(value WHY)
reprice: setup ## price past days again: FROM=2026-11-01 TO=2026-11-08 BY=me WHY="..." [PROJECT=bank DRY=1]
	@ASSAY_FROM="$(FROM)" ASSAY_TO="$(TO)" ASSAY_DRY="$(DRY)" $(PYTHON_3_11) -m local reprice

silence: export ASSAY_MATCH = $(value MATCH)
silence: export ASSAY_FOR = $(value FOR)
silence: export ASSAY_BY = $(value BY)
silence: export ASSAY_WHY = $(value WHY)
silence: setup ## tell nobody for a while: MATCH="project=bank alertname=~composite.*" FOR=2h BY=me WHY="..."
	@$(PYTHON_3_11) -m local silence

silences: setup ## what is silenced, with ids
	@$(PYTHON_3_11) -m local silences

expire: export ASSAY_SILENCE = $(value ID)
expire: setup ## end a silence: ID=7
	@$(PYTHON_3_11) -m local expire

test: setup-dev ## all tests [TESTS=tests/unit WORKERS=2]
	@$(PYTHON_3_11) -m pytest -q -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(TESTS)

check: setup-dev ## what CI checks besides the tests: style, types, layers, docs
	$(PYTHON_3_11) -m ruff check .
	$(PYTHON_3_11) -m ruff format --check .
	$(PYTHON_3_11) -m mypy
	.venv/bin/lint-imports
	$(PYTHON_3_11) -m pytest -q tests/docs

bench: setup-dev ## the measured claims, a table each
	@for script in $$(grep -l __main__ benchmarks/*.py | grep -v judge_peers); do \
		echo "== $$script"; $(PYTHON_3_11) $$script || exit 1; done

LOCK := $(PYTHON_3_11) -m uv pip compile --quiet --generate-hashes --no-header --no-emit-index-url --python-version 3.11
lock: setup ## pin the newest versions that requirements*.in allow
	$(LOCK) --upgrade requirements-bootstrap.in -o requirements-bootstrap.txt
	$(LOCK) --upgrade requirements.in -o requirements.txt
	$(LOCK) --upgrade requirements-dev.in -o requirements-dev.txt
	$(LOCK) --upgrade requirements-deploy.in -o requirements-deploy.txt

clean: ## stop everything and remove the demo's data; .venv stays
	@[ ! -x $(PYTHON_3_11) ] || $(PYTHON_3_11) -m local clean
