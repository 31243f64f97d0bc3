// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * skeleton.c - the files of a new suite
 */
#include "new.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SPDX "SPDX-License-Identifier: LGPL-2.1-or-later"

/* A name that Python and C take: letters, digits, '_'. */
static char *identifier(const char *name, bool upper)
{
	char *id = text("%s%s", isdigit((unsigned char)*name) ?
				       (upper ? "CHIP" : "chip") : "", name);

	for (char *s = id; *s; s++)
		*s = !isalnum((unsigned char)*s) ? '_' :
		     upper ? toupper((unsigned char)*s) :
			     tolower((unsigned char)*s);
	return id;
}

char *skeleton_test_path(const struct skeleton *skeleton)
{
	char *id = identifier(skeleton->chip, false);
	char *path = skeleton->c ? text("%s/test-%s.c", skeleton->directory,
					skeleton->chip) :
				   text("%s/test_%s.py", skeleton->directory,
					id);

	free(id);
	return path;
}

/* A file that must not be there yet. */
static FILE *create(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w");

	if (!file && errno == EEXIST) {
		cli_error("%s is there already, and stays as it is", path);
		cli_remedy("move it away, or write the suite elsewhere: --dir DIR");
	} else if (!file) {
		cli_error("can't write %s: %m", path);
	}
	return file;
}

static bool finish(FILE *file, const char *path)
{
	if (!fclose(file))
		return true;
	cli_error("can't write %s: %m", path);
	unlink(path);
	return false;
}

/* ------------------------------------------------------------------------
 * config
 */

/* Is CONFIG_X, of "CONFIG_X=m", set in the text of a config? */
static bool has_option(const char *config, const char *option)
{
	size_t len = strcspn(option, "=") + 1;

	for (const char *line = config; line && *line;
	     line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
		if (!strncmp(line, option, len))
			return true;
	return false;
}

static bool write_config(const struct skeleton *skeleton,
			 struct strings *written)
{
	char *path = text("%s/config", skeleton->directory);
	char *old = file_read(path);
	char *lines = text("%s", "");
	bool ok = true;

	for (size_t i = 0; i < skeleton->options->num; i++) {
		const char *option = skeleton->options->items[i];
		char *longer = text("%s%s\n", lines, option);

		free(old && has_option(old, option) ? longer : lines);
		lines = old && has_option(old, option) ? lines : longer;
	}
	if (*lines || !old) {
		const char *newline = old && *old && !ends_with(old, "\n") ?
					      "\n" : "";
		char *content = old ? text("%s%s%s", old, newline, lines) :
				      text("# " SPDX "\n%s", lines);

		ok = file_write(path, content);
		free(content);
		if (ok)
			strings_add(written, text(old ? "%s (options added)" :
						  "%s", path));
	}
	free(lines);
	free(old);
	free(path);
	return ok;
}

/* ------------------------------------------------------------------------
 * What both languages have
 */

static bool is_cpp(const char *line)
{
	return starts_with(line, "#include") || starts_with(line, "#define");
}

/* Print devicetree source, indented anew by its braces; @quote puts each line
 * into a string of C. */
static void print_source(FILE *file, const char *source, int depth, bool quote,
			 const char *tab)
{
	while (*source) {
		size_t len = strcspn(source, "\n");
		const char *line = source + strspn(source, " \t");
		size_t part = len > (size_t)(line - source) ?
				      len - (line - source) : 0;

		if (part && *line == '}')
			depth--;
		for (int i = 0; part && !is_cpp(line) && i < depth; i++)
			fputs(tab, file);
		if (part && quote)
			fputc('"', file);
		for (size_t i = 0; i < part; i++)
			fprintf(file, quote && strchr("\"\\", line[i]) ?
					      "\\%c" : "%c",
				line[i]);
		if (part)
			fputs(quote ? "\\n\"\n" : "\n", file);
		if (part && memchr(line, '{', part) &&
		    !memchr(line, '}', part))
			depth++;
		source += len + (source[len] == '\n');
	}
}

static void print_list(FILE *file, const char *before,
		       const struct strings *list, const char *but,
		       const char *indent)
{
	size_t column = 0;
	bool any = false;

	for (size_t i = 0; i < list->num; i++) {
		const char *name = list->items[i];

		if (but && !strcmp(name, but))
			continue;
		if (!any)
			column = fprintf(file, "%s%s", indent, before);
		else
			column += fprintf(file, ",");
		if (column + strlen(name) > 76)
			column = fprintf(file, "\n%s   ", indent) - 1;
		column += fprintf(file, " %s", name);
		any = true;
	}
	if (any)
		fputs("\n", file);
}

static void print_head(FILE *file, const struct skeleton *skeleton,
		       const char *indent)
{
	const struct binding *binding = skeleton->binding;

	fprintf(file, "%sBinding: %s\n", indent,
		binding->path ? binding->path : "none that is YAML");
	print_list(file, "It asks for:", &binding->required, NULL, indent);
	print_list(file, "Supplies that may be left out:", &binding->supplies,
		   NULL, indent);
	print_list(file, "The driver matches also:",
		   &skeleton->driver->compatibles, skeleton->compatible,
		   indent);
}

static bool has_properties(const struct binding *binding)
{
	return *binding->properties;
}

/* ------------------------------------------------------------------------
 * Python
 */

/* Why its chip has no map of registers: a comment of one or two lines. */
static void print_kind(FILE *file, const struct driver *driver,
		       const char *indent)
{
	if (driver->odd)
		fprintf(file,
			"%sRegisters of %u bits with addresses of %u bits, as the driver has them:\n"
			"%sno map that a RegisterModel can be. A message has both.\n",
			indent, driver->value_bits, driver->addr_bits, indent);
	else
		fprintf(file,
			"%sThe driver sends and reads messages of its own, not registers.\n",
			indent);
}

static void print_python_commands(FILE *file, const struct skeleton *skeleton,
				  const char *name)
{
	fprintf(file,
		"class %s(I2CModel):\n"
		"    \"\"\"%s: what it answers, from the datasheet.\"\"\"\n\n",
		name, skeleton->compatible);
	print_kind(file, skeleton->driver, "    # ");
	fputs("    #\n"
	      "    # def write(self, data):\n"
	      "    #     if data != b\"\\x01\\x00\":\n"
	      "    #         self.fail(f\"it has no command {data.hex()}\")\n"
	      "    #\n"
	      "    # def read(self, length):\n"
	      "    #     return bytes(length)\n\n\n", file);
}

static void print_python_model(FILE *file, const struct skeleton *skeleton,
			       const char *name)
{
	const struct driver *driver = skeleton->driver;

	if (driver->commands) {
		print_python_commands(file, skeleton, name);
		return;
	}
	fprintf(file,
		"class %s(RegisterModel):\n"
		"    \"\"\"%s: its registers, from the datasheet.\"\"\"\n\n"
		"    value_bytes, byteorder = %u, \"%s\"  # as the driver has it: check\n",
		name, skeleton->compatible, driver->value_bytes,
		driver->little ? "little" : "big");
	if (driver->addr_bytes != 1)
		fprintf(file, "    addr_bytes = %u\n", driver->addr_bytes);
	if (driver->bulk)
		fputs("    auto_increment = True  # it reads or writes several at once\n",
		      file);
	fputs("    # CONFIG = Register(0x01, reset=0x00, fields={\"ENABLE\": 0})\n"
	      "    # RESULT = Register(0x00, access=\"ro\")\n\n\n", file);
}

static void print_python_device(FILE *file, const struct skeleton *skeleton,
				const char *name)
{
	const struct binding *binding = skeleton->binding;

	fprintf(file,
		"    device = Device(\n"
		"        \"%s\",\n"
		"        model=%s,\n", skeleton->compatible, name);
	if (binding->irq_required)
		fprintf(file, "        irq=\"%s\",\n", binding->irq);
	if (*binding->gpios)
		fputs("        node=\"chip: device\",\n", file);
	if (has_properties(binding)) {
		fputs("        properties=\"\"\"\n", file);
		for (size_t i = 0; i < binding->includes.num; i++)
			fprintf(file, "%s\n", binding->includes.items[i]);
		print_source(file, binding->properties, 3, false, "    ");
		fputs("        \"\"\",\n", file);
	}
	fputs("        bind=False,\n    )\n", file);
}

static void print_python_lines(FILE *file, const struct binding *binding)
{
	if (!*binding->gpios)
		return;
	/* Lines of cpp must stand before the node. */
	fprintf(file,
		"    dts = DtFragment(\n"
		"        src=\"\"\"\n"
		"%.*s\n"
		"&chip {\n",
		(int)strcspn(binding->gpios, "\n"), binding->gpios);
	print_source(file, strchr(binding->gpios, '\n') + 1, 1, false,
		     "    ");
	fputs("};\n\"\"\",\n        variables={\n", file);
	for (size_t i = 0; i < binding->lines.num; i++)
		fprintf(file, "            \"%s\": DtVar.GPIO_PIN,\n",
			binding->lines.items[i]);
	fprintf(file,
		"        },\n"
		"    )  # in a test: self.board.gpio[self.dts[\"%s\"]]\n",
		binding->lines.items[0]);
}

static bool write_python(const struct skeleton *skeleton, const char *path)
{
	const struct binding *binding = skeleton->binding;
	char *name = identifier(skeleton->chip, true);
	FILE *file = create(path);
	bool ok = false;

	if (file) {
		fprintf(file, "# " SPDX "\n\"\"\"%s with a model of %s.\n\n",
			skeleton->driver->path, skeleton->compatible);
		print_head(file, skeleton, "");
		fprintf(file,
			"\"\"\"\n\n"
			"from roadtest import %sDevice, TestCase\n"
			"from roadtest.firstlook import next_step\n"
			"from roadtest.models import %s\n\n\n",
			*binding->gpios ? "DtFragment, DtVar, " : "",
			skeleton->driver->commands ? "I2CModel" :
						     "Register, RegisterModel");
		print_python_model(file, skeleton, name);
		fprintf(file, "class Basic(TestCase):\n");
		print_python_device(file, skeleton, name);
		print_python_lines(file, binding);
		if (binding->irq && !binding->irq_required)
			fprintf(file,
				"    # With its interrupt: device.with_irq(\"%s\")\n",
				binding->irq);
		fputs("\n"
		      "    def test_next_step(self):\n"
		      "        # Fails, and says what to do. At the end tests of yours stand here.\n"
		      "        next_step(self)\n", file);
		ok = finish(file, path);
	}
	free(name);
	return ok;
}

/* ------------------------------------------------------------------------
 * C
 */

static const char *c_irq(const char *name)
{
	static const struct { const char *name, *constant; } types[] = {
		{ "rising", "ROAD_IRQ_EDGE_RISING" },
		{ "falling", "ROAD_IRQ_EDGE_FALLING" },
		{ "both", "ROAD_IRQ_EDGE_BOTH" },
		{ "high", "ROAD_IRQ_LEVEL_HIGH" },
		{ "low", "ROAD_IRQ_LEVEL_LOW" },
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (!strcmp(types[i].name, name))
			return types[i].constant;
	return "ROAD_IRQ_EDGE_FALLING";
}

static void print_c_commands(FILE *file, const struct skeleton *skeleton,
			     const char *id)
{
	fprintf(file,
		"/*\n"
		" * %s: what it answers, from the datasheet.\n", skeleton->compatible);
	print_kind(file, skeleton->driver, " * ");
	fprintf(file,
		" */\n"
		"struct %s {\n"
		"\tstruct road_i2c_chip chip;\n"
		"};\n\n"
		"static int %s_write(struct road_i2c_chip *chip, const uint8_t *data, size_t len)\n"
		"{\n"
		"\tif (!len)\n"
		"\t\treturn 0;\n"
		"\treturn road_chip_fail(chip, \"the model does not take a message of %%zu bytes, 0x%%02x ...\",\n"
		"\t\t\t      len, data[0]);\n"
		"}\n\n"
		"static int %s_read(struct road_i2c_chip *chip, uint8_t *data, size_t len)\n"
		"{\n"
		"\treturn road_chip_fail(chip, \"the model has no answer for a read of %%zu bytes\",\n"
		"\t\t\t      len);\n"
		"}\n\n"
		"static const struct road_i2c_ops %s_ops = {\n"
		"\t.write = %s_write,\n"
		"\t.read = %s_read,\n"
		"};\n\n",
		id, id, id, id, id, id);
}

static void print_c_model(FILE *file, const struct skeleton *skeleton,
			  const char *id)
{
	const struct driver *driver = skeleton->driver;

	if (driver->commands) {
		print_c_commands(file, skeleton, id);
		return;
	}
	fprintf(file,
		"/* %s: its registers, from the datasheet. */\n"
		"static const struct road_reg_desc %s_regs[] = {\n"
		"\t/* { 0x01, \"CONFIG\", .reset = 0x00 }, */\n"
		"\t/* { 0x00, \"RESULT\", .access = ROAD_RO }, */\n"
		"\t{},\n"
		"};\n\n"
		"/* Widths as the driver has them: check. */\n"
		"static const struct road_regmap_config %s_config = {\n"
		"\t.regs = %s_regs,\n"
		"\t.width = %u,\n"
		"\t.addr_width = %u,\n"
		"%s%s"
		"};\n\n"
		"struct %s {\n"
		"\tstruct road_regmap map;\n"
		"};\n\n",
		skeleton->compatible, id, id, id, driver->value_bytes,
		driver->addr_bytes,
		driver->little ? "\t.little_endian = true,\n" : "",
		driver->bulk ? "\t.auto_increment = true,\n" : "", id);
}

static void print_c_device(FILE *file, const struct skeleton *skeleton)
{
	const struct binding *binding = skeleton->binding;

	fprintf(file,
		"\tconst struct road_device_config config = {\n"
		"\t\t.compatible = \"%s\",\n", skeleton->compatible);
	if (binding->irq_required)
		fprintf(file, "\t\t.irq = %s,\n", c_irq(binding->irq));
	if (*binding->gpios)
		fputs("\t\t.node = \"chip: device\",\n", file);
	if (has_properties(binding)) {
		fputs("\t\t.properties =\n", file);
		if (binding->includes.num)
			fputs("\t\t\t\"\\n\"\n", file);
		for (size_t i = 0; i < binding->includes.num; i++)
			fprintf(file, "\t\t\t\"%s\\n\"\n",
				binding->includes.items[i]);
		print_source(file, binding->properties, 3, true, "\t");
		fseek(file, -1, SEEK_CUR);
		fputs(",\n", file);
	}
	fputs("\t};\n", file);
	if (!*binding->gpios)
		return;
	fputs("\tstruct road_var vars[] = {\n", file);
	for (size_t i = 0; i < binding->lines.num; i++)
		fprintf(file,
			"\t\t{ .name = \"%s\", .type = ROAD_VAR_GPIO_PIN },\n",
			binding->lines.items[i]);
	fprintf(file,
		"\t};\n"
		"\tstruct road_fragment lines = {\n"
		"\t\t.src = \"%.*s\\n\"\n"
		"\t\t\t\"&chip {\\n\"\n",
		(int)strcspn(binding->gpios, "\n"), binding->gpios);
	print_source(file, strchr(binding->gpios, '\n') + 1, 3, true, "\t");
	fprintf(file,
		"\t\t\t\"};\\n\",\n"
		"\t\t.vars = vars,\n"
		"\t\t.num_vars = %zu,\n"
		"\t};\n", binding->lines.num);
}

static void print_c_fixture(FILE *file, const struct skeleton *skeleton,
			    const char *id)
{
	bool commands = skeleton->driver->commands;

	fprintf(file,
		"FIXTURE(%s)\n"
		"{\n"
		"\tstruct road_machine *machine;\n"
		"\tstruct road_device *dev;\n"
		"\tstruct %s chip;\n"
		"};\n\n"
		"FIXTURE_SETUP(%s)\n"
		"{\n", id, id, id);
	print_c_device(file, skeleton);
	fprintf(file,
		"\n"
		"\tself->machine = road_test_machine(_metadata, NULL);\n");
	fprintf(file, commands ?
		"\troad_i2c_chip_init(&self->chip.chip, \"%s\", &%s_ops);\n" :
		"\tASSERT_OK(road_regmap_init(&self->chip.map, \"%s\", &%s_config));\n",
		id, id);
	fprintf(file,
		"\tASSERT_OK(road_device_add(self->machine, &config,\n"
		"\t\t\t\t  &self->chip.%s, &self->dev));\n",
		commands ? "chip" : "map.chip");
	if (*skeleton->binding->gpios)
		fputs("\tASSERT_OK(road_add_fragment(self->machine, &lines));\n",
		      file);
	fprintf(file,
		"\tASSERT_OK(road_machine_boot(self->machine));\n"
		"}\n\n"
		"FIXTURE_TEARDOWN(%s)\n"
		"{\n"
		"%s"
		"}\n\n", id,
		commands ? "" : "\troad_regmap_deinit(&self->chip.map);\n");
}

static void print_c_test(FILE *file, const struct skeleton *skeleton,
			 const char *id)
{
	char *hint = text("\tTH_LOG(\"next step: if the model lacks %s, which is said below, \"\n"
			  "\t       \"%s %s_%s\");\n",
			  skeleton->driver->commands ? "an answer" :
						       "a register",
			  skeleton->driver->commands ?
				  "take it from the datasheet and give it in" :
				  "take it from the datasheet and declare it in",
			  id, skeleton->driver->commands ? "write() or _read()" :
							   "regs");

	fprintf(file,
		"/* Fails, and says what to do. At the end tests of yours stand here. */\n"
		"TEST_F(%s, next_step)\n"
		"{\n"
		"%s"
		"\tASSERT_OK(road_device_bind(self->dev));\n"
		"\tTH_LOG(\"next step: %s has bound the chip; write a test of \"\n"
		"\t       \"what it offers in %%s, and remove this one\",\n"
		"\t       road_device_path(self->dev));\n"
		"\tEXPECT_TRUE(false);\n"
		"}\n\n"
		"TEST_HARNESS_MAIN\n", id, hint, skeleton->driver->name);
	free(hint);
}

static bool write_c(const struct skeleton *skeleton, const char *path)
{
	char *id = identifier(skeleton->chip, false);
	FILE *file = create(path);
	bool ok = false;

	if (file) {
		fprintf(file,
			"// " SPDX "\n"
			"/*\n"
			" * %s with a model of %s\n"
			" *\n", skeleton->driver->path, skeleton->compatible);
		print_head(file, skeleton, " * ");
		fputs(" */\n"
		      "#include <roadtest/harness.h>\n"
		      "#include <roadtest/model.h>\n\n", file);
		print_c_model(file, skeleton, id);
		print_c_fixture(file, skeleton, id);
		print_c_test(file, skeleton, id);
		ok = finish(file, path);
	}
	free(id);
	return ok;
}

bool skeleton_write(const struct skeleton *skeleton, struct strings *written)
{
	char *path = skeleton_test_path(skeleton);
	bool ok = make_directories(skeleton->directory) &&
		  (skeleton->c ? write_c(skeleton, path) :
				 write_python(skeleton, path));

	if (ok)
		strings_add(written, text("%s", path));
	free(path);
	return ok && write_config(skeleton, written);
}
