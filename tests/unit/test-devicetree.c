// SPDX-License-Identifier: LGPL-2.1-or-later
/* test-devicetree.c - of lib/devicetree.c and its parts; runs cpp and dtc */
#include "devicetree.h"
#include "dt-message.h"
#include "unit.h"

#include <dirent.h>
#include <errno.h>
#include <libfdt.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char work[] = "/tmp/roadtest-unit-XXXXXX";
static char dtb[64];
static struct road_error error;

static void write_file(const char *name, const char *text)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", work, name);
	file = fopen(path, "w");
	if (!file || fputs(text, file) < 0 || fclose(file))
		UNIT_FAIL("can't write %s", path);
}

static int build(struct dt *dt)
{
	return dt_build(dt, work, "/run/some \"dir\\", work, dtb, &error);
}

static int add(struct dt *dt, const char *src, struct road_var *vars,
	       size_t num)
{
	struct road_fragment fragment = {
		.src = src, .file = "suites/test_\"x\".py", .line = 100,
		.vars = vars, .num_vars = num,
	};

	return dt_add_fragment(dt, &fragment, &error);
}

static int add_plain(struct dt *dt, const char *src)
{
	return add(dt, src, NULL, 0);
}

static const char *string_of(const struct dt *dt, const char *path,
			     const char *name)
{
	int node;

	if (!dt->blob)
		return NULL;
	node = fdt_path_offset(dt->blob, path);
	return fdt_getprop(dt->blob, node, name, NULL);
}

static void the_base_tree_compiles(void)
{
	struct dt dt;

	dt_init(&dt, 0);
	CHECK_INT(build(&dt), 0);
	CHECK_STR(err_message(&error), "");
	CHECK_STR(string_of(&dt, "/virtio-i2c", "socket-path"),
		  "/run/some \"dir\\/i2c.sock");
	CHECK_STR(string_of(&dt, "/virtio-gpio", "socket-path"),
		  "/run/some \"dir\\/gpio.sock");
	CHECK_STR(string_of(&dt, "/virtio-console", "socket-path"),
		  "/run/some \"dir\\/console.sock");
	CHECK_STR(string_of(&dt, "/virtio-i2c/i2c", "compatible"),
		  "virtio,device22");
	CHECK_STR(string_of(&dt, "/virtio-gpio/gpio", "compatible"),
		  "virtio,device29");
	CHECK_STR(string_of(&dt, "/aliases", "i2c0"), "/virtio-i2c/i2c");
	CHECK_INT(dt_i2c_hertz(&dt), 400000);
	dt_deinit(&dt);
}

static void placeholders_get_free_values(void)
{
	struct road_var vars[] = {
		{ "addr", ROAD_VAR_I2C_ADDR, 77 },
		{ "irq", ROAD_VAR_GPIO_PIN, 77 },
		{ "addr2", ROAD_VAR_I2C_ADDR },
	};
	unsigned int addr = 0x08, line = 77, type = 77;
	int pin = 0;
	struct dt dt;

	dt_init(&dt, 0);
	CHECK_INT(dt_alloc_addr(&dt, &addr, &error), 0);
	CHECK_INT(dt_alloc_line(&dt, &pin, &error), 0);
	CHECK_INT(add(&dt,
		      "&i2c {\n"
		      "	clock-frequency = <100000>;\n"
		      "	light-sensor@$addr$ {\n"
		      "		compatible = \"ti,opt3001\", \"$$5\";\n"
		      "		reg = <0x$addr$>;\n"
		      "		vdd-supply = <&vdd>;\n"
		      "		vio-supply = <&vio>;\n"
		      "		clocks = <&clk>;\n"
		      "		interrupts-extended = <&gpio $irq$ 2>;\n"
		      "	};\n"
		      "	other@$addr2$ { reg = <0x$addr2$>; };\n"
		      "};", vars, 3), 0);
	CHECK_INT(vars[0].value, 0x09);
	CHECK_INT(vars[1].value, 1);
	CHECK_INT(vars[2].value, 0x0a);
	CHECK_INT(build(&dt), 0);
	CHECK_STR(err_message(&error), "");
	CHECK_STR(string_of(&dt, "/virtio-i2c/i2c/light-sensor@09",
			    "compatible"), "ti,opt3001");
	CHECK_STR(string_of(&dt, "/virtio-i2c/i2c/light-sensor@09",
			    "compatible") + 11, "$5");
	CHECK_INT(dt_i2c_irq(&dt, 0x0a, &line, &type), -ENOENT);
	CHECK_INT(dt_i2c_irq(&dt, 0x44, &line, &type), -ENOENT);
	CHECK_INT(line, 77);
	CHECK_INT(dt_i2c_irq(&dt, 0x09, &line, &type), 0);
	CHECK_INT(line, 1);
	CHECK_INT(type, 2);
	CHECK_INT(dt_i2c_hertz(&dt), 100000);
	dt_deinit(&dt);
}

static void interrupts_are_found_in_every_form(void)
{
	unsigned int line, type;
	struct dt dt;

	dt_init(&dt, 0);
	CHECK_INT(dt_i2c_irq(&dt, 1, &line, &type), -ENOENT);
	CHECK_INT(add_plain(&dt,
		"/ { pic: pic { interrupt-controller; #interrupt-cells = <1>; }; };\n"
		"&i2c {\n"
		"	a@11 { reg = <0x11>; interrupt-parent = <&gpio>; interrupts = <63 8>; };\n"
		"	b@12 { reg = <0x12>; interrupts-extended = <&pic 5>, <&gpio 4 1>; };\n"
		"	c@13 { reg = <0x13>; interrupts-extended = <&pic 5>; };\n"
		"	d@14 { reg = <0x14>; interrupt-parent = <&gpio>; interrupts = <128 8>; };\n"
		"	e@15 { reg = <0x15>; interrupt-parent = <&gpio>; interrupts = <1>; };\n"
		"	f@16 { reg = <0x16>; interrupts-extended = <&gpio 1>; };\n"
		"	g@17 { reg = <0x17>; interrupt-parent = <&pic>; interrupts = <1 2>; };\n"
		"	h@18 { reg = <0x18>; interrupts = <1 2>; };\n"
		"	i@19 { reg = <0x19>; interrupts-extended = <0xffff 4 1>; };\n"
		"	j@1a { reg; };\n"
		"};\n"), 0);
	CHECK_INT(build(&dt), 0);
	CHECK_INT(dt_i2c_irq(&dt, 0x11, &line, &type), 0);
	CHECK_INT(line, 63);
	CHECK_INT(type, 8);
	CHECK_INT(dt_i2c_irq(&dt, 0x12, &line, &type), 0);
	CHECK_INT(line, 4);
	CHECK_INT(type, 1);
	CHECK_INT(dt_i2c_irq(&dt, 0x13, &line, &type), -ENOENT);
	CHECK_INT(dt_i2c_irq(&dt, 0x14, &line, &type), -ENOENT);
	CHECK_INT(dt_i2c_irq(&dt, 0x15, &line, &type), -ENOENT);
	CHECK_INT(dt_i2c_irq(&dt, 0x16, &line, &type), -ENOENT);
	CHECK_INT(dt_i2c_irq(&dt, 0x17, &line, &type), -ENOENT);
	CHECK_INT(dt_i2c_irq(&dt, 0x18, &line, &type), -ENOENT);
	CHECK_INT(dt_i2c_irq(&dt, 0x19, &line, &type), -ENOENT);
	CHECK_INT(dt_i2c_irq(&dt, 0x1a, &line, &type), -ENOENT);
	/* The bus may have the interrupt parent for all. */
	CHECK_INT(add_plain(&dt, "&i2c { interrupt-parent = <&gpio>; };"), 0);
	CHECK_INT(build(&dt), 0);
	CHECK_INT(dt_i2c_irq(&dt, 0x18, &line, &type), 0);
	CHECK_INT(line, 1);
	dt_deinit(&dt);
}

static void includes_go_through_cpp(void)
{
	unsigned int line, type;
	struct dt dt;

	dt_init(&dt, 0);
	CHECK_INT(add_plain(&dt,
		"\n"
		"  # include <dt-bindings/irq.h>\n"
		"&i2c { a@11 { reg = <0x11>;"
		" interrupts-extended = <&gpio 3 FALLING>; }; };\n"), 0);
	CHECK_INT(build(&dt), 0);
	CHECK_STR(err_message(&error), "");
	CHECK_INT(dt_i2c_irq(&dt, 0x11, &line, &type), 0);
	CHECK_INT(type, 2);
	dt_deinit(&dt);
}

static void without_a_directive_cpp_does_not_run(void)
{
	char path[64];
	struct dt dt;

	snprintf(path, sizeof(path), "%s/board.cpp.dts", work);
	unlink(path);
	dt_init(&dt, 0);
	CHECK_INT(add_plain(&dt, "&i2c {\n\t#foo-cells = <1>;\n"
				 "#define-cells = <1>;\n};\n"), 0);
	CHECK_INT(build(&dt), 0);
	CHECK(access(path, F_OK));
	dt_deinit(&dt);
	dt_init(&dt, 0);
	CHECK_INT(add_plain(&dt, "#define X 1\n"), 0);
	CHECK_INT(build(&dt), 0);
	CHECK(!access(path, F_OK));
	dt_deinit(&dt);
}

/* @src behind a good fragment: its message must be @want. */
static void check_message(const char *src, const char *want)
{
	struct dt dt;

	dt_init(&dt, 0);
	CHECK_INT(add_plain(&dt, "&i2c { };"), 0);
	CHECK_INT(add_plain(&dt, src), 0);
	CHECK_INT(build(&dt), -ROAD_EDEVICETREE);
	CHECK_STR(err_message(&error), want);
	CHECK(!dt.blob);
	err_clear(&error);
	dt_deinit(&dt);
}

static void messages_point_into_the_tests_file(void)
{
	struct dt dt;

	check_message("\n&i2c {\n\treg = <0x44;\n};\n",
		      "the devicetree does not compile:\n"
		      "Error: suites/test_\"x\".py:102.13-14 syntax error\n"
		      "    reg = <0x44;");
	check_message("#include <dt-bindings/irq.h>\n&nope {\n};\n",
		      "the devicetree does not compile:\n"
		      "Error: suites/test_\"x\".py:101.1-6 Label or path nope not found\n"
		      "    &nope {");
	check_message("\n\n#include <dt-bindings/missing.h>\n",
		      "the devicetree does not compile:\n"
		      "suites/test_\"x\".py:102:10: fatal error: dt-bindings/missing.h: No such file or directory\n"
		      "    #include <dt-bindings/missing.h>");
	/* No brace is open here, whatever stands in strings and comments. */
	check_message("&i2c { x = \"{\\\"{\"; }; // {\n&nope { }; /* { */\n",
		      "the devicetree does not compile:\n"
		      "Error: suites/test_\"x\".py:101.1-6 Label or path nope not found\n"
		      "    &nope { }; /* { */");
	/* Here dtc itself only knows the node, which is the base tree's. */
	dt_init(&dt, 0);
	CHECK_INT(add_plain(&dt, "&i2c {\n\ty = <&nopes>;\n\tx = <&nope>;"
				 "\n};\n/ { nopes: nopes { }; };\n"), 0);
	CHECK_INT(build(&dt), -ROAD_EDEVICETREE);
	CHECK_HAS(err_message(&error), "ERROR (phandle_references): "
		  "/virtio-i2c/i2c: Reference to non-existent node or label "
		  "\"nope\"\n"
		  "suites/test_\"x\".py:102: &nope stands here\n"
		  "    x = <&nope>;\n");
	err_clear(&error);
	dt_deinit(&dt);
}

/* Found by fuzz-fragment: a number in the next line is not the mark's. */
static void a_broken_mark_is_left_alone(void)
{
	static const char output[] =
		"road-fragment-\n\n0:5 road-fragment-9:1 road-fragment-0:x\n";
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	struct dt dt;

	dt_init(&dt, 0);
	CHECK_INT(add_plain(&dt, "/* one line */"), 0);
	dt_message_rewrite(&dt, out, output);
	fclose(out);
	CHECK_STR(text, "road-fragment-\n0:5 road-fragment-9:1 "
			"suites/test_\"x\".py:x\n");
	free(text);
	dt_deinit(&dt);
}

static void two_devices_at_one_address_are_refused(void)
{
	struct dt dt;

	dt_init(&dt, 0);
	CHECK_INT(add_plain(&dt, "&i2c { a@44 { reg = <0x44>; };\n"
				 "b@44 { reg = <0x44>; }; };"), 0);
	CHECK_INT(build(&dt), -ROAD_EDEVICETREE);
	CHECK_STR(err_message(&error),
		  "a@44 and b@44 have the same I2C address 0x44");
	CHECK(!dt.blob);
	err_clear(&error);
	dt_deinit(&dt);
	/* One that says that it is not there does not count. */
	dt_init(&dt, 0);
	CHECK_INT(add_plain(&dt, "&i2c { a@44 { reg = <0x44>; };\n"
				 "b@44 { reg = <0x44>; status = \"disabled\"; };"
				 " };"), 0);
	CHECK_INT(build(&dt), 0);
	dt_deinit(&dt);
}

static void an_open_brace_is_named(void)
{
	struct dt dt;

	dt_init(&dt, 0);
	CHECK_INT(add_plain(&dt, "/* { */\n&i2c { // {\n x = \"\\\"{\"; y { };\n"),
		  0);
	CHECK_INT(add_plain(&dt, "&gpio { };\n"), 0);
	CHECK_INT(build(&dt), -ROAD_EDEVICETREE);
	CHECK_HAS(err_message(&error),
		  "suites/test_\"x\".py:101: this '{' is not closed");
	err_clear(&error);
	dt_deinit(&dt);
}

static void a_file_is_not_needed(void)
{
	struct road_fragment fragment = { .src = "\n&nope { };" };
	struct dt dt;

	dt_init(&dt, 0);
	CHECK_INT(dt_add_fragment(&dt, &fragment, &error), 0);
	CHECK_INT(build(&dt), -ROAD_EDEVICETREE);
	CHECK_HAS(err_message(&error), "Error: fragment:1.1-6 Label or path");
	err_clear(&error);
	dt_deinit(&dt);
}

static void check_usage(const char *src, struct road_var *vars, size_t num,
			const char *want)
{
	struct dt dt;

	dt_init(&dt, 0);
	CHECK_INT(add(&dt, src, vars, num), -ROAD_EUSAGE);
	CHECK_STR(err_message(&error), want);
	CHECK_INT(dt.num_fragments, 0);
	CHECK_INT(dt.lines_used[0], 0);
	CHECK_INT(dt.addrs_used[1], 0);
	err_clear(&error);
	dt_deinit(&dt);
}

static void placeholders_and_variables_must_match(void)
{
	struct road_var a[] = {
		{ "a", ROAD_VAR_GPIO_PIN, 99 },
		{ "b", ROAD_VAR_GPIO_PIN },
		{ "a", ROAD_VAR_I2C_ADDR },
	};
	struct road_var odd = { "a", 17 }, nameless = { NULL };

	check_usage("\n$a$ $c$", a, 1, "suites/test_\"x\".py:101: "
		    "placeholder $c$ is not declared");
	check_usage("$a$", a, 2, "suites/test_\"x\".py:100: variable b is "
		    "declared, but $b$ does not occur in the fragment");
	check_usage("$a$ $b$", a, 3,
		    "variable a of the fragment is declared twice");
	check_usage("$a$\n\n\n<$a>;", a, 1, "suites/test_\"x\".py:103: "
		    "placeholder $a>; has no '$' behind it (a dollar sign is $$)");
	check_usage("$a", a, 1, "suites/test_\"x\".py:100: placeholder $a has "
		    "no '$' behind it (a dollar sign is $$)");
	check_usage("$a$", &odd, 1,
		    "variable a of the fragment has an unknown type 17");
	check_usage("$a$", &nameless, 1,
		    "a variable of the fragment has no name");
	check_usage(NULL, NULL, 0, "the fragment is NULL");
	CHECK_INT(a[0].value, 99);
}

static void every_address_and_line_is_given_out_once(void)
{
	uint64_t seeds[] = { 0, 1, 0xffffffffffffffff };
	bool seen[128] = { 0 };
	unsigned int addr, i;
	struct dt dt;
	size_t s;
	int line;

	for (s = 0; s < 3; s++) {
		dt_init(&dt, seeds[s]);
		memset(seen, 0, sizeof(seen));
		for (i = 0x08; i <= 0x77; i++) {
			addr = 0;
			CHECK_INT(dt_alloc_addr(&dt, &addr, &error), 0);
			CHECK(addr >= 0x08 && addr <= 0x77 && !seen[addr]);
			seen[addr] = true;
		}
		addr = 0;
		CHECK_INT(dt_alloc_addr(&dt, &addr, &error), -ROAD_EUSAGE);
		CHECK_STR(err_message(&error), "no I2C address is free");
		CHECK_INT(addr, 0);
		memset(seen, 0, sizeof(seen));
		for (i = 0; i < ROAD_NUM_LINES; i++) {
			line = -1;
			CHECK_INT(dt_alloc_line(&dt, &line, &error), 0);
			CHECK(line >= 0 && line < ROAD_NUM_LINES && !seen[line]);
			seen[line] = true;
		}
		line = -1;
		CHECK_INT(dt_alloc_line(&dt, &line, &error), -ROAD_EUSAGE);
		CHECK_STR(err_message(&error), "no GPIO line is free");
		dt_deinit(&dt);
	}
	err_clear(&error);
}

static void claims_are_checked(void)
{
	unsigned int addr = 0x44;
	int line = 5;
	struct dt dt;

	dt_init(&dt, 0);
	CHECK_INT(dt_alloc_addr(&dt, &addr, &error), 0);
	CHECK_INT(dt_alloc_addr(&dt, &addr, &error), -ROAD_EUSAGE);
	CHECK_STR(err_message(&error), "I2C address 0x44 is taken");
	addr = 0x80;
	CHECK_INT(dt_alloc_addr(&dt, &addr, &error), -ROAD_EUSAGE);
	CHECK_INT(dt_alloc_line(&dt, &line, &error), 0);
	CHECK_INT(dt_alloc_line(&dt, &line, &error), -ROAD_EUSAGE);
	CHECK_STR(err_message(&error), "GPIO line 5 is taken");
	line = 128;
	CHECK_INT(dt_alloc_line(&dt, &line, &error), -ROAD_EUSAGE);
	line = -2;
	CHECK_INT(dt_alloc_line(&dt, &line, &error), -ROAD_EUSAGE);
	err_clear(&error);
	dt_deinit(&dt);
}

static void a_seed_always_gives_the_same(void)
{
	unsigned int first[4], again[4];
	uint64_t seeds[] = { 1, 1, 2 };
	struct dt dt;
	size_t s, i;

	for (s = 0; s < 3; s++) {
		dt_init(&dt, seeds[s]);
		for (i = 0; i < 4; i++) {
			again[i] = 0;
			dt_alloc_addr(&dt, &again[i], &error);
		}
		if (s == 1)
			CHECK(!memcmp(first, again, sizeof(first)));
		if (s == 2)
			CHECK(memcmp(first, again, sizeof(first)));
		memcpy(first, again, sizeof(first));
		dt_deinit(&dt);
	}
	CHECK(again[0] != 0x08 || again[1] != 0x09);
}

static void no_address_left_leaves_nothing_behind(void)
{
	struct road_var vars[] = {
		{ "irq", ROAD_VAR_GPIO_PIN, 99 },
		{ "addr", ROAD_VAR_I2C_ADDR, 99 },
	};
	struct dt dt;

	dt_init(&dt, 0);
	memset(dt.addrs_used, 0xff, sizeof(dt.addrs_used));
	CHECK_INT(add(&dt, "$irq$ $addr$", vars, 2), -ROAD_EUSAGE);
	CHECK_STR(err_message(&error), "$addr$: no I2C address is free");
	CHECK_INT(dt.lines_used[0], 0);
	CHECK_INT(vars[0].value, 99);
	err_clear(&error);
	dt_deinit(&dt);
}

static size_t open_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	size_t num = 0;

	while (readdir(dir))
		num++;
	closedir(dir);
	return num;
}

static void no_process_and_no_descriptor_is_left(void)
{
	size_t before = open_fds();
	struct dt dt;

	dt_init(&dt, 0);
	CHECK_INT(build(&dt), 0);
	CHECK_INT(add_plain(&dt, "#include <dt-bindings/irq.h>\n&nope { };"),
		  0);
	CHECK_INT(build(&dt), -ROAD_EDEVICETREE);
	CHECK_INT(open_fds(), before);
	CHECK_INT(waitpid(-1, NULL, WNOHANG), -1);
	CHECK_INT(errno, ECHILD);
	err_clear(&error);
	dt_deinit(&dt);
}

static void a_missing_tool_is_named(void)
{
	char *path = strdup(getenv("PATH"));
	struct dt dt;

	setenv("PATH", "/nonexistent", 1);
	dt_init(&dt, 0);
	CHECK_INT(build(&dt), -ROAD_EHOST);
	CHECK_STR(err_message(&error), "can't run dtc: No such file or "
		  "directory (it is in the package device-tree-compiler)");
	err_clear(&error);
	dt_deinit(&dt);
	setenv("PATH", path, 1);
	free(path);
}

static void errors_of_the_host_are_told(void)
{
	struct dt dt;

	dt_init(&dt, 0);
	CHECK_INT(dt_build(&dt, work, "/s", "/nonexistent", dtb, &error),
		  -ROAD_EHOST);
	CHECK_STR(err_message(&error),
		  "/nonexistent/board.dts: No such file or directory");
	CHECK_INT(dt_build(&dt, work, "/s", work, "/nonexistent/a.dtb",
			   &error), -ROAD_EDEVICETREE);
	CHECK_HAS(err_message(&error), "/nonexistent/a.dtb");
	err_clear(&error);
	dt_deinit(&dt);
}

#define T(name) { #name, name }

static const struct unit_test tests[] = {
	T(the_base_tree_compiles),
	T(placeholders_get_free_values),
	T(interrupts_are_found_in_every_form),
	T(includes_go_through_cpp),
	T(without_a_directive_cpp_does_not_run),
	T(messages_point_into_the_tests_file),
	T(a_broken_mark_is_left_alone),
	T(two_devices_at_one_address_are_refused),
	T(an_open_brace_is_named),
	T(a_file_is_not_needed),
	T(placeholders_and_variables_must_match),
	T(every_address_and_line_is_given_out_once),
	T(claims_are_checked),
	T(a_seed_always_gives_the_same),
	T(no_address_left_leaves_nothing_behind),
	T(no_process_and_no_descriptor_is_left),
	T(a_missing_tool_is_named),
	T(errors_of_the_host_are_told),
};

static void clean(void)
{
	const char *const names[] = {
		"board.dts", "board.cpp.dts", "board.dtb",
		"dt-bindings/irq.h", "dt-bindings", "",
	};
	char path[128];
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", work, names[i]);
		remove(path);
	}
}

int main(int argc, char **argv)
{
	char path[64];
	int ret;

	if (!mkdtemp(work))
		return 1;
	snprintf(dtb, sizeof(dtb), "%s/board.dtb", work);
	snprintf(path, sizeof(path), "%s/dt-bindings", work);
	mkdir(path, 0700);
	write_file("dt-bindings/irq.h", "#define FALLING 2\n");
	ret = unit_main(argc, argv, tests, sizeof(tests) / sizeof(tests[0]));
	clean();
	return ret;
}
