# Every command first brings .venv (for the site, .venv-site) up to date, which takes no time when it is.
# Without make, `make lab` is `python tools/lab.py`, and RUN below shows what stands behind the others.

ifeq ($(OS),Windows_NT)
PYTHON ?= python
PATH_SEPARATOR = ;
else
PATH_SEPARATOR = :
PYTHON ?= $(shell command -v python3 || command -v python)
endif
SYSTEM_PYTHON = $(or $(PYTHON),$(error No Python was found: install Python 3.11 or newer and try again))
RUN = $(SYSTEM_PYTHON) tools/setup_env.py dev instructor --
TEACH = $(SYSTEM_PYTHON) tools/setup_env.py instructor --
HUB = $(SYSTEM_PYTHON) tools/setup_env.py hub --
SITE = $(SYSTEM_PYTHON) tools/setup_env.py site instructor --

TEST = -m pytest -n 2 --dist loadscope --no-loadscope-reorder $(NBVAL) tests course_lib tools notebooks exercises
NBVAL = --nbval --nbval-current-env --nbval-sanitize-with=tests/nbval_sanitize.cfg --nbval-cell-timeout=600 \
	--nbval-kernel-startup-timeout=600

# These start hundreds of processes, each of which would compile the course anew where nothing may be kept compiled.
hub mark test test-all hub-demo load hub-test site-test: export PYTHONDONTWRITEBYTECODE =

# Two workers share the cores: numpy's threads would wait for each other, many times as long as they work.
test test-all notebooks: export OPENBLAS_NUM_THREADS = 1

.PHONY: help lab present handout hub hub-demo hub-test load site site-serve site-test release mark fresh test test-all notebooks exercises lint format lock bench ladder cluster-check cluster-facts clean

help: ## List these commands (what a bare `make` does)
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s%s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

lab: ## Open the first lesson in JupyterLab (PORT=9000 to choose the port)
	@$(SYSTEM_PYTHON) tools/lab.py $(if $(PORT),--port $(PORT))

present: ## Open a lesson as live slides (LESSON=04 or LESSON=memory)
	@$(TEACH) tools/present.py $(LESSON) $(if $(PORT),--port $(PORT))

handout: ## Write each lesson as one page that needs no network, into build/handout (LESSON=04 for one)
	@$(TEACH) tools/handout.py $(LESSON)

hub-demo: ## Show a class on a hub, on this machine alone, with two invented students (PORT=9000 to choose the port)
	@$(HUB) tools/hub_demo.py $(if $(PORT),--port $(PORT))

hub: ## Install what a class on a hub on this machine needs; deploy/hub/README.md says what then
	@$(SYSTEM_PYTHON) tools/setup_env.py hub instructor -- tools/serve_hub.py --install-only

hub-test: ## Try all of the hub: faults, accounts, forbidden reaches (as root on Linux, else a part)
	@$(RUN) -m pytest -m "whole_hub or not whole_hub" -s tests/hub

load: ## Load a hub with a class on this machine alone (STUDENTS=20, or several: STUDENTS="1 5 10 20 40"; STARTED=1)
	@$(HUB) tools/load.py $(if $(STARTED),--started) $(STUDENTS)

site: ## Build the course as a folder that runs in any browser, into build/site (WHEELS=folder with Pyodide's wheels)
	@$(SITE) tools/make_site.py $(if $(WHEELS),--wheels="$(WHEELS)")

site-serve: site ## Serve that folder on this machine alone (PORT=9000 to choose the port)
	@$(SITE) tools/serve_site.py $(if $(PORT),--port $(PORT))

site-test: ## Try all of the site in a browser, and print its times beside those of JupyterLab
	@$(RUN) -m pytest -m "whole_site or browser" -s tests/browser/test_site.py tests/browser/test_site_whole.py

release: ## Make a class edition of the exercises, with numbers of its own (SEED=7, SET=04 for one set)
	@$(TEACH) tools/release.py --seed="$(SEED)" $(SET)

mark: ## Mark a class into a table of points and a page a student (SUBMISSIONS=folder, SEED=7, SET=04, JOBS=2)
	@$(TEACH) tools/mark.py --submissions="$(SUBMISSIONS)" $(if $(SEED),--seed=$(SEED)) $(if $(SET),--set=$(SET)) \
		$(if $(JOBS),--jobs=$(JOBS))

fresh: ## Lay a fresh copy of a lesson or a set of exercises beside your own (LESSON=04 or SET=04, SET=memory)
	@$(SYSTEM_PYTHON) tools/setup_env.py -- tools/fresh.py $(if $(LESSON),--lesson $(LESSON),$(SET))

test: ## Run the tests: units, doctests, notebooks, and the explorers in a browser
	@$(RUN) $(TEST)

test-all: ## Run the tests with every lesson, explorer and size of what takes long in a browser
	@$(RUN) $(TEST) -m "not whole_site and not whole_hub"

notebooks: ## Run the lessons and rewrite their outputs (NOTEBOOKS=notebooks/01_compute_cost.ipynb for one)
	@$(RUN) tools/run_notebooks.py $(NOTEBOOKS)

exercises: ## Make the students' exercises from the masters in exercises/solutions (SET=01 for one)
	@$(RUN) tools/make_exercises.py $(SET)

lint: ## Check style, format and types: Python, notebooks, and the page's scripts and styles
	@$(RUN) -m ruff check .
	@$(RUN) -m ruff format --check .
	@$(RUN) -m mypy
	@$(RUN) tools/lint_page.py

format: ## Mend style and format where that can be done without thinking
	@$(RUN) -m ruff check --fix .
	@$(RUN) -m ruff format .
	@$(RUN) tools/lint_page.py --write

lock: ## Write requirements.txt from pyproject.toml (LOCK=--upgrade for the newest versions)
	@$(SYSTEM_PYTHON) tools/lock.py $(LOCK)

bench: export PYTHONPATH = $(CURDIR)/tools$(PATH_SEPARATOR)$(CURDIR)/tests
bench: ## Measure the library and the explorers beside their references
	@$(RUN) benchmarks/bench_library.py
	@$(RUN) benchmarks/bench_marking.py
	@$(RUN) benchmarks/bench_latency.py

ladder: ## Train the tiny models that lesson 3 fits, and write course_lib/data/ladder.json (ten minutes)
	@$(RUN) tools/ladder.py

cluster-check: ## Hold a cluster's values against their chart (CHART=jupyterhub-4.4.0.tgz, VALUES=my_class/cluster.yaml, DRAFT=1)
	@$(RUN) tools/check_cluster.py $(if $(CHART),--hub --chart="$(CHART)") $(if $(DRAFT),--draft) $(VALUES)

cluster-facts: ## Keep what a chart says of the places that the course's values set (CHART=jupyterhub-4.4.0.tgz, COMMIT=...)
	@$(RUN) tools/check_cluster.py --keep --chart="$(CHART)" --commit="$(COMMIT)"

clean: ## Remove .venv, caches and everything else that can be made again
	@$(SYSTEM_PYTHON) tools/clean.py
