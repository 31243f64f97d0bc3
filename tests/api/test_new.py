# SPDX-License-Identifier: LGPL-2.1-or-later
"""`roadtest new`, on a kernel tree that is a fake: a few drivers and bindings
with what real ones have. What it writes is run on a real kernel by the
tutorial of docs/."""

import ast
import os
import subprocess
import unittest

from test_command import CommandTestCase

LM75 = """
#include <linux/i2c.h>
/* static const struct of_device_id old[] = { { .compatible = "x,comment" } }; */
static const struct i2c_device_id lm75_ids[] = {
	{ "lm75", },
	{ "tmp75", 3 },
	{ /* "no more" */ }
};
static const struct of_device_id __maybe_unused lm75_of_match[] = {
	{
		.compatible = "national,lm75",
		.data = (void *)lm75
	},
	{ .compatible = "ti,tmp75" },	// { .compatible = "x,comment2" }
	{ .compatible = "acme,tmp75" },
	{ }
};
static const struct regmap_config lm75_regmap_config = {
	.reg_bits = 8,
	.val_bits = 16,
};
static struct i2c_driver lm75_driver = {
};
"""

KCONFIG = """
config I2C
	tristate "I2C"

config SPI
	bool "SPI"

config REGMAP_I2C
	tristate

menuconfig HWMON
	tristate "Hardware monitoring"
	help
	  if all of this were Kconfig it would not end

if HWMON

config EXTRA
	bool "Extra"

config OTHER
	tristate "Other"
	depends on ARCH_ACME

config SENSORS_LM75
	tristate "LM75"
	depends on I2C
	depends on OTHER || EXTRA
	depends on FOO || !FOO
	select REGMAP_I2C

config SENSORS_SPLIT
	tristate "split"
	select SENSORS_SPLIT_I2C if I2C

config SENSORS_SPLIT_I2C
	tristate

endif
"""

BINDING = """
$id: http://example.org/lm75.yaml#
properties:
  compatible:
    enum:
      - national,lm75
      - ti,tmp75
      - acme,tmp75
  reg:
    maxItems: 1
  vs-supply: true
  io-supply: true
  reset-gpios:
    maxItems: 1
  interrupts:
    maxItems: 1
  acme,mode:
    $ref: /schemas/types.yaml#/definitions/uint32
    enum: [3, 4]
  acme,name:
    $ref: /schemas/types.yaml#/definitions/string
    default: "7"
  acme,flag:
    type: boolean
  acme,peer:
    $ref: /schemas/types.yaml#/definitions/phandle
required:
  - compatible
  - reg
allOf:
  - if:
      properties:
        compatible:
          contains:
            const: acme,tmp75
    then:
      required:
        - vs-supply
        - reset-gpios
        - interrupts
        - acme,mode
        - acme,name
        - acme,flag
        - acme,peer
examples:
  - |
    i2c {
        sensor@48 {
            compatible = "national,lm75";
            reg = <0x48>;
        };
    };
  - |
    #include <dt-bindings/acme.h>
    #include <dt-bindings/interrupt-controller/irq.h>
    i2c {
        /* a comment; with { */
        sensor@48 {
            compatible = "acme,tmp75", "ti,tmp75";
            reg = <0x48>;
            reset-gpios = <&gpio1 4 GPIO_ACTIVE_LOW>;
            interrupts = <3 IRQ_TYPE_LEVEL_LOW>;
            acme,peer = <&other>;
            #address-cells = <1>;
            #size-cells = <0>;
            channel@0 { reg = <0>; label = "a \\"b\\" {"; color = <ACME_RED>; };
            channel@1 { reg = <1>; link = <&elsewhere>; };
        };
    };
"""


class NewTestCase(CommandTestCase):
    def setUp(self):
        super().setUp()
        self.write("linux/arch/um/Kconfig", "")
        self.write("linux/Kconfig", 'source "drivers/hwmon/Kconfig"\n')
        self.write("linux/drivers/hwmon/Kconfig", KCONFIG)
        self.write("linux/drivers/hwmon/Makefile",
                   "obj-$(CONFIG_SENSORS_LM75)\t+= lm75.o # lm99.o\n"
                   "obj-$(CONFIG_SENSORS_SPLIT) += split.o\n"
                   "obj-$(CONFIG_SENSORS_SPLIT_I2C) += split-bus.o\n"
                   "split-bus-objs := \\\n\tcommon.o split-i2c.o\n")
        self.write("linux/drivers/hwmon/lm75.c", LM75)
        self.driver("split-i2c", "i2c", ["acme,split"])
        self.driver("split-spi", "spi", ["acme,split"])
        self.driver("lm70", "spi", ["ti,lm70"])
        self.driver("plat", "platform", ["acme,plat"])
        self.write("linux/drivers/hwmon/lib.c", "int x;\n")
        self.driver("../rtc/rtc-ds1", "i2c", ["acme,ds1"])
        self.write("linux/Documentation/devicetree/bindings/hwmon/lm75.yaml",
                   BINDING)

    def driver(self, name, bus, compatibles):
        rows = "".join(f'{{ .compatible = "{c}" }},' for c in compatibles)
        return self.write(
            f"linux/drivers/hwmon/{name}.c",
            f"static const struct of_device_id m[] = {{ {rows} {{}} }};\n"
            f"static struct {bus}_driver d = {{ }};\n")

    def new(self, *args):
        return self.roadtest("new", "--kernel-source", "linux", *args)

    def read(self, name):
        with open(self.path(name), encoding="utf-8") as f:
            return f.read()

    def device(self, name):
        """The arguments of the Device in a file of Python."""
        for node in ast.walk(ast.parse(self.read(name))):
            if isinstance(node, ast.Call) and node.func.id == "Device":
                found = {k.arg: ast.unparse(k.value) for k in node.keywords}
                return node.args[0].value, {
                    k: v.strip("'") for k, v in found.items()}
        return None

    def assertRefused(self, result, *messages):
        self.assertEqual((result.returncode, result.stderr.count("roadtest: ")),
                         (2, 1), result.stderr)
        for message in messages:
            self.assertIn(message, result.stderr)
        self.assertFalse(os.path.exists(self.path("hwmon")))


class Writes(NewTestCase):
    def test_a_suite_for_the_chip_that_has_the_drivers_name(self):
        result = self.new("hwmon/lm75")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertIn("roadtest run hwmon/test_lm75.py\n", result.stdout)
        compatible, arguments = self.device("hwmon/test_lm75.py")
        self.assertEqual(compatible, "national,lm75")
        self.assertEqual(arguments, {"model": "LM75", "bind": "False"})
        text = self.read("hwmon/test_lm75.py")
        self.assertIn('value_bytes, byteorder = 2, "big"', text)
        self.assertIn("The driver matches also: ti,tmp75, acme,tmp75\n", text)
        self.assertIn("Supplies that may be left out: vs-supply, io-supply\n",
                      text)
        self.assertNotIn("comment", text)

    def test_the_name_of_the_file_stands_for_its_chip(self):
        self.driver("../rtc/rtc-ds2", "i2c",
                    ["acme,ds2", "acme,ds1", "acme,ds"])
        self.assertIn("drivers/rtc/rtc-ds2.c, acme,ds2\n",
                      self.new("rtc/rtc-ds2").stdout)

    def test_into_suites_where_there_is_such_a_directory(self):
        os.mkdir(self.path("suites"))
        self.assertIn("suites/hwmon/test_lm75.py",
                      self.new("hwmon/lm75").stdout)

    def test_the_options_that_the_driver_needs(self):
        self.new("hwmon/lm75")
        lines = self.read("hwmon/config").splitlines()[1:]
        self.assertEqual(lines, ["CONFIG_HWMON=m", "CONFIG_EXTRA=y",
                                 "CONFIG_SENSORS_LM75=m"])

    def test_the_option_that_turns_on_one_without_a_prompt(self):
        result = self.new("hwmon/split")
        self.assertIn("split-i2c.c", result.stdout, result.stderr)
        lines = self.read("hwmon/config").splitlines()[1:]
        self.assertEqual(lines, ["CONFIG_HWMON=m", "CONFIG_SENSORS_SPLIT=m"])

    def test_an_option_that_nothing_turns_on_is_written_all_the_same(self):
        self.write("linux/drivers/hwmon/Kconfig",
                   KCONFIG + "config SENSORS_HIDDEN\n\ttristate\n")
        self.write("linux/drivers/hwmon/Makefile",
                   "obj-$(CONFIG_SENSORS_HIDDEN) += hidden.o\n")
        self.driver("hidden", "i2c", ["acme,hidden"])
        self.assertEqual(self.new("hwmon/hidden").returncode, 0)
        self.assertIn("CONFIG_SENSORS_HIDDEN=m\n", self.read("hwmon/config"))

    def test_the_device_and_the_attributes_of_a_clock(self):
        self.write("linux/Kconfig", """
menuconfig RTC_CLASS
	bool "Clocks"

if RTC_CLASS

config RTC_INTF_SYSFS
	bool "sysfs" if EXPERT
	default RTC_CLASS

config RTC_INTF_DEV
	bool "/dev/rtcN"
	default RTC_CLASS

config RTC_DRV_DS1
	tristate "DS1"

endif
""")
        self.write("linux/drivers/rtc/Makefile",
                   "obj-$(CONFIG_RTC_DRV_DS1) += rtc-ds1.o\n")
        self.new("rtc/ds1")
        self.assertEqual(self.read("rtc/config").splitlines()[1:],
                         ["CONFIG_RTC_CLASS=y", "CONFIG_RTC_DRV_DS1=m",
                          "CONFIG_RTC_INTF_DEV=y", "CONFIG_RTC_INTF_SYSFS=y"])

    def test_what_the_binding_asks_of_this_compatible(self):
        result = self.new("hwmon/lm75", "--compatible", "acme,tmp75")
        self.assertEqual(result.returncode, 0, result.stderr)
        compatible, arguments = self.device("hwmon/test_lm75.py")
        self.assertEqual((compatible, arguments["irq"], arguments["node"]),
                         ("acme,tmp75", "low", "chip: device"))
        properties = arguments["properties"]
        for wanted in (
            "vs-supply = <&vdd>;", "acme,mode = <3>;", 'acme,name = "7";',
            "acme,flag;", "/* TODO: acme,peer, ", "#include <dt-bindings/acme.h>",
            "channel@0 { reg = <0>;", "color = <ACME_RED>; };",
            "/* TODO: node channel@1 ",
        ):
            self.assertIn(wanted, properties)
        text = self.read("hwmon/test_lm75.py")
        self.assertIn("&chip {\n    reset-gpios = <&gpio $reset$ GPIO_ACTIVE_LOW>;"
                      "\n};", text)
        self.assertIn('"reset": DtVar.GPIO_PIN', text)

    def test_c_compiles(self):
        result = self.new("hwmon/lm75", "--compatible", "acme,tmp75",
                          "--lang", "c")
        self.assertEqual(result.returncode, 0, result.stderr)
        include = os.path.join(os.path.dirname(__file__), "../../include")
        done = subprocess.run(
            ["gcc", "-Wall", "-Werror", "-fsyntax-only", "-I", include,
             self.path("hwmon/test-lm75.c")], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        text = self.read("hwmon/test-lm75.c")
        self.assertIn(".irq = ROAD_IRQ_LEVEL_LOW,", text)
        self.assertIn(r'"acme,name = \"7\";\n"', text)

    def test_nothing_is_overwritten(self):
        for lang, name in ("python", "test_lm75.py"), ("c", "test-lm75.c"):
            path = self.write(f"hwmon/{name}", "mine\n")
            self.write("hwmon/config", "CONFIG_MINE=y")
            result = self.new("hwmon/lm75", "--lang", lang)
            self.assertEqual(result.returncode, 2)
            self.assertIn(f"hwmon/{name} is there already", result.stderr)
            self.assertEqual(self.read(path), "mine\n")
            self.assertEqual(self.read("hwmon/config"), "CONFIG_MINE=y")

    def test_options_are_added_to_a_config_that_is_there(self):
        self.write("hwmon/config", "CONFIG_EXTRA=n\nCONFIG_MINE=y")
        result = self.new("hwmon/lm75")
        self.assertIn("hwmon/config (options added)", result.stdout)
        self.assertEqual(self.read("hwmon/config"),
                         "CONFIG_EXTRA=n\nCONFIG_MINE=y\nCONFIG_HWMON=m\n"
                         "CONFIG_SENSORS_LM75=m\n")

    def test_a_driver_of_ones_own(self):
        path = self.write("mine/foo.c", LM75)
        self.write("mine/Makefile", "obj-$(CONFIG_SENSORS_LM75) += foo.o\n")
        result = self.new("hwmon/tmp75", "--driver", path,
                          "--compatible", "ti,tmp75")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("CONFIG_SENSORS_LM75=m", self.read("hwmon/config"))


class Kinds(NewTestCase):
    """What the chip looks like on the bus, from the driver's source."""

    def kind(self, source, *more):
        self.write("linux/drivers/hwmon/x.c",
                   'static const struct of_device_id m[] = '
                   '{ { .compatible = "acme,x" }, {} };\n'
                   "static struct i2c_driver d = { };\n" + source)
        result = self.new("hwmon/x", *more)
        self.assertEqual(result.returncode, 0, result.stderr)
        return self.read("hwmon/test-x.c" if more else "hwmon/test_x.py")

    def config(self, inner):
        return self.kind(
            "static const struct regmap_config y = { .reg_bits = 32, .val_bits = 32 };\n"
            f"static const struct regmap_config x_config = {{ {inner} }};\n"
            "devm_regmap_init_i2c(client, &x_config);\n")

    def test_the_config_that_the_regmap_is_given(self):
        text = self.config(".reg_bits = 16,\n.val_bits = 16,\n"
                           ".val_format_endian = REGMAP_ENDIAN_LITTLE,")
        self.assertIn('value_bytes, byteorder = 2, "little"', text)
        self.assertIn("addr_bytes = 2\n", text)
        self.assertNotIn("auto_increment", text)

    def test_a_config_of_another_file_and_a_macro(self):
        self.write("linux/drivers/hwmon/x-core.c",
                   "#define X_BITS 16\nconst struct regmap_config x_config = "
                   "{ .reg_bits = 8, .val_bits = X_BITS };\n")
        text = self.kind("devm_regmap_init_i2c(client, &x_config);\n"
                         "regmap_bulk_read(map, 0, buf, 2);\n")
        self.assertIn('value_bytes, byteorder = 2, "big"', text)
        self.assertIn("auto_increment = True", text)

    def test_registers_of_odd_widths_are_messages(self):
        text = self.config(".reg_bits = 7, .val_bits = 9,")
        self.assertIn("class X(I2CModel):", text)
        self.assertIn("Registers of 9 bits with addresses of 7 bits", text)
        ast.parse(text)

    def test_smbus_words_are_little_and_swapped_ones_big(self):
        for call, order in (("i2c_smbus_read_word_data(c, 1);", "little"),
                            ("i2c_smbus_read_word_swapped(c, 1);", "big")):
            with self.subTest(call):
                text = self.kind(call)
                self.assertIn(f'value_bytes, byteorder = 2, "{order}"', text)
                os.unlink(self.path("hwmon/test_x.py"))

    def test_commands_are_no_registers(self):
        text = self.kind("i2c_master_send(c, buf, 2); i2c_master_recv(c, buf, 6);")
        self.assertIn("class X(I2CModel):", text)
        self.assertIn("from roadtest.models import I2CModel\n", text)
        self.assertIn("messages of its own", text)

    def test_a_read_of_its_own_selects_no_register(self):
        for body in ("{ m.flags = I2C_M_RD; i2c_transfer(c->adapter, m, 1);\n}\n",
                     "{ if (i2c_transfer(a, m, 1) != 1 && I2C_M_RD) return 1;\n}\n",
                     "{ i2c_master_recv(c, buf, 1);\n}\n"):
            with self.subTest(body):
                text = self.kind(
                    f"int rd(int reg)\n{body}"
                    "int wr(int reg)\n{ i2c_transfer(c->adapter, m, 1);\n}\n")
                self.assertIn("class X(I2CModel):", text)
                os.unlink(self.path("hwmon/test_x.py"))

    def test_a_read_behind_the_registers_address_does(self):
        text = self.kind("int rd(int reg)\n{ i2c_master_send(c, &reg, 1);\n"
                         "i2c_master_recv(c, buf, 1);\n}\n")
        self.assertIn("class X(RegisterModel):", text)
        self.assertNotIn("auto_increment", text)

    def test_as_many_bytes_as_a_variable_says_are_several_registers(self):
        for body in ("i2c_master_send(c, buf, len + 1);",
                     "struct i2c_msg m[] = { { .len = 1 }, { .len = len, } };\n"
                     "i2c_transfer(a, m, 2);",
                     "i2c_smbus_read_byte_data(c, 1); i2c_master_send(c, b, n);"):
            with self.subTest(body):
                text = self.kind(f"int wr(u8 reg)\n{{ {body}\n}}\n")
                self.assertIn("auto_increment = True", text)
                os.unlink(self.path("hwmon/test_x.py"))
        text = self.kind("int wr(u8 reg)\n{ i2c_master_send(c, b, sizeof(b));\n}\n")
        self.assertNotIn("auto_increment", text)

    def test_transfers_that_stand_in_a_file_of_the_same_name(self):
        self.write("linux/drivers/hwmon/x-bus.c", "i2c_master_send(c, buf, 2);\n")
        self.assertIn("class X(I2CModel):", self.kind("x_send(c);\n"))

    def test_those_of_another_driver_do_not_count(self):
        self.write("linux/drivers/hwmon/z-bus.c", "i2c_master_send(c, buf, 2);\n")
        self.assertIn("class X(RegisterModel):", self.kind("x_send(c);\n"))

    def test_functions_that_take_a_register_of_16_bits(self):
        text = self.kind("int rd(u16 reg) { i2c_transfer(c->adapter, m, 2); }")
        self.assertIn("class X(RegisterModel):", text)
        self.assertIn("addr_bytes = 2\n", text)

    def test_commands_in_c_compile(self):
        text = self.kind("i2c_master_recv(c, buf, 6);", "--lang", "c")
        self.assertIn("struct road_i2c_chip chip;", text)
        include = os.path.join(os.path.dirname(__file__), "../../include")
        done = subprocess.run(
            ["gcc", "-Wall", "-Werror", "-fsyntax-only", "-I", include,
             self.path("hwmon/test-x.c")], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_an_interrupt_that_no_binding_tells_of(self):
        text = self.kind("devm_request_threaded_irq(dev, client->irq, h);")
        self.assertIn('irq="falling",', text)

    def test_a_driver_by_its_i2c_names(self):
        self.write("linux/drivers/hwmon/y.c",
                   'static const struct i2c_device_id i[] = { { "y1" }, { "y2" }, {} };\n'
                   "static struct i2c_driver d = { };\n")
        result = self.new("hwmon/y")
        self.assertEqual(result.returncode, 2)
        self.assertIn("\n  y1  (by its I2C name: ", result.stdout)
        self.assertNotIn("VENDOR", result.stdout)
        for name in "y1", "acme,y1":
            self.assertEqual(self.new("hwmon/y", "--compatible", name).returncode, 0)
            self.assertEqual(self.device("hwmon/test_y.py")[0], name)
            os.unlink(self.path("hwmon/test_y.py"))
        result = self.new("hwmon/y", "--compatible", "VENDOR,y1")
        self.assertEqual(result.returncode, 2)
        self.assertIn("VENDOR stands for", result.stderr)

    def test_names_that_macros_make(self):
        for table in ('#define NAME "y1"\nstatic const struct i2c_device_id i[] = '
                      "{ { NAME, 0 }, {} };\n",
                      "static const struct i2c_device_id i[] = "
                      '{ ENTRY("y1", 3), {} };\n'):
            self.write("linux/drivers/hwmon/y.c",
                       table + "static struct i2c_driver d = { };\n")
            with self.subTest(table):
                self.assertEqual(self.new("hwmon/y").returncode, 0)
                self.assertEqual(self.device("hwmon/test_y.py")[0], "y1")
                os.unlink(self.path("hwmon/test_y.py"))

    def test_what_the_example_has_of_other_boards_stays_there(self):
        self.write("linux/Documentation/devicetree/bindings/hwmon/x.yaml", """
properties:
  compatible:
    const: acme,x
required: [compatible, reg]
examples:
  - |
    i2c {
        x@1 {
            compatible = "acme,x";
            reg = <1>;
            led-hog { gpio-hog; gpios = <1 0>; output-high; };
            i2c@0 { reg = <0>; eeprom@50 { compatible = "atmel,24c02"; reg = <0x50>; }; };
            charger { compatible = "acme,x-charger"; };
            port { endpoint { remote-endpoint = <&csi>; data-lanes = <1 2>; }; };
        };
    };
""")
        self.kind("")
        properties = self.device("hwmon/test_x.py")[1]["properties"]
        for wanted in ("i2c@0 {", "acme,x-charger", "data-lanes = <1 2>;"):
            self.assertIn(wanted, properties)
        for other in ("hog", "eeprom", "&csi"):
            self.assertNotIn(other, properties)


class Refuses(NewTestCase):
    def test_to_choose_between_vendors_and_lists_what_there_is(self):
        result = self.new("hwmon/tmp75")
        self.assertRefused(result, "which of them? say so with --compatible")
        self.assertEqual(result.stdout.splitlines()[1:],
                         ["  national,lm75", "  ti,tmp75", "  acme,tmp75"])

    def test_other_buses(self):
        self.assertRefused(self.new("hwmon/lm70"),
                           "lm70.c is an SPI driver: roadtest has no SPI yet")
        self.assertRefused(self.new("hwmon/plat"), "is a platform driver")
        self.assertRefused(self.new("hwmon/lib"),
                           "lib.c registers no driver of the I2C bus")

    def test_a_driver_that_acpi_alone_finds(self):
        self.write("linux/drivers/hwmon/tablet.c",
                   "static struct i2c_driver d = { .driver = "
                   "{ .acpi_match_table = ids } };\n")
        self.assertRefused(self.new("hwmon/tablet"), "matches by ACPI alone")

    def test_an_spi_driver_names_its_sibling_on_i2c(self):
        self.assertRefused(self.new("hwmon/split-spi"),
                           "split-spi.c is an SPI driver",
                           "on I2C its chips have drivers/hwmon/split-i2c.c: "
                           "roadtest new hwmon/split-i2c\n")

    def test_a_compatible_that_only_ends_like_a_name(self):
        self.assertRefused(
            self.new("hwmon/lm75", "--compatible", "acme,lm75"),
            "acme,lm75")

    def test_names_that_do_not_exist_with_those_that_are_near(self):
        self.assertRefused(self.new("hwmon/lm57"), "no driver in drivers/hwmon",
                           "near to it: lm75\n")
        self.assertRefused(self.new("hwnom/lm75"), "no folder drivers/hwnom",
                           "near to it: hwmon")
        self.assertRefused(self.new("hwmon/ds1"),
                           "there is drivers/rtc/rtc-ds1.c: roadtest new rtc/ds1")
        self.assertRefused(
            self.new("hwmon/lm75", "--compatible", "national,lm57"),
            "near to it: lm75")
        self.assertRefused(
            self.new("hwmon/lm75", "--driver", "linux/drivers/hwmon/lm75.c",
                     "--compatible", "ti,tpm75"), "near to it: ti,tmp75")

    def test_a_chip_alone_with_the_folder_of_its_driver(self):
        self.driver("../rtc/rtc-ds1-lib", "none", [])
        result = self.new("ds1")
        self.assertRefused(result, '"ds1" is not SUBSYSTEM/CHIP',
                           "-> there is drivers/rtc/rtc-ds1.c: roadtest new rtc/ds1\n")
        self.assertEqual(result.stderr.count("->"), 1)

    def test_a_compatible_that_the_chips_driver_does_not_match(self):
        self.assertRefused(self.new("hwmon/lm75", "--compatible", "foo"),
                           "no driver in drivers/hwmon is for foo\n",
                           "-> that of lm75 is for national,lm75\n")

    def test_wrong_use(self):
        for args, message in (
            (["lm75"], "is not SUBSYSTEM/CHIP"),
            ([], "which driver?"),
            (["a/b", "c/d"], "which driver?"),
            (["hwmon/lm75", "--lang", "rust"], "--lang is python or c"),
            (["hwmon/lm75", "--driver", "no.c"], "--driver no.c: No such file"),
        ):
            with self.subTest(args):
                self.assertRefused(self.new(*args), message)
        self.assertRefused(self.roadtest("new", "--kernel-source", "no", "a/b"),
                           "no kernel source")

    def test_a_driver_that_no_option_builds_gets_its_files_and_a_remedy(self):
        self.driver("lost", "i2c", ["acme,lost"])
        result = self.new("hwmon/lost")
        self.assertEqual(result.returncode, 0)
        self.assertIn("does not say which option builds lost.o", result.stderr)
        self.assertTrue(os.path.exists(self.path("hwmon/test_lost.py")))

    def test_a_directory_that_cant_be_made(self):
        self.write("file", "")
        self.assertRefused(self.new("hwmon/lm75", "--dir", "file/x"),
                           "can't create file/x")


if __name__ == "__main__":
    unittest.main()
