// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * gdb.c - `roadtest run --gdb`: a debugger for the guest's kernel
 *
 * The library (lib/gdb.c) runs `roadtest gdb PID KERNEL SECTIONS` when a guest is
 * up. That writes a script for gdb, says how to start it, and waits until the
 * kernel is being traced.
 *
 * Kernels in the cache are stripped, and built without debug information. The
 * objects that they were made from are in the cache too, and tell by their
 * build id. The kernel's symbols come from there; the sources of a module are
 * compiled once more as they were, with -g, which changes nothing in the code,
 * so that lines and variables of the driver are known.
 */
#include "new.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define POLL_US 50000

struct stop {
	pid_t pid;		/* the guest's kernel */
	const char *bundle;
	char *dir;		/* for what is written; the machine's */
	char *objects;		/* NULL: not in the cache any more */
	FILE *script;
};

void gdb_begin(void)
{
	char *self = realpath("/proc/self/exe", NULL);
	char *terminal = text("/proc/%d/fd/2", getpid());

	char *gdb = find_program("gdb");

	if (!gdb)
		cli_remedy("gdb is not installed: apt install gdb");
	setenv("ROADTEST_GDB", self ? self : "roadtest", true);
	setenv("ROADTEST_GDB_TERMINAL", terminal, true);
	free(terminal);
	free(self);
	free(gdb);
}

/* ------------------------------------------------------------------------
 * Objects
 */

/* NULL if the file has none, or is not there. */
static char *build_id(const char *path)
{
	char *argv[] = { "readelf", "-n", (char *)path, NULL };
	char *notes = file_exists(path) ? process_output(argv) : NULL;
	const char *id = notes ? strstr(notes, "Build ID: ") : NULL;
	char *result = NULL;

	if (id) {
		id += strlen("Build ID: ");
		result = text("%.*s", (int)strcspn(id, "\n"), id);
	}
	free(notes);
	return result;
}

static bool same_build(const char *a, const char *b)
{
	char *one = build_id(a), *two = build_id(b);
	bool same = one && two && !strcmp(one, two);

	free(one);
	free(two);
	return same;
}

static bool same_text(const char *a, const char *b)
{
	char *one = file_read(a), *two = file_read(b);
	bool same = one && two && !strcmp(one, two);

	free(one);
	free(two);
	return same;
}

/* One that is being made begins as a copy of another: it has its image until
 * it gets its own. Sets of options that differ in modules have one image. */
static bool made_from(const char *objects, const char *bundle)
{
	char *built = text("%s/linux", objects);
	char *image = text("%s/linux", bundle);
	char *config = text("%s/.config", objects);
	char *wanted = text("%s/config", bundle);
	char *whole = text("%s/roadtest.objects", objects);
	bool made = file_exists(whole) && same_text(config, wanted) &&
		    same_build(built, image);

	free(whole);
	free(wanted);
	free(config);
	free(image);
	free(built);
	return made;
}

/* The objects that the kernel was made from; NULL if they are gone. */
static char *find_objects(const char *bundle)
{
	char *cache = cache_dir();
	char *dir = text("%s/objects", cache);
	struct dirent **entries = NULL;
	int num = scandir(dir, &entries, NULL, alphasort);
	char *found = NULL;

	for (int i = 0; i < num; i++) {
		char *path = text("%s/%s", dir, entries[i]->d_name);

		if (!found && !strchr(entries[i]->d_name, '.') &&
		    made_from(path, bundle))
			found = text("%s", path);
		free(path);
		free(entries[i]);
	}
	free(entries);
	free(dir);
	free(cache);
	return found;
}

/* Path of a module below a directory, such as "drivers/iio/light/opt3001.ko";
 * its file may be called with '-' where the module has '_'. */
static char *find_module(const char *root, const char *below, const char *name)
{
	char *dir = text("%s/%s", root, below), *file = text("%s.ko", name);
	struct dirent **entries = NULL;
	int num = scandir(dir, &entries, NULL, alphasort);
	char *found = NULL;

	for (int i = 0; i < num; i++) {
		const char *entry = entries[i]->d_name;
		char *path = text("%s%s%s", below, *below ? "/" : "", entry);

		if (!found && entries[i]->d_type == DT_DIR && *entry != '.')
			found = find_module(root, path, name);
		else if (!found && near_same(entry, file))
			found = text("%s", path);
		free(path);
		free(entries[i]);
	}
	free(entries);
	free(file);
	free(dir);
	return found;
}

/* ------------------------------------------------------------------------
 * A module with debug information
 */

static char *replace(char *from, const char *old, const char *new)
{
	char *at = strstr(from, old), *result;

	if (!at)
		return from;
	result = text("%.*s%s%s", (int)(at - from), from, new,
		      at + strlen(old));
	free(from);
	return result;
}

/* The command that made "drivers/x/y.o", changed to make @output with -g.
 * NULL: it is not known. */
static char *debug_command(const char *objects, const char *object,
			   const char *output)
{
	const char *slash = strrchr(object, '/');
	char *path = text("%s/%.*s/.%s.cmd", objects, (int)(slash - object),
			  object, slash + 1);
	char *content = file_read(path), *command = NULL;
	char *made = text("-o %s", object), *making = text("-g -o %s", output);
	char *depend, *name;

	free(path);
	path = content ? strstr(content, ":= ") : NULL;
	if (path) {
		path += strlen(":= ");
		command = text("%.*s", (int)strcspn(path, "\n"), path);
		command = replace(command, made, making);
		/* The list of headers in the cache stays as it is. */
		depend = strstr(command, "-Wp,-MMD,");
		name = depend ? text("%.*s", (int)strcspn(depend, " "),
				     depend) : NULL;
		if (name)
			command = replace(command, name, "");
		free(name);
	}
	free(making);
	free(made);
	free(content);
	return command;
}

static bool run_shell(const char *dir, const char *command)
{
	char *argv[] = { "sh", "-c", (char *)command, NULL };
	const struct process_options options = { .cwd = dir };

	return !process_run(argv, &options);
}

/* The parts of a module, one a line; NULL if they are not known. */
static char *module_parts(const char *objects, const char *module)
{
	char *path = text("%s/%.*s.mod", objects, (int)strlen(module) - 3,
			  module);
	char *parts = file_read(path);

	free(path);
	return parts;
}

/* Compile a module's parts with -g and put them together as they were. Return:
 * path of the result, or NULL. */
static char *debug_module(const struct stop *stop, const char *name,
			  const char *module)
{
	char *parts = module_parts(stop->objects, module);
	char *rest = parts, *object;
	char *output = text("%s/%s.o", stop->dir, name);
	char *link = text("ld -r -o %s", output);
	bool ok = parts;
	int number = 0;

	while (ok && (object = strsep(&rest, " \n"))) {
		char *part, *command, *longer;

		if (!*object || !strchr(object, '/'))
			continue;
		part = text("%s/%s-%d.o", stop->dir, name, number++);
		command = debug_command(stop->objects, object, part);
		ok = command && run_shell(stop->objects, command);
		longer = text("%s %s", link, part);
		free(link);
		link = longer;
		free(command);
		free(part);
	}
	ok = ok && number && run_shell(stop->objects, link);
	free(parts);
	free(link);
	if (ok)
		return output;
	free(output);
	return NULL;
}

/* ------------------------------------------------------------------------
 * The script
 */

/* The file that has a module's symbols, with lines if it is one that no other
 * module needs: the driver. NULL after a note in the script. */
static char *module_symbols(const struct stop *stop, const char *name,
			    bool driver)
{
	char *root = text("%s/modules/lib/modules", stop->bundle);
	char *installed = find_module(root, "", name);
	const char *below = installed ? strstr(installed, "/kernel/") : NULL;
	char *symbols = NULL, *built, *stripped;

	if (!below) {
		fprintf(stop->script, "echo %s: its file is not there\\n\n",
			name);
	} else {
		below += strlen("/kernel/");
		stripped = text("%s/%s", root, installed);
		built = text("%s/%s", stop->objects ? stop->objects : "",
			     below);
		if (driver && stop->objects && same_build(built, stripped))
			symbols = debug_module(stop, name, below);
		if (!symbols)
			symbols = text("%s", stripped);
		free(stripped);
		free(built);
	}
	free(installed);
	free(root);
	return symbols;
}

static void write_head(const struct stop *stop)
{
	fprintf(stop->script,
		"set pagination off\n"
		"set confirm off\n"
		"file %s/linux\n"
		"attach %d\n", stop->objects ? stop->objects : stop->bundle,
		stop->pid);
	/* What UML uses for page faults and interrupts. */
	for (const char *const *s = (const char *const []){
		     "SIGSEGV", "SIGUSR1", "SIGUSR2", "SIGIO", "SIGALRM",
		     "SIGCHLD", "SIGWINCH", "SIGSYS", NULL }; *s; s++)
		fprintf(stop->script, "handle %s nostop noprint pass\n", *s);
}

/* What start-up needed is not there any more, and the rest is the loader's. */
static bool is_of_interest(const char *section)
{
	static const char *const skipped[] = { ".init", ".note", ".gnu",
					       ".symtab", ".strtab" };

	for (size_t i = 0; i < sizeof(skipped) / sizeof(skipped[0]); i++)
		if (starts_with(section, skipped[i]))
			return false;
	return true;
}

/* @sections: as lib/gdb.c writes it; modules are in a row. */
static void write_modules(const struct stop *stop, char *sections)
{
	char *rest = sections, *line, *last = NULL;

	while ((line = strsep(&rest, "\n"))) {
		char *name = strsep(&line, " "), *holders = strsep(&line, " ");
		char *section = strsep(&line, " "), *address = line;
		char *symbols;

		if (!address || !is_of_interest(section))
			continue;
		if (!last || strcmp(last, name)) {
			fprintf(stop->script, "\n");
			last = name;
			symbols = module_symbols(stop, name,
						 !strcmp(holders, "0"));
			fprintf(stop->script, symbols ?
				"add-symbol-file %s" : "# %s",
				symbols ? symbols : name);
			free(symbols);
		}
		fprintf(stop->script, " -s %s %s", section, address);
	}
	fprintf(stop->script, "\n");
}

static char *write_script(struct stop *stop, const char *sections)
{
	char *path = text("%s/gdb-script", stop->dir);
	char *content = file_read(sections);

	stop->script = fopen(path, "we");
	if (!stop->script || !content) {
		cli_error("can't write %s: %m", path);
		free(content);
		free(path);
		return NULL;
	}
	write_head(stop);
	write_modules(stop, content);
	fclose(stop->script);
	free(content);
	return path;
}

/* ------------------------------------------------------------------------
 * Waiting
 */

static int tracer(pid_t pid)
{
	char *path = text("/proc/%d/status", pid);
	char *status = file_read(path);
	const char *line = status ? strstr(status, "TracerPid:") : NULL;
	int result = line ? atoi(line + strlen("TracerPid:")) : -1;

	free(status);
	free(path);
	return result;
}

/* Where the user looks: what tests print is kept for reports. */
static void say(const struct stop *stop, const char *script)
{
	const char *path = getenv("ROADTEST_GDB_TERMINAL");
	FILE *terminal = path ? fopen(path, "ae") : NULL;
	FILE *out = terminal ? terminal : stderr;

	if (!stop->objects)
		fprintf(out, "roadtest: there are no symbols: the objects of this kernel are not in the cache\n"
			     "any more, which has those of the kernel that was built last. With the suite's file\n"
			     "or directory, \"roadtest kernel --force SUITE\" makes them again.\n");
	fprintf(out, "roadtest: the guest waits for a debugger. In another terminal:\n"
		     "    gdb -x %s\n"
		     "then set breakpoints there, and \"continue\".\n", script);
	fflush(out);
	if (terminal)
		fclose(terminal);
}

int cmd_gdb(int argc, char **argv)
{
	struct stop stop = { 0 };
	char *script;
	int rc = CLI_NOT_RUN;

	if (argc != 4) {
		cli_error("roadtest gdb is for tests that were started with \"roadtest run --gdb\"");
		return CLI_NOT_RUN;
	}
	stop.pid = atoi(argv[1]);
	stop.bundle = argv[2];
	stop.dir = text("%.*s", (int)(strrchr(argv[3], '/') - argv[3]),
			argv[3]);
	stop.objects = find_objects(stop.bundle);
	script = write_script(&stop, argv[3]);
	if (script) {
		say(&stop, script);
		while (!tracer(stop.pid))
			usleep(POLL_US);
		rc = CLI_OK;
	}
	free(script);
	free(stop.objects);
	free(stop.dir);
	return rc;
}
