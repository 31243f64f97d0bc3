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
\t@if [ -f build.sh ]; then sh build.sh $(O); fi
\t@mkdir -p $(O)/include/config; echo 6.99.0 >$(O)/include/config/kernel.release
\t@echo build >>$(O)/../../builds
modules_install:
\t@mkdir -p $(INSTALL_MOD_PATH)/lib/modules/6.99.0
\t@if [ -f install.sh ]; then sh install.sh $(O) $(INSTALL_MOD_PATH)/lib/modules/6.99.0; fi
\t@ln -s $(O) $(INSTALL_MOD_PATH)/lib/modules/6.99.0/build
""")
        self.env["DENY"] = "CONFIG_NOTHING"

    def read(self, name):
        with open(self.path(name), encoding="utf-8") as f:
            return f.read()

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

    def tree_state(self, name="linux"):
        """All that shows that something was written into the tree."""
        state = {}
        for folder, _, names in os.walk(self.path(name)):
            for entry in [folder, *(os.path.join(folder, n) for n in names)]:
                st = os.lstat(entry)
                state[entry] = (st.st_ino, st.st_size, st.st_mtime_ns, st.st_ctime_ns)
        return state


# Makes modules as kbuild does: each command is saved beside what it makes.
BUILD = r"""
set -e
src=$PWD
cd $1
mkdir -p drivers/multi scripts/mod
run() {     # TARGET SOURCES COMMAND
    sh -c "$3"
    {
        printf 'savedcmd_%s := %s\n\ndeps_%s := \\\n' "$1" "$3" "$1"
        for s in $2; do printf '  %s/%s \\\n' $src $s; done
    } >$(dirname $1)/.$(basename $1).cmd
}
compile() { # OBJECT SOURCES
    d=$(dirname $1)/.$(basename $1).d
    set -- $1 "$2" ${2%% *}
    [ $1 -nt $src/$3 ] && return    # as make does
    run $1 "$2" "gcc -Wp,-MMD,$d -I$src/include -g -c -o $1 $src/$3  "
}
compile drivers/core.o drivers/core.c
compile drivers/chip.o "drivers/chip.c drivers/../drivers/chip.h"
compile drivers/multi/a.o drivers/multi/a.c
compile drivers/multi/b.o drivers/multi/b.c
echo drivers/chip.o >drivers/chip.mod
printf '%s\n' drivers/multi/a.o drivers/multi/b.o >drivers/multi/multi.mod
run drivers/multi/multi.o "" "ld -r -o drivers/multi/multi.o @drivers/multi/multi.mod"
printf '%s\n' drivers/chip.o drivers/multi/multi.o >modules.order
cat >scripts/mod/modpost <<'EOF'
while [ $# != 0 ]; do
    case $1 in -T) order=$2;; -o) out=$2;; -i) in=$2;; esac; shift
done
[ -z "$in" ] || ! grep -q 'multi\|chip' $in
for o in $(cat $order); do
    echo 'const char info[] = "made by modpost";' >${o%.o}.mod.c
    nm $o | sed -n "s%.* T \\(export_.*\\)%0x0\t\\1\t${o%.o}\tEXPORT_SYMBOL\t%p"
done >$out
EOF
chmod +x scripts/mod/modpost
run Module.symvers "" "scripts/mod/modpost -M -o Module.symvers -T modules.order vmlinux.o"
for m in drivers/chip drivers/multi/multi; do
    run $m.mod.o "" "gcc -c -o $m.mod.o $m.mod.c"
    run $m.ko "" "ld -r -o $m.ko $m.o $m.mod.o;  true"
done
"""
INSTALL = r"""
for m in drivers/chip drivers/multi/multi; do
    mkdir -p $2/kernel/$(dirname $m)
    cp $1/$m.ko $2/kernel/$m.ko
done
touch $2/modules.order $2/modules.builtin
"""


class FakeModules(FakeTree):
    """... whose modules are real: drivers/chip.ko of one object, which has a
    header of its own, and drivers/multi/multi.ko of two."""

    def setUp(self):
        super().setUp()
        self.write("linux/build.sh", BUILD)
        self.write("linux/install.sh", INSTALL)
        self.write("linux/drivers/core.c", "int core;")
        self.write("linux/drivers/chip.h", "#define CHIP 1\n")
        self.write("linux/drivers/chip.c", '#include "chip.h"\nconst char chip[] = "chip one";\n')
        self.write("linux/drivers/multi/a.c", 'void export_a(void) {} const char a[] = "a one";')
        self.write("linux/drivers/multi/b.c", 'const char b[] = "b one";')

    def module(self, bundle, name):
        path = os.path.join(bundle, "modules/lib/modules/6.99.0/kernel/drivers", name)
        with open(path, "rb") as f:
            return f.read()
