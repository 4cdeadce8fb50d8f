# make report   install into .venv, run the report pack on the sample company, say where the report is
# make test     install what the tests need, run them
PYTHON ?= python3
BIN := .venv/bin
REAL_DATA ?= $(or $(SEGKIT_REAL_DATA),../shared/data)

.PHONY: report test check real bench bench-forecast bench-replay bench-exchange bench-allocation bench-promise bench-vn2 bench-promise-dates bench-policies bench-backorders bench-contest lab clean

report: .venv/report.done
	@$(BIN)/segkit run data/sample

test: .venv/test.done
	@$(BIN)/python -m pytest -n auto

check: .venv/test.done
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy

real: .venv/report.done
	@$(BIN)/segkit new build/real/online_retail --force --mapping online_retail --orders $(REAL_DATA)/online_retail/online_retail.parquet
	@$(BIN)/segkit new build/real/ta_feng --force --mapping ta_feng --orders $(REAL_DATA)/ta_feng/ta_feng.parquet
	@$(BIN)/segkit run build/real/online_retail build/real/ta_feng

bench: .venv/test.done
	@$(BIN)/python tests/benchmarks/spine.py

bench-forecast: .venv/test.done
	@SEGKIT_REAL_DATA=$(REAL_DATA) $(BIN)/python tests/benchmarks/forecasting.py $(ARGS)

bench-replay: .venv/test.done
	@$(BIN)/python tests/benchmarks/replay.py

bench-exchange: .venv/test.done
	@$(BIN)/python tests/benchmarks/exchange.py

bench-allocation: .venv/test.done
	@$(BIN)/python tests/benchmarks/allocation.py $(ARGS)
bench-promise: .venv/test.done
	@NUMBA_NUM_THREADS=1 $(BIN)/python tests/benchmarks/promising.py $(ARGS)

bench-vn2: .venv/test.done
	@SEGKIT_REAL_DATA=$(REAL_DATA) $(BIN)/python tests/benchmarks/vn2.py

bench-promise-dates: .venv/test.done
	@SEGKIT_REAL_DATA=$(REAL_DATA) $(BIN)/python tests/benchmarks/promise_dates.py $(ARGS)

bench-policies: .venv/test.done
	@SEGKIT_REAL_DATA=$(REAL_DATA) $(BIN)/python tests/benchmarks/policies.py $(ARGS)

bench-backorders: .venv/test.done
	@$(BIN)/python tests/benchmarks/backorders.py

bench-contest: .venv/test.done
	@SEGKIT_REAL_DATA=$(REAL_DATA) $(BIN)/python tests/benchmarks/rule_contest.py $(ARGS)

lab: .venv/report.done
	@$(BIN)/jupyter lab notebooks

.venv/bin/python:
	@$(PYTHON) -m venv .venv

.venv/report.done: .venv/bin/python pyproject.toml constraints.txt
	@echo "Installing segkit into .venv (a few minutes the first time)"
	@$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e .
	@touch $@

.venv/test.done: .venv/bin/python pyproject.toml constraints.txt
	@echo "Installing segkit and what its tests need into .venv (a few minutes the first time)"
	@$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e '.[test]'
	@touch $@ .venv/report.done

clean:
	rm -rf .venv build
