/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * new.h - what `roadtest new` finds out about a driver, and what it writes
 *
 * new.c		the subcommand
 * driver-find.c	finds the driver's source in a kernel tree
 * driver-tables.c	reads match tables out of a source
 * driver-kind.c	what the chip looks like on the bus
 * driver-config.c	the kernel options that build it
 * binding.c		reads the devicetree binding (YAML)
 * binding-example.c	reads the devicetree that a binding shows
 * skeleton.c		writes the files of a suite
 */
#ifndef CLI_NEW_H
#define CLI_NEW_H

#include "cli.h"

/* --- driver-tables.c */

struct driver {
	char *path;		/* below the kernel's source, or as it was given */
	char *name;		/* of the file, without ".c" */
	struct strings compatibles;	/* of its of_device_id tables */
	struct strings ids;		/* of its i2c_device_id tables */
	bool i2c, spi, platform;	/* what it registers drivers for */
	/* Of driver_complete(): */
	bool commands;		/* no map of registers: messages of its own */
	bool odd;		/* registers, but not as a model's can be */
	unsigned int addr_bits, value_bits;
	unsigned int value_bytes;	/* of a register */
	unsigned int addr_bytes;
	bool little;		/* values */
	bool bulk;		/* reads or writes several at once */
	bool acpi;		/* has a table for ACPI */
	bool wants_irq;		/* looks at its interrupt */
};

/* Read a source. Return: false without a message, with errno. */
bool driver_read(struct driver *driver, const char *root, const char *path);
void driver_deinit(struct driver *driver);
/* The text of a source without its comments; to be freed. NULL with errno. */
char *driver_source(const char *path);
/* Add the first string behind each @key in the tables of @type; with "{" as the
 * key it is that of each entry. */
void driver_read_tables(const char *source, const char *type, const char *key,
			struct strings *out);
/* What stands behind the vendor of "vendor,chip". */
const char *compatible_chip(const char *compatible);

/* --- driver-kind.c */

/* Tables that stand in other files of the driver, and the kind of its chip. */
bool driver_complete(struct driver *driver, const char *root);

/* --- driver-find.c */

/* Which driver is meant. */
struct driver_wish {
	const char *root;	/* the kernel's source */
	const char *subsystem;	/* "hwmon", "iio/light"; NULL: an error */
	const char *chip;	/* "lm75" */
	const char *compatible;	/* NULL: not given */
	const char *file;	/* of --driver; NULL: not given */
};

/* Is FILE (no ".c") the name for a driver of this chip: "rtc-pcf8563" for
 * "pcf8563"? */
bool driver_file_fits(const char *file, const char *chip);
/* Prints what is wrong, with names that are near. */
bool driver_find(struct driver *driver, const struct driver_wish *wish);
/* Path of the I2C driver of the same chips; NULL: there is none. To be freed. */
char *driver_i2c_sibling(const struct driver *driver, const char *root);

/* --- driver-config.c */

/* Kernel options "CONFIG_X=m", those first that others need. @base: text of
 * the options that every kernel here has. False after a message. */
bool driver_options(const char *root, const struct driver *driver,
		    const char *base, struct strings *options);

/* --- binding.c */

struct binding {
	char *path;		/* below the kernel's source; NULL: none found */
	struct strings required;	/* names of properties */
	struct strings supplies;	/* that are not required */
	struct strings includes;	/* lines of its example */
	char *properties;	/* devicetree source for the node; may be "" */
	char *gpios;		/* the same, with $name$ where a line goes */
	struct strings lines;	/* these names */
	const char *irq;	/* as of Device.with_irq(); NULL: has none */
	bool irq_required;
};

void binding_read(struct binding *binding, const char *root,
		  const char *compatible);
void binding_deinit(struct binding *binding);

/* --- binding-example.c */

/* A node of an example, with its properties and children as text. */
struct example {
	struct strings names, values;	/* value "": it has none */
	struct strings children;
	struct strings includes;
};

/* The node in @text with this compatible, or with any if @compatible is NULL.
 * Return: is there one? */
bool example_read(struct example *example, const char *text,
		  const char *compatible);
void example_deinit(struct example *example);
/* A child without the nodes that are not of the chip: other makers' chips, hogs,
 * the other ends of links. To be freed; NULL: nothing of it is. */
char *example_own(const char *child, const char *compatible);
/* NULL: it has no such property. */
const char *example_value(const struct example *example, const char *name);

/* --- skeleton.c */

struct skeleton {
	const char *subsystem, *chip, *compatible;
	const char *directory;
	bool c;			/* in C, not in Python */
	const struct driver *driver;
	const struct binding *binding;
	const struct strings *options;
};

/* Write the files; none that is there is touched, but for options that are
 * added to `config`. Prints what is wrong, and in @written what there is. */
bool skeleton_write(const struct skeleton *skeleton, struct strings *written);
/* Path of the file of tests; to be freed. */
char *skeleton_test_path(const struct skeleton *skeleton);

#endif /* CLI_NEW_H */
