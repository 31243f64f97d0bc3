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

/* The text of the file in FOLDER in which @key stands: to be freed. NULL: there is
 * none. Those that are called like the driver come first; @any: then the others. */
static char *find_file(const char *folder, const char *name, const char *key,
		       bool any)
{
	struct dirent **entries = NULL;
	int num = scandir(folder, &entries, NULL, alphasort);
	size_t head = strcspn(name, "-_");
	char *found = NULL;

	for (int pass = 0; pass < 1 + any; pass++)
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
					  table, true) : NULL;

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
		other = find_file(kind->folder, kind->driver->name, key, true);
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

static bool read_smbus(struct kind *kind, const char *source)
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
	bool word = has_any(source, words);

	if (!word && !has_any(source, bytes))
		return false;
	driver->addr_bits = 8;
	driver->value_bits = word ? 16 : 8;
	driver->little = word && !has_any(source, swapped);
	return true;
}

/* Where the function that @at is in begins or, @end, ends: a brace at the left. */
static const char *function_edge(const char *source, const char *at, bool end)
{
	if (end) {
		const char *brace = strstr(at, "\n}");

		return brace ? brace : at + strlen(at);
	}
	while (at > source && strncmp(at, "\n{", 2))
		at--;
	return at;
}

/* Is @call the only transfer of its function, and reads? Then what it reads was
 * not said in this function. */
static bool is_blind(const char *source, const char *call)
{
	static const char *const others[] = {
		"i2c_transfer(", "i2c_master_send(", "i2c_master_recv(",
		"i2c_smbus_", NULL,
	};
	const char *begin = function_edge(source, call, false);
	char *body = text("%.*s",
			  (int)(function_edge(source, call, true) - begin),
			  begin);
	bool reads = starts_with(call, "i2c_master_recv(") ||
		     strstr(body, "I2C_M_RD");
	size_t num = 0;

	for (size_t i = 0; others[i]; i++)
		for (const char *s = body; (s = strstr(s, others[i])); s++)
			num++;
	free(body);
	return reads && num == 1;
}

/* Does a function read without saying what, by one message alone? */
static bool reads_blindly(const char *source)
{
	for (const char *s = source; (s = strstr(s, "i2c_transfer(")); s++) {
		size_t len = strcspn(s, ";{");

		/* "i2c_transfer(...) != 1)" too */
		if ((memmem(s, len, ", 1) ", 5) ||
		     (len > 4 && !strncmp(s + len - 4, ", 1)", 4))) &&
		    is_blind(source, s))
			return true;
	}
	for (const char *s = source; (s = strstr(s, "i2c_master_recv(")); s++)
		if (is_blind(source, s))
			return true;
	return false;
}

/* Does it send or receive as many bytes as a variable says? */
static bool moves_many(const char *source)
{
	static const char *const calls[] = {
		"i2c_master_send(", "i2c_master_recv(", NULL,
	};
	size_t len;

	for (const char *s = source; (s = strstr(s, ".len")); ) {
		s += strlen(".len");
		s += strspn(s, " \t=");
		for (len = 0; is_word(s[len]); len++)
			;
		if (islower((unsigned char)*s) && !starts_with(s, "sizeof") &&
		    strchr(" ,;\n", s[len]))
			return true;
	}
	for (size_t i = 0; calls[i]; i++)
		for (const char *s = source; (s = strstr(s, calls[i])); ) {
			const char *close = s + strcspn(s, ";{");

			while (s < close && *close != ',')
				close--;
			s = close + 1 + strspn(close + 1, " \t\n");
			if (islower((unsigned char)*s) &&
			    !starts_with(s, "sizeof"))
				return true;
		}
	return false;
}

/* Functions of its own that read and write registers. */
static bool read_messages(struct kind *kind, const char *source)
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
	bool smbus = has_any(source, (const char *const[]){
			"i2c_smbus_read_byte(", "i2c_smbus_write_byte(",
			"ms_sensors_", NULL });

	if (smbus || !has_any(source, (const char *const[]){
			"i2c_transfer(", "i2c_master_send(", "i2c_master_recv(",
			NULL }))
		return !smbus;
	if (reads_blindly(source))
		return false;
	if (has_any(source, wide))
		kind->driver->addr_bits = 16;
	return kind->driver->addr_bits == 16 || has_any(source, narrow);
}

/* SMBus or messages, in this file or in one that is called like it. */
static bool read_transfers(struct kind *kind)
{
	static const char *const calls[] = {
		"i2c_master_send(", "i2c_transfer(", NULL,
	};
	static const char *const none[] = {
		"i2c_smbus_", "i2c_master_", "i2c_transfer", "regmap", NULL,
	};
	const char *source = kind->source;
	char *other = NULL;
	bool registers;

	for (size_t i = 0; calls[i] && !other && !has_any(source, none); i++)
		other = find_file(kind->folder, kind->driver->name, calls[i],
				  false);
	source = other ? other : source;
	registers = read_smbus(kind, source) || read_messages(kind, source);
	kind->driver->bulk = moves_many(source);
	free(other);
	return registers;
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
	    !read_transfers(kind))
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
