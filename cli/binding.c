// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * binding.c - what a devicetree binding says about a chip's node
 *
 * The schema says which properties there must be, and what some may be; its
 * example has values for most of the others, and child nodes. What refers to
 * something that the base devicetree does not have is left to the user, with a
 * comment in its place.
 */
#include "new.h"

#include <ctype.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#define BINDINGS "Documentation/devicetree/bindings"

struct reader {
	struct binding *binding;
	yaml_document_t document;
	yaml_node_t *root;
	struct example example;
	char *properties, *gpios;
};

/* ------------------------------------------------------------------------
 * YAML
 */

static yaml_node_t *node_at(struct reader *reader, int index)
{
	return yaml_document_get_node(&reader->document, index);
}

static const char *scalar(const yaml_node_t *node)
{
	return node && node->type == YAML_SCALAR_NODE ?
		       (const char *)node->data.scalar.value : NULL;
}

/* Value of a key; NULL if @node is no mapping or has none. */
static yaml_node_t *get(struct reader *reader, const yaml_node_t *node,
			const char *key)
{
	if (!node || node->type != YAML_MAPPING_NODE)
		return NULL;
	for (yaml_node_pair_t *pair = node->data.mapping.pairs.start;
	     pair < node->data.mapping.pairs.top; pair++) {
		const char *name = scalar(node_at(reader, pair->key));

		if (name && !strcmp(name, key))
			return node_at(reader, pair->value);
	}
	return NULL;
}

/* Item of a sequence; NULL behind the last one. */
static yaml_node_t *item(struct reader *reader, const yaml_node_t *node,
			 int number)
{
	if (!node || node->type != YAML_SEQUENCE_NODE ||
	    number >= node->data.sequence.items.top -
		      node->data.sequence.items.start)
		return NULL;
	return node_at(reader, node->data.sequence.items.start[number]);
}

/* Does a scalar of that text stand anywhere below? */
static bool mentions(struct reader *reader, const yaml_node_t *node,
		     const char *word)
{
	const char *text = scalar(node);

	if (text)
		return !strcmp(text, word);
	if (node && node->type == YAML_SEQUENCE_NODE) {
		for (int i = 0; item(reader, node, i); i++)
			if (mentions(reader, item(reader, node, i), word))
				return true;
	} else if (node && node->type == YAML_MAPPING_NODE) {
		for (yaml_node_pair_t *pair = node->data.mapping.pairs.start;
		     pair < node->data.mapping.pairs.top; pair++)
			if (mentions(reader, node_at(reader, pair->value),
				     word))
				return true;
	}
	return false;
}

/* ------------------------------------------------------------------------
 * The file
 */

static bool names_compatible(struct reader *reader, const char *path,
			     const char *compatible)
{
	FILE *file = fopen(path, "re");
	yaml_parser_t parser;
	yaml_node_t *wanted;
	bool ok = false;

	if (!file)
		return false;
	yaml_parser_initialize(&parser);
	yaml_parser_set_input_file(&parser, file);
	if (yaml_parser_load(&parser, &reader->document)) {
		reader->root = yaml_document_get_root_node(&reader->document);
		wanted = get(reader, get(reader, reader->root, "properties"),
			     "compatible");
		ok = mentions(reader, wanted, compatible);
		if (!ok)
			yaml_document_delete(&reader->document);
	}
	yaml_parser_delete(&parser);
	fclose(file);
	return ok;
}

/* Is it worth to parse this file? */
static bool has_text(const char *path, const char *compatible)
{
	char *content = file_read(path);
	bool has = content && strstr(content, compatible);

	free(content);
	return has;
}

/* Look below FOLDER. Return: was a binding found? It is reader->document. */
static bool find_binding(struct reader *reader, const char *root,
			 const char *folder, const char *compatible)
{
	char *full = text("%s/%s", root, folder);
	struct dirent **entries = NULL;
	int num = scandir(full, &entries, NULL, alphasort);
	bool found = false;

	for (int i = 0; i < num; i++) {
		const char *name = entries[i]->d_name;
		char *path = text("%s/%s", folder, name);
		char *file = text("%s/%s", full, name);

		if (!found && *name != '.' && entries[i]->d_type == DT_DIR) {
			found = find_binding(reader, root, path, compatible);
		} else if (!found && ends_with(name, ".yaml") &&
			   has_text(file, compatible) &&
			   names_compatible(reader, file, compatible)) {
			reader->binding->path = text("%s", path);
			found = true;
		}
		free(file);
		free(path);
		free(entries[i]);
	}
	free(entries);
	free(full);
	return found;
}

/* ------------------------------------------------------------------------
 * What it asks for
 */

static void add_required(struct reader *reader, const yaml_node_t *list)
{
	struct strings *required = &reader->binding->required;

	for (int i = 0; item(reader, list, i); i++) {
		const char *name = scalar(item(reader, list, i));

		if (name && !strings_have(required, name))
			strings_add(required, text("%s", name));
	}
}

/* Conditions on the compatible, and the first of alternatives. */
static void read_conditions(struct reader *reader, const yaml_node_t *schema,
			    const char *compatible)
{
	yaml_node_t *condition = get(reader, schema, "if");
	yaml_node_t *all = get(reader, schema, "allOf");
	yaml_node_t *wanted = get(reader, get(reader, condition, "properties"),
				  "compatible");

	add_required(reader, get(reader, schema, "required"));
	add_required(reader, get(reader, item(reader, get(reader, schema,
					"oneOf"), 0), "required"));
	add_required(reader, get(reader, item(reader, get(reader, schema,
					"anyOf"), 0), "required"));
	if (wanted)
		read_conditions(reader,
				get(reader, schema,
				    mentions(reader, wanted, compatible) ?
					    "then" : "else"),
				compatible);
	for (int i = 0; item(reader, all, i); i++)
		read_conditions(reader, item(reader, all, i), compatible);
}

static void read_supplies(struct reader *reader)
{
	yaml_node_t *properties = get(reader, reader->root, "properties");
	struct binding *binding = reader->binding;

	if (!properties || properties->type != YAML_MAPPING_NODE)
		return;
	for (yaml_node_pair_t *pair = properties->data.mapping.pairs.start;
	     pair < properties->data.mapping.pairs.top; pair++) {
		const char *name = scalar(node_at(reader, pair->key));

		if (name && ends_with(name, "-supply") &&
		    !strings_have(&binding->required, name))
			strings_add(&binding->supplies, text("%s", name));
	}
}

/* As of Device.with_irq(); what the example has, "falling" without one. */
static const char *irq_type(const char *value)
{
	static const struct { const char *in, *name; } types[] = {
		{ "EDGE_RISING", "rising" }, { "EDGE_FALLING", "falling" },
		{ "EDGE_BOTH", "both" },     { "LEVEL_HIGH", "high" },
		{ "LEVEL_LOW", "low" },	     { " 1>", "rising" },
		{ " 2>", "falling" },	     { " 4>", "high" },
		{ " 8>", "low" },	     { " 0x8>", "low" },
	};

	for (size_t i = 0; value && i < sizeof(types) / sizeof(types[0]); i++)
		if (strstr(value, types[i].in))
			return types[i].name;
	return "falling";
}

static void read_irq(struct reader *reader)
{
	yaml_node_t *properties = get(reader, reader->root, "properties");
	const char *value = example_value(&reader->example, "interrupts");
	struct binding *binding = reader->binding;

	if (!value)
		value = example_value(&reader->example, "interrupts-extended");
	if (!value && !get(reader, properties, "interrupts") &&
	    !get(reader, properties, "interrupts-extended"))
		return;
	binding->irq = irq_type(value);
	binding->irq_required =
		strings_have(&binding->required, "interrupts") ||
		strings_have(&binding->required, "interrupts-extended");
}

/* ------------------------------------------------------------------------
 * Devicetree source
 */

static void append(char **to, const char *line)
{
	char *longer = text("%s%s\n", *to, line);

	free(*to);
	*to = longer;
}

/* Does a value refer to nodes that the base devicetree does not have? */
static bool refers_elsewhere(const char *value)
{
	static const char *const known[] = { "i2c", "gpio", "vdd", "vio",
					     "clk" };

	for (const char *s = value; (s = strchr(s, '&')); s++) {
		size_t len = strspn(s + 1, "abcdefghijklmnopqrstuvwxyz"
					   "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
					   "0123456789_");
		bool found = false;

		for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
			found |= strlen(known[i]) == len &&
				 !strncmp(known[i], s + 1, len);
		if (!found)
			return true;
	}
	return false;
}

/* "reset-gpios" on a line of its own, which gets a name: "reset". */
static void add_gpio(struct reader *reader, const char *name)
{
	const char *value = example_value(&reader->example, name);
	const char *flags = value && strstr(value, "GPIO_ACTIVE_LOW") ?
				    "GPIO_ACTIVE_LOW" : "GPIO_ACTIVE_HIGH";
	const char *dash = strrchr(name, '-');
	char *var = text("%.*s", dash ? (int)(dash - name) : 4, name);
	char *line;

	for (char *s = var; *s; s++)
		if (!isalnum((unsigned char)*s))
			*s = '_';
	line = text("%s = <&gpio $%s$ %s>;", name, var, flags);
	if (!*reader->gpios)
		append(&reader->gpios, "#include <dt-bindings/gpio/gpio.h>");
	append(&reader->gpios, line);
	free(line);
	strings_add(&reader->binding->lines, var);
}

/* What the schema says that a property may be; NULL: too much to choose. */
static char *schema_value(struct reader *reader, const char *name)
{
	static const char *const keys[] = { "const", "default", "enum",
					    "minimum" };
	yaml_node_t *schema = get(reader, get(reader, reader->root,
					      "properties"), name);
	const char *type = scalar(get(reader, schema, "type"));
	const char *ref = scalar(get(reader, schema, "$ref"));
	const char *value = NULL;

	if ((type && !strcmp(type, "boolean")) || (ref && strstr(ref, "/flag")) ||
	    (schema && scalar(schema) && !strcmp(scalar(schema), "true") &&
	     (ends_with(name, "-controller") || ends_with(name, "-source"))))
		return text("%s", "");
	for (size_t i = 0; !value && i < 4; i++) {
		yaml_node_t *node = get(reader, schema, keys[i]);

		value = scalar(node ? (node->type == YAML_SEQUENCE_NODE ?
				       item(reader, node, 0) : node) : NULL);
	}
	if (!value)
		return NULL;
	return isdigit((unsigned char)*value) && !(ref && strstr(ref, "string")) ?
		       text("<%s>", value) : text("\"%s\"", value);
}

/* As many as have names. */
static char *clocks_value(struct reader *reader)
{
	const char *names = example_value(&reader->example, "clock-names");
	char *value = text("<&clk>");

	for (names = names ? strchr(names, ',') : NULL; names;
	     names = strchr(names + 1, ',')) {
		char *longer = text("%s, <&clk>", value);

		free(value);
		value = longer;
	}
	return value;
}

static void add_property(struct reader *reader, const char *name)
{
	const char *shown = example_value(&reader->example, name);
	char *value = NULL, *line;

	if (ends_with(name, "-supply"))
		value = text("<&vdd>");
	else if (!strcmp(name, "clocks"))
		value = clocks_value(reader);
	else if (shown && !refers_elsewhere(shown))
		value = text("%s", shown);
	else if (!shown)
		value = schema_value(reader, name);
	if (!value)
		line = text("/* TODO: %s, which the binding requires */", name);
	else if (*value)
		line = text("%s = %s;", name, value);
	else
		line = text("%s;", name);
	append(&reader->properties, line);
	free(line);
	free(value);
}

static bool is_gpio(const char *name)
{
	return ends_with(name, "-gpios") || ends_with(name, "-gpio") ||
	       !strcmp(name, "gpios");
}

/* Those that stand elsewhere in the skeleton, or are the bus's. */
static bool is_elsewhere(const char *name)
{
	static const char *const names[] = {
		"compatible", "reg", "interrupts", "interrupts-extended",
		"interrupt-parent", "#address-cells", "#size-cells",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

static bool is_child(const struct example *example, const char *name)
{
	for (size_t i = 0; i < example->children.num; i++)
		if (starts_with(example->children.items[i], name))
			return true;
	return false;
}

/* Nodes below the chip's, as the example has them. */
static void add_children(struct reader *reader, const char *compatible)
{
	const struct strings *children = &reader->example.children;
	bool any = false;

	for (size_t i = 0; i < children->num; i++) {
		char *child = example_own(children->items[i], compatible);

		if (!child)
			continue;
		if (!any && example_value(&reader->example, "#address-cells")) {
			append(&reader->properties, "#address-cells = <1>;");
			append(&reader->properties, "#size-cells = <0>;");
		}
		any = true;
		if (refers_elsewhere(child)) {
			free(child);
			child = text("/* TODO: node %.*s of the binding's example, which refers to others */",
				     (int)strcspn(children->items[i], " {"),
				     children->items[i]);
		}
		append(&reader->properties, child);
		free(child);
	}
}

/* Names in capitals are macros of headers that the example includes. */
static void add_includes(struct reader *reader)
{
	bool macros = false;

	for (const char *s = reader->properties; *s; s++)
		macros |= isupper((unsigned char)s[0]) &&
			  (isupper((unsigned char)s[1]) || s[1] == '_');
	for (size_t i = 0; macros && i < reader->example.includes.num; i++)
		strings_add(&reader->binding->includes,
			    text("%s", reader->example.includes.items[i]));
}

static void read_example(struct reader *reader, const char *compatible)
{
	yaml_node_t *examples = get(reader, reader->root, "examples");
	const char *source;

	for (int i = 0; (source = scalar(item(reader, examples, i))); i++)
		if (example_read(&reader->example, source, compatible))
			return;
	for (int i = 0; (source = scalar(item(reader, examples, i))); i++)
		if (example_read(&reader->example, source, NULL))
			return;
}

void binding_read(struct binding *binding, const char *root,
		  const char *compatible)
{
	struct reader reader = { .binding = binding };

	*binding = (struct binding){ 0 };
	reader.properties = text("%s", "");
	reader.gpios = text("%s", "");
	if (find_binding(&reader, root, BINDINGS, compatible)) {
		read_example(&reader, compatible);
		read_conditions(&reader, reader.root, compatible);
		read_supplies(&reader);
		read_irq(&reader);
		for (size_t i = 0; i < binding->required.num; i++) {
			const char *name = binding->required.items[i];

			if (is_gpio(name))
				add_gpio(&reader, name);
			else if (!is_elsewhere(name) &&
				 !is_child(&reader.example, name))
				add_property(&reader, name);
		}
		add_children(&reader, compatible);
		add_includes(&reader);
		yaml_document_delete(&reader.document);
	}
	binding->properties = reader.properties;
	binding->gpios = reader.gpios;
	example_deinit(&reader.example);
}

void binding_deinit(struct binding *binding)
{
	free(binding->path);
	free(binding->properties);
	free(binding->gpios);
	strings_deinit(&binding->required);
	strings_deinit(&binding->supplies);
	strings_deinit(&binding->includes);
	strings_deinit(&binding->lines);
}
