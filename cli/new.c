// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * new.c - `roadtest new`: begin a suite for a driver
 */
#include "new.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
"Usage: roadtest new [OPTION]... SUBSYSTEM/CHIP\n"
"Begin a suite: write a model without registers, the devicetree node that the\n"
"chip's binding asks for, the kernel options of the driver, and a first test,\n"
"which fails and says what to do next.\n"
"\n"
"SUBSYSTEM is a folder of the kernel's drivers/, such as hwmon or iio/light, CHIP\n"
"the name of a driver in it or of a chip that one drives. Nothing that is there\n"
"is overwritten.\n"
"\n"
"  --compatible NAME     compatible of the chip's node, such as ti,tmp75. Without\n"
"                        it the one that ends in CHIP is taken, and if none does,\n"
"                        what the driver matches is listed\n"
"  --driver FILE         source of the driver, if it is not found by the name\n"
"  --lang python|c       what the suite is written in; default: python\n"
"  --dir DIR             where to; default: suites/SUBSYSTEM where there is a\n"
"                        directory suites, else SUBSYSTEM\n"
"  --kernel-source DIR|PACKAGE\n"
"                        the kernel's source, as --source of \"roadtest kernel\"\n"
"  --help                this text\n"
"\n"
"Exit status: 0 written; 2 nothing was written: no such driver, a bus that is\n"
"not there yet, several chips to choose from, a file that exists.\n";

enum { OPT_COMPATIBLE = 1, OPT_DRIVER, OPT_LANG, OPT_DIR, OPT_SOURCE,
       OPT_HELP };

static const struct option options[] = {
	{ "compatible", required_argument, NULL, OPT_COMPATIBLE },
	{ "driver", required_argument, NULL, OPT_DRIVER },
	{ "lang", required_argument, NULL, OPT_LANG },
	{ "dir", required_argument, NULL, OPT_DIR },
	{ "kernel-source", required_argument, NULL, OPT_SOURCE },
	{ "help", no_argument, NULL, OPT_HELP },
	{ NULL, 0, NULL, 0 },
};

struct new {
	const char *compatible, *driver, *dir, *source;
	char *subsystem;
	const char *chip;
	bool c;
};

/* Return: an exit status, -1 to go on. */
static int parse_option(struct new *new, int opt)
{
	switch (opt) {
	case OPT_COMPATIBLE:
		new->compatible = optarg;
		break;
	case OPT_DRIVER:
		new->driver = optarg;
		break;
	case OPT_LANG:
		new->c = !strcmp(optarg, "c");
		if (!new->c && strcmp(optarg, "python")) {
			cli_error("--lang is python or c, not \"%s\"", optarg);
			return CLI_NOT_RUN;
		}
		break;
	case OPT_DIR:
		new->dir = optarg;
		break;
	case OPT_SOURCE:
		new->source = optarg;
		break;
	case OPT_HELP:
		fputs(help, stdout);
		return CLI_OK;
	default:
		cli_remedy("see \"roadtest new --help\"");
		return CLI_NOT_RUN;
	}
	return -1;
}

/* "drivers/hwmon/lm75.c" is what completion or a file manager gives. */
static bool parse_name(struct new *new, const char *argument)
{
	char *slash;

	if (starts_with(argument, "drivers/"))
		argument += strlen("drivers/");
	new->subsystem = text("%s", argument);
	if (ends_with(new->subsystem, ".c"))
		new->subsystem[strlen(new->subsystem) - 2] = '\0';
	slash = strrchr(new->subsystem, '/');
	if (slash && slash[1] && slash != new->subsystem) {
		*slash = '\0';
		new->chip = slash + 1;
		if (!strpbrk(new->chip, " \"'\\$"))
			return true;
	}
	/* A word alone may be a chip: its driver is looked for, for the
	 * message. */
	if (!strchr(argument, '/')) {
		new->chip = new->subsystem;
		return true;
	}
	cli_error("\"%s\" is not SUBSYSTEM/CHIP, such as hwmon/lm75",
		  argument);
	return false;
}

static int parse(struct new *new, int argc, char **argv)
{
	int opt, rc;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		rc = parse_option(new, opt);
		if (rc >= 0)
			return rc;
	}
	if (argc != optind + 1) {
		cli_error("which driver? roadtest new SUBSYSTEM/CHIP, such as hwmon/lm75");
		cli_remedy("see \"roadtest new --help\"");
		return CLI_NOT_RUN;
	}
	return parse_name(new, argv[optind]) ? -1 : CLI_NOT_RUN;
}

/* ------------------------------------------------------------------------
 * Which chip
 */

/* "drivers/hwmon/lm75.c" is what this command calls hwmon/lm75. */
static char *name_of(const char *path)
{
	size_t skip = starts_with(path, "drivers/") ? strlen("drivers/") : 0;

	return text("%.*s", (int)(strlen(path) - skip - strlen(".c")),
		    path + skip);
}

static bool check_bus(const struct driver *driver, const char *root)
{
	char *sibling, *name;

	if (driver->i2c)
		return true;
	if (driver->spi)
		cli_error("%s is an SPI driver: roadtest has no SPI yet, I2C is what there is",
			  driver->path);
	else if (driver->platform)
		cli_error("%s is a platform driver: roadtest has no such bus yet, I2C is what there is",
			  driver->path);
	else
		cli_error("%s registers no driver of the I2C bus",
			  driver->path);
	sibling = driver_i2c_sibling(driver, root);
	if (sibling) {
		name = name_of(sibling);
		cli_remedy("on I2C its chips have %s: roadtest new %s", sibling,
			   name);
		free(name);
		free(sibling);
	} else if (!driver->spi && !driver->platform) {
		cli_remedy("if it is a part of one, name the file with its struct i2c_driver: --driver FILE");
	}
	return false;
}

/* What can stand in a node for it: compatibles, or if it has none the names of
 * its I2C table, which the kernel matches too. */
static const struct strings *matches_of(const struct driver *driver)
{
	return driver->compatibles.num ? &driver->compatibles : &driver->ids;
}

static void list_matches(const struct driver *driver)
{
	const struct strings *matches = matches_of(driver);

	printf("%s matches\n", driver->path);
	for (size_t i = 0; i < matches->num; i++)
		printf("  %s%s\n", matches->items[i],
		       driver->compatibles.num ? "" :
		       "  (by its I2C name: it has no table of compatibles)");
	fflush(stdout);
}

/* The only one of a chip that fits; NULL: there is none, or there are several,
 * of different vendors. */
static const char *only(const struct strings *matches, const char *chip,
			bool (*fits)(const char *chip, const char *other))
{
	const char *found = NULL;

	for (size_t i = 0; i < matches->num; i++) {
		const char *compatible = matches->items[i];

		if (!fits(chip, compatible_chip(compatible)))
			continue;
		if (found)
			return NULL;
		found = compatible;
	}
	return found;
}

/* The driver's only one, or the one that ends in the chip's name. That may be
 * the name of the driver's file: "rtc-ds1307". */
static const char *guess(const struct new *new, const struct driver *driver)
{
	const struct strings *matches = matches_of(driver);
	const char *found;

	if (matches->num == 1)
		return matches->items[0];
	found = only(matches, new->chip, near_same);
	return found ? found : only(matches, new->chip, driver_file_fits);
}

static const char *no_match(const struct new *new, const struct driver *driver)
{
	if (!new->compatible && matches_of(driver)->num) {
		list_matches(driver);
		cli_error("which of them? say so with --compatible");
		return NULL;
	}
	if (!new->compatible && driver->acpi) {
		cli_error("%s matches by ACPI alone, which a kernel for UML does not have",
			  driver->path);
		return NULL;
	}
	if (!new->compatible) {
		cli_error("%s has no table of compatibles or I2C names that could be read",
			  driver->path);
		cli_remedy("say with --compatible what its node shall have");
		return NULL;
	}
	cli_error("%s does not match \"%s\"", driver->path, new->compatible);
	if (starts_with(new->compatible, "VENDOR,"))
		cli_remedy("VENDOR stands for the chip's vendor; the name alone does, too");
	near_suggest(new->compatible, matches_of(driver));
	cli_remedy("without --compatible, what it matches is listed");
	return NULL;
}

/* NULL after a message. */
static const char *choose(const struct new *new, const struct driver *driver)
{
	const struct strings *matches = matches_of(driver);
	const char *compatible = new->compatible;

	if (!compatible)
		compatible = guess(new, driver);
	else if (matches->num && !strings_have(matches, compatible) &&
		 (matches == &driver->compatibles ||
		  starts_with(compatible, "VENDOR,") ||
		  !strings_have(matches, compatible_chip(compatible))))
		compatible = NULL;
	return compatible ? compatible : no_match(new, driver);
}

/* ------------------------------------------------------------------------
 * Writing
 */

/* The options that every kernel has. */
static char *base_options(void)
{
	char *dir = path_kernel_configs();
	char *base = text("%s/base.config", dir);
	char *fast = text("%s/fast.config", dir);
	char *one = file_read(base), *two = file_read(fast);
	char *both = text("%s%s", one ? one : "", two ? two : "");

	free(one);
	free(two);
	free(base);
	free(fast);
	free(dir);
	return both;
}

static void print_result(const struct skeleton *skeleton,
			 const struct strings *written)
{
	char *path = skeleton_test_path(skeleton);

	printf("%s, %s\n", skeleton->driver->path, skeleton->compatible);
	for (size_t i = 0; i < written->num; i++)
		printf("  %s\n", written->items[i]);
	if (!skeleton->driver->compatibles.num)
		printf("The driver has no table of compatibles: it binds by its I2C name, and on a board\n"
		       "with a devicetree its module is not loaded by itself.\n");
	printf("Next: %s run %s\n", program_invocation_name, path);
	free(path);
}

static bool write_suite(const struct new *new, const char *root,
			const struct driver *driver, const char *compatible)
{
	struct strings needed = { 0 }, written = { 0 };
	char *base = base_options();
	char *dir = new->dir ? text("%s", new->dir) :
		    text("%s%s", is_directory("suites") ? "suites/" : "",
			 new->subsystem);
	struct binding binding;
	struct skeleton skeleton = {
		.subsystem = new->subsystem,
		.chip = new->chip,
		.compatible = compatible,
		.directory = dir,
		.c = new->c,
		.driver = driver,
		.binding = &binding,
		.options = &needed,
	};
	bool ok;

	binding_read(&binding, root, compatible);
	/* What the driver asks for and no binding tells. */
	if (!binding.path && driver->wants_irq) {
		binding.irq = "falling";
		binding.irq_required = true;
	}
	driver_options(root, driver, base, &needed);
	ok = skeleton_write(&skeleton, &written);
	if (ok)
		print_result(&skeleton, &written);
	binding_deinit(&binding);
	strings_deinit(&needed);
	strings_deinit(&written);
	free(dir);
	free(base);
	return ok;
}

static bool begin_suite(const struct new *new, const char *root)
{
	const struct driver_wish wish = {
		.root = root,
		.subsystem = new->chip == new->subsystem ? NULL : new->subsystem,
		.chip = new->chip,
		.compatible = new->compatible,
		.file = new->driver,
	};
	const char *compatible = NULL;
	struct driver driver;
	bool ok = driver_find(&driver, &wish) && check_bus(&driver, root);

	if (ok && driver_complete(&driver, root))
		compatible = choose(new, &driver);
	ok = compatible && write_suite(new, root, &driver, compatible);
	driver_deinit(&driver);
	return ok;
}

int cmd_new(int argc, char **argv)
{
	struct new new = { 0 };
	struct source source = { 0 };
	int rc = parse(&new, argc, argv);

	if (rc < 0) {
		signals_catch();
		rc = source_find(&source, new.source) &&
		     source_unpack(&source) &&
		     begin_suite(&new, source.dir) ? CLI_OK : CLI_NOT_RUN;
	}
	source_deinit(&source);
	free(new.subsystem);
	return rc;
}
