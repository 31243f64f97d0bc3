// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * make.c - run the kernel's own build, out of tree
 *
 * allnoconfig with the wanted options as KCONFIG_ALLCONFIG gives a small
 * kernel whose every other option is off; it is the same for the same wish.
 */
#include "build.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#define REPORT_MS 60000		/* between signs of life in a log file */

struct make {
	const struct plan *plan;
	char *log;		/* path */
	FILE *log_file;
	const char *what;
	unsigned int steps;
	int64_t begin, reported;
	char line[512];
	size_t len;
};

/* A line of the build: "  CC [M]  drivers/iio/..." */
static void make_line(struct make *make)
{
	int64_t now = now_ms();

	make->line[make->len] = '\0';
	fprintf(make->log_file, "%s\n", make->line);
	make->len = 0;
	if (starts_with(make->line, "  "))
		make->steps++;
	progress("%s: %3lld s, %u steps %.40s", make->what,
		 (long long)(now - make->begin) / 1000, make->steps,
		 make->line);
	if (!isatty(STDERR_FILENO) && now - make->reported > REPORT_MS) {
		make->reported = now;
		fprintf(stderr, "%s: %lld s, %u steps\n", make->what,
			(long long)(now - make->begin) / 1000, make->steps);
	}
}

static void make_output(struct make *make, const char *data, ssize_t len)
{
	for (ssize_t i = 0; i < len; i++) {
		if (data[i] == '\n')
			make_line(make);
		else if (make->len < sizeof(make->line) - 1)
			make->line[make->len++] = data[i];
	}
}

/* Read its output to the end. Return: a signal for us, or 0. */
static int make_read(struct make *make, int fd)
{
	struct pollfd fds[] = {
		{ .fd = fd, .events = POLLIN },
		{ .fd = signals_fd(), .events = POLLIN },
	};
	char data[4096];
	ssize_t len = 1;

	while (len > 0) {
		if (poll(fds, 2, -1) < 0)
			continue;
		if (fds[1].revents)
			return signals_poll();
		len = read(fd, data, sizeof(data));
		make_output(make, data, len);
	}
	return 0;
}

/* Run a program of the build; its output goes to the log. */
static bool make_run(struct make *make, const char *what, char *const argv[],
		     const char *const *env)
{
	struct process_options options = { .env = env };
	struct process process;
	int fds[2], signo, status;

	/* A make around us has options of its own, -s or BUILD=... */
	unsetenv("MAKEFLAGS");
	unsetenv("MFLAGS");
	unsetenv("MAKELEVEL");
	make->what = what;
	make->steps = 0;
	make->begin = make->reported = now_ms();
	if (pipe2(fds, O_CLOEXEC))
		return false;
	options.out_fd = fds[1];
	progress("%s", what);
	if (!process_start(&process, argv, &options)) {
		close(fds[0]);
		close(fds[1]);
		return false;
	}
	close(fds[1]);
	signo = make_read(make, fds[0]);
	if (signo)
		process_end(&process, SIGTERM);
	if (signo)
		signals_raise(signo);
	status = process_wait(&process);
	if (process.interrupted)
		signals_raise(process.interrupted);
	close(fds[0]);
	fflush(make->log_file);
	progress_end();
	if (status) {
		cli_error("%s failed", what);
		make_show_error(make->log);
	}
	return !status;
}

/* `make` in the source with the object directory. @more: up to 3 arguments. */
static bool make_make(struct make *make, const char *what, unsigned int jobs,
		      char *const more[], const char *const *env)
{
	char *out = text("O=%s", make->plan->objects);
	char *parallel = text("-j%u", jobs);
	const char *cc = getenv("CC");
	char *compiler = text("CC=%s", cc && *cc ? cc : "gcc");
	char *argv[16] = { "make", "-C", make->plan->source->dir, "ARCH=um",
			   out, compiler, parallel };
	size_t n = 7;
	bool ok;

	while (more && *more && n < 15)
		argv[n++] = *more++;
	ok = make_run(make, what, argv, env);
	free(compiler);
	free(parallel);
	free(out);
	return ok;
}

static char *objects_file(const struct plan *plan, const char *name)
{
	return text("%s/%s", plan->objects, name);
}

/* Write the .config and compare it with what was wanted. */
static bool make_configure(struct make *make, struct unmet *unmet)
{
	char *wanted = objects_file(make->plan, "roadtest.config");
	char *dotconfig = objects_file(make->plan, ".config");
	char *options = options_text(&make->plan->options);
	char *all = text("KCONFIG_ALLCONFIG=%s", wanted);
	const char *const env[] = { all, NULL };
	char *more[] = { "allnoconfig", NULL };
	char *config = NULL;
	bool ok = file_write(wanted, options) &&
		  make_make(make, "configuring the kernel", 1, more, env);

	if (ok) {
		config = file_read(dotconfig);
		if (config)
			options_unmet(&make->plan->options, config,
				      make->plan->source->dir, unmet);
		ok = config && !unmet->num;
	}
	free(config);
	free(all);
	free(options);
	free(dotconfig);
	free(wanted);
	return ok;
}

static bool make_build(struct make *make, unsigned int jobs)
{
	char *more[] = { "all", NULL };

	fprintf(stderr, "building a kernel (%s) from %s with %u jobs; the first time takes some\nminutes, log in %s\n",
		make->plan->flavour, make->plan->source->name, jobs, make->log);
	return make_make(make, "building the kernel", jobs, more, NULL);
}

/* ------------------------------------------------------------------------
 * The bundle
 */

static bool install_modules(struct make *make, const char *temp)
{
	char *path = text("INSTALL_MOD_PATH=%s/modules", temp);
	char *depmod = find_program("depmod");
	char *tool = text("DEPMOD=%s", depmod ? depmod : "/sbin/depmod");
	char *more[] = { "modules_install", "INSTALL_MOD_STRIP=1", path, tool,
			 NULL };
	bool ok = make_make(make, "installing the modules", 1, more, NULL);

	free(tool);
	free(depmod);
	free(path);
	return ok;
}

static bool install_files(struct make *make, const char *temp)
{
	char *image = objects_file(make->plan, "linux");
	char *config = objects_file(make->plan, ".config");
	char *to_image = text("%s/linux", temp);
	char *to_config = text("%s/config", temp);
	char *include = text("%s/include", temp);
	char *bindings = text("%s/include/dt-bindings",
			      make->plan->source->dir);
	char *strip[] = { "strip", "--strip-debug", "-o", to_image, image,
			  NULL };
	char *copy[] = { "cp", config, to_config, NULL };
	/* Links lead into the source tree, which may go away. */
	char *copy_include[] = { "cp", "-rL", bindings, include, NULL };
	bool ok = make_run(make, "installing the kernel", strip, NULL) &&
		  make_run(make, "installing the kernel", copy, NULL) &&
		  make_directories(include) &&
		  make_run(make, "installing dt-bindings", copy_include, NULL);

	free(bindings);
	free(include);
	free(to_config);
	free(to_image);
	free(config);
	free(image);
	return ok;
}

static bool install_info(struct make *make, const char *temp)
{
	char *release_file = objects_file(make->plan,
					  "include/config/kernel.release");
	char *release = file_read(release_file);
	char *path = text("%s/info", temp);
	const char *cc = getenv("CC");
	char *argv[] = { (char *)(cc && *cc ? cc : "gcc"), "--version", NULL };
	char *compiler = process_output(argv);
	char *build, *info;
	bool ok;

	if (release)
		release[strcspn(release, "\n")] = '\0';
	if (compiler)
		compiler[strcspn(compiler, "\n")] = '\0';
	info = text("release=%s\nflavour=%s\nsource=%s\ncompiler=%s\n",
		    release ? release : "?", make->plan->flavour,
		    make->plan->source->name, compiler ? compiler : "?");
	ok = release && file_write(path, info);
	/* A link to the objects; the bundle stands alone. */
	build = text("%s/modules/lib/modules/%s/build", temp,
		     release ? release : "");
	unlink(build);
	free(build);
	free(info);
	free(compiler);
	free(path);
	free(release);
	free(release_file);
	return ok;
}

static bool install_bundle(struct make *make)
{
	const char *bundle = make->plan->bundle;
	char *temp = text("%s.making", bundle);
	char *old = text("%s.old", bundle);
	char *request = text("%s/request", temp);
	bool ok;

	/* The lock on the objects keeps others away from these names. */
	remove_tree(temp);
	remove_tree(old);
	ok = make_directories(temp) && install_modules(make, temp) &&
	     install_files(make, temp) && install_info(make, temp) &&
	     file_write(request, make->plan->request);
	if (ok && is_directory(bundle))
		ok = !rename(bundle, old);
	ok = ok && !rename(temp, bundle);
	if (!ok)
		cli_error("can't make %s", bundle);
	remove_tree(ok ? old : temp);
	free(request);
	free(old);
	free(temp);
	return ok;
}

int make_kernel(const struct plan *plan, unsigned int jobs, struct unmet *unmet)
{
	struct make make = { .plan = plan };
	int64_t begin = now_ms();
	int status = CLI_NOT_RUN;

	if (!jobs)
		jobs = get_nprocs();
	if (!make_directories(plan->objects))
		return status;
	make.log = objects_file(plan, "build.log");
	make.log_file = fopen(make.log, "we");
	if (make.log_file)
		setvbuf(make.log_file, NULL, _IOLBF, 0);
	if (!make.log_file)
		cli_error("can't write %s: %m", make.log);
	else
		status = make_configure(&make, unmet) &&
			 make_build(&make, jobs) && install_bundle(&make) ?
			 CLI_OK : CLI_NO_BUILD;
	if (make.log_file)
		fclose(make.log_file);
	free(make.log);
	if (!status)
		fprintf(stderr, "built in %lld s: %s\n",
			(long long)(now_ms() - begin) / 1000, plan->bundle);
	return status;
}
