# `make demo` and `make test` do all the set-up; `make desktop` opens QGIS with the plugin.
.PHONY: setup demo test lint bench package wheel desktop docs tour pictures translations fuzz kills mutants coverage clean
.DEFAULT_GOAL := help
RUN := .venv/bin/python
NAME ?= view
COUNT ?= 1000000
KILLS ?= 200

help:
	@echo "make demo [DATA=folder]  terrain from a simulated (or your) scene, with pictures and a report"
	@echo "make test                every test, in the core and in a real QGIS"
	@echo "make desktop             QGIS with the plugin"
	@echo "make docs                the user guide as web pages in build/guide"
	@echo "make tour | pictures     a newcomer's tour, clicked in a real QGIS; the guide's pictures anew"
	@echo "make lint | bench NAME=view | package | setup"
	@echo "make wheel               the package's wheel in a new, empty environment, where it runs bench view"
	@echo "make fuzz [COUNT=n]      spoiled files for every reader; the suite runs a few of them"
	@echo "make fuzz GUIDED=s       s seconds a reader, guided by coverage (pip install atheris)"
	@echo "make kills [KILLS=n]     every command killed at random, and other bad luck; about 15 minutes"
	@echo "make mutants | coverage  mistakes made in the code, to test the tests; lines of core that the tests run"

setup: .venv/.ready

.venv/.ready: pyproject.toml .ci/setup
	@bash .ci/setup
	@touch $@

demo: setup
	@$(RUN) -m planetary_dtm.benchmarks.demo $(if $(DATA),--data $(DATA))

test: setup lint
	@bash .ci/test

lint: setup
	@bash .ci/lint

bench: setup
	@.venv/bin/planetary-dtm bench $(NAME)

package: setup
	@$(RUN) .ci/package.py

wheel: package
	@$(RUN) .ci/wheel_install.py

desktop: setup
	@$(RUN) tests/desktop/launch.py

docs: setup
	@.venv/bin/mkdocs build --quiet --strict && echo "build/guide/index.html"

tour: setup
	@$(RUN) -m planetary_dtm.tests.desktop.tour build/tour

pictures: setup
	@$(RUN) -m planetary_dtm.tests.desktop.screenshots
	@$(RUN) -m planetary_dtm.benchmarks.gallery

fuzz: setup
	@$(RUN) -m planetary_dtm.tests.fuzz $(if $(GUIDED),--guided $(GUIDED),--count $(COUNT))

kills: setup
	@$(RUN) -m planetary_dtm.tests.faults --count $(KILLS)

mutants: setup
	@$(RUN) -m planetary_dtm.tests.mutation

coverage: export COVERAGE_FILE = $(CURDIR)/build/coverage/data
coverage: setup
	@mkdir -p build/coverage && rm -f build/coverage/data*
	@$(RUN) -m coverage run -m pytest -n 2 -p no:pytest_qgis -p no:pytest-qt tests/core
	@$(RUN) -m coverage combine -q && $(RUN) -m coverage report --sort=cover --skip-covered

translations: setup
	@$(RUN) .ci/translate.py

clean:
	rm -rf build dist demo *.egg-info .pytest_cache .mypy_cache .ruff_cache
