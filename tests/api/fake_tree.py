# SPDX-License-Identifier: LGPL-2.1-or-later
"""A source tree that is no kernel, but has its ways of being built."""

import os

from test_command import CommandTestCase


class FakeTree(CommandTestCase):
    """With the tree in `linux`. Tests steer its build by variables:
    DENY (options that Kconfig drops), BREAK (the build fails), SLOW (it does
    not end)."""

    def setUp(self):
        super().setUp()
        self.env.pop("ROADTEST_KERNEL")
        self.write("linux/arch/um/Kconfig", "config UML\n\tdef_bool y\n")
        self.write("linux/Kconfig", """mainmenu "x"
source "arch/$(SRCARCH)/Kconfig"
source "drivers/Kconfig"
""")
        self.write("linux/drivers/Kconfig", """menu "Drivers"
\tdepends on HAS_BUS

config CHIP
\ttristate "a chip"
\tdepends on I2C && (SPI || \\
\t\tREGMAP)
\thelp
\t  Text that says:

\t  config NOT_HERE

if CHIP
config CHIP_DEBUG
\tbool "debug" if EXPERT
endif

config HIDDEN
\ttristate

config EITHER
\tbool "either"
\tdepends on ONE || TWO && THREE
endmenu
""")
        self.write("linux/include/dt-bindings/x.h", "")
        # allnoconfig takes the wanted options but those of $DENY.
        self.write("linux/Makefile", """
allnoconfig:
\t@echo configure >>$(O)/../../configured
\t@grep -v -w "$$DENY" $(KCONFIG_ALLCONFIG) >$(O)/.config || true
all:
\t@echo "  CC      x.o"
\t@if [ -n "$$BREAK" ]; then printf '%b\\n' "$$BREAK" >&2; exit 1; fi
\t@if [ -n "$$SLOW" ]; then cd $(O); sleep 1000; fi
\t@cp /bin/true $(O)/linux
\t@mkdir -p $(O)/include/config; echo 6.99.0 >$(O)/include/config/kernel.release
\t@echo build >>$(O)/../../builds
modules_install:
\t@mkdir -p $(INSTALL_MOD_PATH)/lib/modules/6.99.0
\t@ln -s $(O) $(INSTALL_MOD_PATH)/lib/modules/6.99.0/build
""")
        self.env["DENY"] = "CONFIG_NOTHING"

    def builds(self):
        try:
            with open(self.path("cache/builds"), encoding="utf-8") as f:
                return len(f.readlines())
        except FileNotFoundError:
            return 0

    def kernel_of(self, *args):
        result = self.roadtest("kernel", "--source", "linux", *args)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stdout.strip()
