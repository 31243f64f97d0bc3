# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Forwards to Meson and to the roadtest command; there is one build system.

BUILD ?= build
ROADTEST = $(BUILD)/cli/roadtest
DEMO = $(wildcard suites/iio/light/test_opt3001*.py suites/iio/light/test-opt3001.c)
# One kernel serves demo, check, bench and soak.
KERNEL_FOR = suites tests examples

.PHONY: all help setup demo check bench soak check-kernels coverage mutants touched docs clean

ROUNDS = 1000
# For coverage, mutants and touched: names of drivers (tools/drivers.py), none for all.
DRIVERS =
JOBS ?= 2

all: setup $(BUILD)/build.ninja
	@ninja -C $(BUILD)

help:
	@echo "make          install what is missing, build into $(BUILD)"
	@echo "make demo     ... and run the OPT3001 suites, in Python and in C"
	@echo "make check    ... and run all tests"
	@echo "make check-kernels  run the suites on Linux 6.1, 6.12 and Debian's newest"
	@echo "make bench    ... and measure; numbers go to $(BUILD)/bench.json"
	@echo "make soak     ... and run the suites of two drivers 1000 times under load, which"
	@echo "              takes an hour; ROUNDS=50 for less"
	@echo "make coverage ... and print which lines of each driver no suite reaches"
	@echo "make mutants  ... and whether the suites see mistakes in their drivers;"
	@echo "              JOBS=2 at a time"
	@echo "make touched  ... and print which attributes and properties of each driver no"
	@echo "              suite uses; all three: DRIVERS=opt3001 for one driver"
	@echo "make docs     ... and the documentation as HTML, in $(BUILD)/html"
	@echo "make clean    remove the build directories (not the kernels in the cache)"

setup:
	@tools/setup

$(BUILD)/build.ninja: | setup
	@meson setup $(BUILD)

demo: setup $(BUILD)/build.ninja
	@ninja -C $(BUILD) --quiet
	@$(ROADTEST) kernel $(KERNEL_FOR) >/dev/null
	@$(ROADTEST) run $(DEMO)
	@echo; echo "A test of your driver: $(ROADTEST) new hwmon/lm75, and docs/first-test.md"

check: setup
	@tools/check $(BUILD)

check-kernels: setup $(BUILD)/build.ninja
	@ninja -C $(BUILD) --quiet
	@tools/check-kernels $(BUILD)

bench: setup $(BUILD)/build.ninja
	@ninja -C $(BUILD) --quiet
	@$(ROADTEST) kernel $(KERNEL_FOR) >/dev/null
	@tools/bench $(BUILD)

soak: setup $(BUILD)/build.ninja
	@ninja -C $(BUILD) --quiet
	@$(ROADTEST) kernel $(KERNEL_FOR) >/dev/null
	@tools/soak $(BUILD) --rounds $(ROUNDS)

coverage: setup $(BUILD)/build.ninja
	@ninja -C $(BUILD) --quiet
	@tools/coverage $(BUILD) $(DRIVERS)

mutants: setup $(BUILD)/build.ninja
	@ninja -C $(BUILD) --quiet
	@tools/mutants $(BUILD) --jobs $(JOBS) $(DRIVERS)

touched: setup $(BUILD)/build.ninja
	@ninja -C $(BUILD) --quiet
	@tools/touched $(BUILD) $(DRIVERS)

docs: setup $(BUILD)/build.ninja
	@ninja -C $(BUILD) --quiet
	@ninja -C $(BUILD) --quiet docs
	@echo $(abspath $(BUILD))/html/docs/index.html

clean:
	rm -rf $(BUILD) $(BUILD)-asan $(BUILD)-fuzz
