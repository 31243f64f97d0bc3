// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * driver-kind.c - what a driver's chip looks like on the bus
 *
 * A map of registers, with addresses and values of some width, or messages of
 * its own. A driver with a regmap says so in its struct regmap_config, one that
 * uses SMBus by the functions that it calls; the others are judged by what their
 * own functions are called and take. All of it is a guess from text, and the
 * suite says so.
 */
#include "new.h"

#include <ctype.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

struct kind {
	struct driver *driver;
	const char *source;
	const char *folder;
};

/* ------------------------------------------------------------------------
 * Other files of the driver
 */

/* The text of the file in FOLDER in which @key stands, @but not this one: to be
 * freed. NULL: there is none. Those that are called like the driver come
 * first. */
static char *find_file(const char *folder, const char *name, const char *key)
{
	struct dirent **entries = NULL;
	int num = scandir(folder, &entries, NULL, alphasort);
	size_t head = strcspn(name, "-_");
	char *found = NULL;

	for (int pass = 0; pass < 2; pass++)
		for (int i = 0; i < num && !found; i++) {
			const char *file = entries[i]->d_name;
			bool like = !strncmp(file, name, head);
			char *path, *content;

			if (like != !pass || !(ends_with(file, ".c") ||
					       ends_with(file, ".h")))
				continue;
			path = text("%s/%s", folder, file);
			content = file_read(path);
			if (content && strstr(content, key))
				found = content;
			else
				free(content);
			free(path);
		}
	for (int i = 0; i < num; i++)
		free(entries[i]);
	free(entries);
	return found;
}

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* Name of what is assigned to @member: "of_match_ptr(NAME)", "&NAME"; to be
 * freed. NULL: nothing. */
static char *assigned(const char *source, const char *member)
{
	const char *s = strstr(source, member);
	size_t len;

	if (!s)
		return NULL;
	s += strlen(member);
	s += strspn(s, " \t=");
	if (starts_with(s, "of_match_ptr("))
		s += strlen("of_match_ptr(");
	s += strspn(s, " &");
	for (len = 0; is_word(s[len]); len++)
		;
	return len ? text("%.*s", (int)len, s) : NULL;
}

/* A table of the driver that stands in another file. */
static void read_far_table(struct kind *kind, const char *member,
			   const char *type, const char *key,
			   struct strings *out)
{
	char *name = assigned(kind->source, member);
	char *table = name ? text("%s[", name) : NULL;
	char *content = table && !out->num ?
				find_file(kind->folder, kind->driver->name,
					  table) : NULL;

	if (content)
		driver_read_tables(content, type, key, out);
	free(content);
	free(table);
	free(name);
}

/* ------------------------------------------------------------------------
 * regmap
 */

/* The number behind "NAME =" in a block, which may be a macro of the file;
 * -1: it does not stand there. */
static int member_number(const char *source, const char *block, size_t len,
			 const char *name)
{
	const char *s = memmem(block, len, name, strlen(name));
	char *macro;
	int number = -1;

	if (!s)
		return -1;
	s += strlen(name);
	s += strspn(s, " \t=");
	if (isdigit((unsigned char)*s))
		return atoi(s);
	macro = text("#define %.*s", (int)strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
						    "abcdefghijklmnopqrstuvwxyz"
						    "0123456789_"), s);
	s = strstr(source, macro);
	if (s) {
		s += strlen(macro);
		s += strspn(s, " \t(");
		if (isdigit((unsigned char)*s))
			number = atoi(s);
	}
	free(macro);
	return number;
}

/* Take a "struct regmap_config NAME = {"; any with widths if @name is NULL. */
static bool read_config(struct kind *kind, const char *source,
			const char *name)
{
	static const char type[] = "regmap_config ";
	struct driver *driver = kind->driver;

	for (const char *s = source; (s = strstr(s, type)); ) {
		const char *open = s + strcspn(s, "{;(");
		size_t len;
		int addr, value;

		s += strlen(type);
		if (*open != '{' || (name && (strncmp(s, name, strlen(name)) ||
					      is_word(s[strlen(name)]))))
			continue;
		len = strcspn(open, ";");
		addr = member_number(source, open, len, ".reg_bits");
		value = member_number(source, open, len, ".val_bits");
		if (addr < 0 || value < 0)
			continue;
		driver->addr_bits = addr;
		driver->value_bits = value;
		driver->little = memmem(open, len, "val_format_endian = REGMAP_ENDIAN_LITTLE", 40);
		driver->odd = addr % 8 || value % 8 || addr > 16 || !addr ||
			      value > 32 ||
			      member_number(source, open, len, ".pad_bits") > 0 ||
			      memmem(open, len, "reg_format_endian = REGMAP_ENDIAN_LITTLE", 40);
		return true;
	}
	return false;
}

/* Name of the config that regmap_init_i2c() is given; "": an expression; NULL:
 * there is no regmap for I2C. To be freed. */
static char *config_name(const char *source)
{
	const char *s = strstr(source, "regmap_init_i2c(");
	size_t len;

	if (!s || strstr(source, "cci_regmap_init_i2c("))
		return NULL;
	s += strcspn(s, ",;");
	if (*s != ',')
		return text("%s", "");
	s += 1 + strspn(s + 1, " \t\n&");
	for (len = 0; is_word(s[len]); len++)
		;
	return text("%.*s", s[len] == ')' ? (int)len : 0, s);
}

static bool read_regmap(struct kind *kind)
{
	char *name = config_name(kind->source);
	const char *cci = strstr(kind->source, "cci_regmap_init_i2c(");
	char *key, *other;
	bool ok;

	if (cci) {
		cci += strcspn(cci, ",;");
		kind->driver->addr_bits = strstr(cci, "16") == cci + 2 ? 16 : 8;
		kind->driver->value_bits = 8;
		kind->driver->bulk = true;
		return true;
	}
	if (!name)
		return false;
	ok = (*name && read_config(kind, kind->source, name));
	if (!ok) {
		key = text("regmap_config %s", name);
		other = find_file(kind->folder, kind->driver->name, key);
		ok = other && read_config(kind, other, *name ? name : NULL);
		free(other);
		free(key);
	}
	ok = ok || read_config(kind, kind->source, NULL);
	free(name);
	return ok;
}

/* ------------------------------------------------------------------------
 * SMBus, and messages
 */

static bool has_any(const char *source, const char *const *words)
{
	for (; *words; words++)
		if (strstr(source, *words))
			return true;
	return false;
}

static bool read_smbus(struct kind *kind)
{
	static const char *const swapped[] = {
		"_word_swapped(", "swab16(", "be16_to_cpu(", "cpu_to_be16(",
		NULL,
	};
	static const char *const words[] = {
		"i2c_smbus_read_word_data(", "i2c_smbus_write_word_data(",
		"_word_swapped(", "pmbus_do_probe(", NULL,
	};
	static const char *const bytes[] = {
		"i2c_smbus_read_byte_data(", "i2c_smbus_write_byte_data(",
		"_block_data(", "i2c_smbus_read_i2c_block_data_or_emulated(",
		NULL,
	};
	struct driver *driver = kind->driver;
	bool word = has_any(kind->source, words);

	if (!word && !has_any(kind->source, bytes))
		return false;
	driver->addr_bits = 8;
	driver->value_bits = word ? 16 : 8;
	driver->little = word && !has_any(kind->source, swapped);
	return true;
}

/* Functions of its own that read and write registers. */
static bool read_messages(struct kind *kind)
{
	static const char *const wide[] = {
		"u16 reg", "u16 addr", "uint16_t reg", "uint16_t addr",
		"reg >> 8", "addr >> 8", "address >> 8",
		"put_unaligned_be16(reg", "put_unaligned_be16(addr",
		"cpu_to_be16(reg", "cpu_to_be16(addr", NULL,
	};
	static const char *const narrow[] = {
		"u8 reg", "u8 addr", "uint8_t reg", "uint8_t addr",
		"unsigned char reg", "int reg", "_read_reg(", "_write_reg(",
		"_reg_read(", "_reg_write(", "readreg(", "writereg(",
		"_read_register(", "_write_register(", "u8 subaddr",
		"i2c_smbus_", NULL,
	};
	/* The last: of a library of commands. */
	bool smbus = has_any(kind->source, (const char *const[]){
			"i2c_smbus_read_byte(", "i2c_smbus_write_byte(",
			"ms_sensors_", NULL });

	if (smbus || !has_any(kind->source, (const char *const[]){
			"i2c_transfer(", "i2c_master_send(", "i2c_master_recv(",
			NULL }))
		return !smbus;
	if (has_any(kind->source, wide))
		kind->driver->addr_bits = 16;
	return kind->driver->addr_bits == 16 || has_any(kind->source, narrow);
}

static void read_kind(struct kind *kind)
{
	static const char *const bulk[] = {
		"regmap_bulk_", "regmap_raw_", "_i2c_block_data(",
		"regmap_multi_reg_write(", NULL,
	};
	struct driver *driver = kind->driver;

	driver->addr_bits = driver->value_bits = 8;
	/* A config without a regmap for I2C is used with a bus of the driver's
	 * own. */
	if (!read_regmap(kind) && !read_config(kind, kind->source, NULL) &&
	    !read_smbus(kind) && !read_messages(kind))
		driver->commands = true;
	driver->bulk |= has_any(kind->source, bulk);
	driver->commands |= driver->odd;
	driver->addr_bytes = driver->addr_bits > 8 ? 2 : 1;
	driver->value_bytes = (driver->value_bits + 7) / 8;
}

bool driver_complete(struct driver *driver, const char *root)
{
	char *full = *driver->path == '/' ? text("%s", driver->path) :
					    text("%s/%s", root, driver->path);
	char *source = driver_source(full);
	char *slash = strrchr(full, '/');
	struct kind kind = { .driver = driver, .source = source };

	if (source && slash) {
		*slash = '\0';
		kind.folder = full;
		read_far_table(&kind, ".of_match_table", "struct of_device_id ",
			       ".compatible", &driver->compatibles);
		read_far_table(&kind, ".id_table", "struct i2c_device_id ", "{",
			       &driver->ids);
		driver->acpi = strstr(source, ".acpi_match_table");
		driver->wants_irq = strstr(source, "client->irq");
		read_kind(&kind);
	}
	free(source);
	free(full);
	return source;
}
