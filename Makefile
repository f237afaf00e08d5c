# The only entry points people need. Each does its own set-up, says what it is doing, skips what is
# already done, and can be interrupted and run again.
.PHONY: notebooks test test-all check lab notion exercises grade site status latency bench bench-scale reference cluster cluster-test kernel pack tools preflight postgres browser spark prose doctor clean

PYTHON := .venv/bin/python

# Execute every notebook in a real kernel, write the outputs back, and build the site.
notebooks: kernel
	@$(PYTHON) kernel/notebooks.py
	@$(PYTHON) site/build.py

# After an edit, meant to take a minute: formatting, lints, the library's tests with few seeds, pins, notebooks' form.
check: tools prose
	@$(PYTHON) tests/run.py check

# Everything that a change can break. Everything CI runs.
test: kernel postgres browser spark prose
	@$(PYTHON) kernel/pack.py seed
	@$(PYTHON) tests/run.py test

# The same with all seeds, all notebooks on each engine and kernel, and sessions killed at random: for overnight runs.
test-all: kernel postgres browser spark prose
	@$(PYTHON) kernel/pack.py seed
	@$(PYTHON) tests/run.py all

# JupyterLab with the kernel "Rust (casebook)", in the browser, at the first notebook.
lab: kernel
	@$(PYTHON) -m jupyterlab --notebook-dir=notebooks --LabApp.default_url=/lab/tree/00_start_here.ipynb $(if $(filter 0,$(shell id -u)),--allow-root)

# The growth study from data to report, in data/out/notion.
notion: preflight
	@cargo casebook report notion

# Check the exercises in a real kernel, and write the student versions: notebooks/exercises/release.
# ASSIGNMENTS="saas mentor" does this for some of them.
exercises: kernel
	@$(PYTHON) notebooks/exercises/course.py release $(ASSIGNMENTS)

# Grade STUDENT/ASSIGNMENT/ASSIGNMENT.ipynb in a folder: make grade SUBMISSIONS=folder
grade: kernel
	@$(PYTHON) notebooks/exercises/course.py grade $(if $(SUBMISSIONS),--submissions "$(SUBMISSIONS)") $(ASSIGNMENTS)

# The site, from the outputs in the notebooks: site/html.
site: tools
	@$(PYTHON) site/build.py

# Measure the notebooks for the site's status page, with 20 other seeds: takes a quarter of an hour.
status: kernel
	@$(PYTHON) kernel/status.py

# How long a notebook user waits: each cell of each notebook, phase by phase, for docs/latency.md and README.md; then a
# session's start, compared with a spare session and the stock kernel.
latency: kernel
	@$(PYTHON) kernel/phases.py
	@$(PYTHON) kernel/latency.py

# The metrics at 1 and 10 million events: alone, then compared with Python polars, DuckDB, pandas and scikit-learn, the
# generators, and the command compared with DuckDB and ClickHouse; writes the tables in README.md and docs/performance.md. In the
# dev profile: notebooks run it, and polars is already compiled for it.
bench: tools
	@cargo bench --profile dev --bench metrics
	@$(PYTHON) benches/compare.py
	@$(PYTHON) benches/command.py

# How cost grows from 10^5 to 10^8 events: generation, polars, SQLite, PostgreSQL, Spark. Takes about an hour;
# results that are already there are kept. Notebook 05 reads what it writes.
bench-scale: tools
	@$(PYTHON) benches/scale.py $(if $(FRESH),--fresh) $(SIZES)

# Run the independent implementations on the data in tests/reference again.
reference: tools postgres
	@$(PYTHON) tests/reference/make.py all

# A Spark cluster on this machine, a master and two workers, until Ctrl+C.
cluster: tools
	@$(PYTHON) tests/cluster.py start

# The growth study's queries on a cluster of their own, while a worker dies: EVENTS=10000000
cluster-test: tools
	@$(PYTHON) tests/cluster.py test $(EVENTS)

# The kernel: evcxr_jupyter, its registration, and its compiled dependencies.
kernel: tools
	@$(PYTHON) kernel/install.py

# One file with everything that is slow to compile for the kernel, for machines like this one: target/pack. Its content
# is compiled here, not taken from another pack.
pack: export CASEBOOK_PACK := none
pack: kernel
	@$(PYTHON) kernel/pack.py make

# JupyterLab and friends, in .venv.
tools: .venv/installed

.venv/installed: requirements.txt | preflight
	@echo "casebook: installing JupyterLab into .venv, about 1 minute"
	@python3 -m venv .venv
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

# Find in a second what would fail after minutes of downloading and compiling, with the command that fixes it.
preflight:
	@sh kernel/preflight.sh

# PostgreSQL's server programs, for the tests. They start a private server; none is left running.
postgres: tools
	@$(PYTHON) tests/postgres.py install

# Java and Spark, for the cluster.
spark: tools
	@$(PYTHON) tests/cluster.py install

# Chromium and what drives it, for the tests of dashboards, JupyterLab and the site.
browser: tools
	@$(PYTHON) tests/browser.py install

# The grammar checker that reads the pages.
prose: tools
	@$(PYTHON) tests/prose_test.py install

# The same, and how far the installation has got; compiles nothing.
doctor:
	@sh kernel/preflight.sh doctor

clean:
	rm -rf target .venv site/html site/source site/jupyter_execute data/out
