// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * test-modules.c - of lib/modules.c and lib/modules-install.c
 *
 * On a tree of modules that is made here: objects with a .modinfo and the
 * symbols that depmod looks for. Skipped where there is no compiler or depmod.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "modules.h"
#include "unit.h"

#define RELEASE "6.12.0-test"

static char dir[] = "/tmp/roadtest-modules-XXXXXX";
static struct modules *modules;
static struct road_error error;

static const char make_tree[] =
	"set -e; cd \"$1\"; PATH=$PATH:/sbin:/usr/sbin\n"
	"mod() { # path, exported symbol, needed symbol, modinfo...\n"
	"	out=$1; exports=$2; needs=$3; shift 3\n"
	"	{\n"
	"	printf '#define I(n) __attribute__((section(\".modinfo\"), used)) static const char n[] =\\n'\n"
	"	i=0; for info; do i=$((i+1)); printf 'I(i%d) \"%s\";\\n' $i \"$info\"; done\n"
	"	[ -z \"$exports\" ] || printf '__attribute__((section(\"__ksymtab_strings\"), used)) static const char s[] = \"%s\"; int __ksymtab_%s, %s;\\n' $exports $exports $exports\n"
	"	[ -z \"$needs\" ] || printf 'extern int %s; int *use_%s = &%s;\\n' $needs $needs $needs\n"
	"	} > m.c\n"
	"	mkdir -p \"$(dirname $out)\"; cc -c -o $out m.c\n"
	"}\n"
	"lib=lib/modules/" RELEASE "; mkdir -p $lib\n"
	"k=$lib/kernel\n"
	"mod $k/core.ko core_fn ''\n"
	"mod $k/mid.ko mid_fn core_fn\n"
	"mod $k/soft-dep.ko '' ''\n"
	"mod $k/drivers/chip-one.ko '' mid_fn 'alias=i2c:one' 'alias=of:N*T*Cacme,one' 'softdep=pre: soft-dep'\n"
	"mod $k/drivers/two.ko '' core_fn 'alias=i2c:both'\n"
	"mod $k/drivers/three.ko '' '' 'alias=i2c:both'\n"
	"mod out/foreign.ko '' mid_fn 'name=foreign' 'depends=mid'\n"
	"echo kernel/built-in.ko > $lib/modules.builtin\n"
	"printf 'built_in.alias=i2c:inside\\0' > $lib/modules.builtin.modinfo\n"
	": > $lib/modules.order\n"
	"depmod -b . " RELEASE "\n";

static bool make(void)
{
	char command[128];

	if (setenv("MAKE_TREE", make_tree, 1))
		return false;
	snprintf(command, sizeof(command), "sh -c \"$MAKE_TREE\" sh %s >&2",
		 dir);
	return !system(command);
}

/* What @name resolves to: "core mid chip_one*", those that were asked for
 * with a star. */
static const char *resolve(const char *name)
{
	struct module_list list;
	static char text[256];
	size_t i;

	text[0] = '\0';
	if (modules_resolve(modules, name, &list, &error)) {
		snprintf(text, sizeof(text), "%s", road_strerror(error.code));
		return text;
	}
	for (i = 0; i < list.num; i++) {
		strcat(text, i ? " " : "");
		strcat(text, list.modules[i].name);
		strcat(text, list.modules[i].wanted ? "*" : "");
	}
	modules_list_deinit(&list);
	return text;
}

static void dependencies_come_first(void)
{
	CHECK_STR(resolve("core"), "core*");
	CHECK_STR(resolve("mid"), "core mid*");
	CHECK_STR(resolve("chip_one"), "core mid soft_dep chip_one*");
}

static void names_match_with_dashes_and_underscores(void)
{
	CHECK_STR(resolve("chip-one"), "core mid soft_dep chip_one*");
	CHECK_STR(resolve("soft_dep"), "soft_dep*");
}

static void aliases_resolve(void)
{
	CHECK_STR(resolve("i2c:one"), "core mid soft_dep chip_one*");
	CHECK_STR(resolve("of:NsensorT(null)Cacme,one"),
		  "core mid soft_dep chip_one*");
}

static void an_alias_of_several_loads_them_all(void)
{
	const char *got = resolve("i2c:both");

	CHECK(!strcmp(got, "core two* three*") ||
	      !strcmp(got, "three* core two*"));
}

static void what_is_built_in_needs_nothing(void)
{
	CHECK_STR(resolve("built-in"), "");
	CHECK_STR(resolve("i2c:inside"), "");
}

static void what_is_not_there_is_no_errno_and_says_what_to_do(void)
{
	CHECK_STR(resolve("no_such"), "ROAD_ENODRIVER");
	CHECK_HAS(err_message(&error), "no module \"no_such\" in ");
	CHECK_HAS(err_message(&error), "=m in the kernel's configuration");
	CHECK_STR(resolve("i2c:nothing"), "ROAD_ENODRIVER");
	CHECK_STR(resolve(""), "ROAD_ENODRIVER");
}

/* The host's own kernel must not answer. */
static void modules_of_the_host_are_not_seen(void)
{
	CHECK_STR(resolve("loop"), "ROAD_ENODRIVER");
	CHECK_STR(resolve("fs-proc"), "ROAD_ENODRIVER");
}

static void a_file_outside_of_the_tree_brings_its_dependencies(void)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/out/foreign.ko", dir);
	CHECK_STR(resolve(path), "core mid foreign*");
	CHECK_STR(resolve("/no/such.ko"), "ROAD_EHOST");
	CHECK_HAS(err_message(&error), "module file /no/such.ko: ");
	snprintf(path, sizeof(path), "%s/m.c", dir);
	CHECK_STR(resolve(path), "ROAD_EHOST");
}

static struct stat stat_of(const char *path)
{
	struct stat st = { 0 };

	stat(path, &st);
	return st;
}

static void installing_copies_once(void)
{
	const char *copy = "lib/modules/" RELEASE "/kernel/drivers/chip-one.ko";
	struct module_list list;
	char root[256], path[512];
	struct stat before;

	snprintf(root, sizeof(root), "%s/root", dir);
	CHECK_INT(mkdir(root, 0755), 0);
	CHECK_INT(modules_resolve(modules, "chip_one", &list, &error), 0);
	CHECK_STR(list.modules[3].guest_path + 1, copy);
	CHECK_INT(modules_install(&list, root, &error), 0);
	snprintf(path, sizeof(path), "%s/%s", root, copy);
	before = stat_of(path);
	CHECK(before.st_size > 100);
	CHECK(before.st_ino != stat_of(list.modules[3].path).st_ino);
	CHECK_INT(modules_install(&list, root, &error), 0);
	CHECK_INT(stat_of(path).st_ctim.tv_nsec, before.st_ctim.tv_nsec);
	/* One that the guest changed is made anew. */
	CHECK_INT(truncate(path, 1), 0);
	CHECK_INT(modules_install(&list, root, &error), 0);
	CHECK_INT(stat_of(path).st_size, before.st_size);
	modules_list_deinit(&list);
}

/* The guest may put links into its root; they must not lead out of it. */
static void links_of_the_guest_are_not_followed(void)
{
	const char *where = "lib/modules/" RELEASE "/kernel";
	struct module_list list;
	char path[512], out[512], root[256];

	snprintf(root, sizeof(root), "%s/evil", dir);
	snprintf(path, sizeof(path),
		 "mkdir -p %s/lib/modules/" RELEASE " %s/outside", root, dir);
	CHECK_INT(system(path), 0);
	snprintf(path, sizeof(path), "%s/%s", root, where);
	snprintf(out, sizeof(out), "%s/outside", dir);
	CHECK_INT(symlink(out, path), 0);
	CHECK_INT(modules_resolve(modules, "core", &list, &error), 0);
	CHECK_INT(modules_install(&list, root, &error), -ROAD_EHOST);
	strcat(out, "/core.ko");
	CHECK_INT(stat_of(out).st_size, 0);
	modules_list_deinit(&list);
}

static void a_tree_without_modules_is_an_error(void)
{
	struct modules *none;

	CHECK_INT(modules_create("/no/such", NULL, &none, &error),
		  -ROAD_EHOST);
	CHECK_HAS(err_message(&error), "/no/such: no lib/modules/RELEASE");
	CHECK_INT(modules_create(dir, "1.2.3", &none, &error), -ROAD_EHOST);
}

#define T(name) { #name, name }
static const struct unit_test tests[] = {
	T(dependencies_come_first),
	T(names_match_with_dashes_and_underscores),
	T(aliases_resolve),
	T(an_alias_of_several_loads_them_all),
	T(what_is_built_in_needs_nothing),
	T(what_is_not_there_is_no_errno_and_says_what_to_do),
	T(modules_of_the_host_are_not_seen),
	T(a_file_outside_of_the_tree_brings_its_dependencies),
	T(installing_copies_once),
	T(links_of_the_guest_are_not_followed),
	T(a_tree_without_modules_is_an_error),
};

int main(int argc, char **argv)
{
	char command[64];
	int ret = 1;

	if (!mkdtemp(dir))
		return 1;
	if (!make()) {
		printf("TAP version 13\n1..0 # SKIP no cc or depmod\n");
		ret = 0;
	} else if (!modules_create(dir, NULL, &modules, &error)) {
		ret = unit_main(argc, argv, tests,
				sizeof(tests) / sizeof(tests[0]));
	}
	modules_destroy(modules);
	err_clear(&error);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command) ? 1 : ret;
}
