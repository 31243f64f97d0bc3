// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * doctor.c - `roadtest doctor`: what does this machine lack?
 *
 * Each check tries the thing itself where it can, instead of looking at a
 * setting that may not be the one that matters.
 */
#include "cli.h"

#include <cpuid.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/landlock.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define SHM_MIB 128	/* for a guest of the check flavour and its files */
#define XSAVE_UML 2696	/* bytes of register state that UML has room for */

enum verdict { GOOD, NOTE, MISS };

struct finding {
	enum verdict verdict;
	char *what;		/* what was found */
	char *remedy;		/* NULL: none needed */
};

static struct finding good(char *what)
{
	return (struct finding){ GOOD, what, NULL };
}

static struct finding miss(char *what, char *remedy)
{
	return (struct finding){ MISS, what, remedy };
}

/* ------------------------------------------------------------------------
 * The host's kernel
 */

static struct finding check_ptrace(void)
{
	int status = 0;
	pid_t pid = fork();

	if (!pid) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
			_exit(errno);
		raise(SIGSTOP);
		_exit(0);
	}
	if (pid > 0 && waitpid(pid, &status, 0) == pid && WIFSTOPPED(status)) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		return good(text("a process can be traced by its parent"));
	}
	return miss(text("tracing a child fails: %s",
			 strerror(WIFEXITED(status) ? WEXITSTATUS(status) :
						      errno)),
		    text("in a container: --cap-add=SYS_PTRACE, or a seccomp profile that allows ptrace;\n"
			 "else /proc/sys/kernel/yama/ptrace_scope must be below 3"));
}

static struct finding check_personality(void)
{
	int status = 0;
	pid_t pid = fork();

	if (!pid)
		_exit(personality(ADDR_NO_RANDOMIZE) == -1 ||
		      !(personality(0xffffffff) & ADDR_NO_RANDOMIZE));
	if (pid > 0 && waitpid(pid, &status, 0) == pid && !status)
		return good(text("address randomisation can be turned off"));
	return (struct finding){
		NOTE,
		text("personality(ADDR_NO_RANDOMIZE) is refused: addresses in a guest differ from run to run"),
		text("to have them the same, in a container: --security-opt seccomp=unconfined"),
	};
}

/* UML executes from the file that is its memory. */
static bool is_executable(int fd)
{
	void *page;

	if (ftruncate(fd, 4096))
		return true;	/* that is not the question */
	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_SHARED,
		    fd, 0);
	if (page == MAP_FAILED)
		return errno != EPERM && errno != EACCES;
	munmap(page, 4096);
	return true;
}

/* A file in /dev/shm, without a name, so that none is left by a doctor that is
 * killed; UML makes its memory so, too. */
static int shm_file(void)
{
	return open("/dev/shm", O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600);
}

static struct finding check_shm(void)
{
	struct statvfs fs;
	int fd = shm_file();
	unsigned long long mib;
	bool exec;

	if (fd < 0)
		return miss(text("/dev/shm: %s", strerror(errno)),
			    text("mount a tmpfs there: mount -t tmpfs -o mode=1777 tmpfs /dev/shm"));
	exec = is_executable(fd);
	close(fd);
	if (!exec)
		return miss(text("/dev/shm is mounted noexec"),
			    text("mount it with exec; in a container: "
				 "--tmpfs /dev/shm:rw,exec,size=%dm,mode=1777",
				 2 * SHM_MIB));
	if (statvfs("/dev/shm", &fs))
		return miss(text("/dev/shm: %s", strerror(errno)),
			    text("see mount(8)"));
	mib = (unsigned long long)fs.f_bavail * fs.f_frsize >> 20;
	if (mib < SHM_MIB)
		return miss(text("/dev/shm has %llu MiB free", mib),
			    text("%d MiB are needed; in a container: "
				 "--tmpfs /dev/shm:rw,exec,size=%dm,mode=1777",
				 SHM_MIB, 2 * SHM_MIB));
	return good(text("/dev/shm is writable, %llu MiB are free", mib));
}

static bool shim_exists(void)
{
	char *path = path_preload("roadtest-shim.so");

	free(path);
	return path;
}

/* What kernel/preload/confine.c uses. */
static struct finding check_landlock(void)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0,
			       LANDLOCK_CREATE_RULESET_VERSION);

	if (version > 0)
		return good(text("Landlock %ld: a guest reads no file of this machine",
				 version));
	return (struct finding){
		NOTE,
		text("no Landlock: root in a guest can read this machine's files (hostfs)"),
		text("Linux 5.13 or later with landlock in its lsm= list; only guests that you don't trust need it"),
	};
}

static struct finding check_fpu(void)
{
	unsigned int a, b = 0, c, d;

	if (!__get_cpuid_count(0xd, 0, &a, &b, &c, &d) || b <= XSAVE_UML)
		return good(text("%u bytes of register state: UML has room for them",
				 b));
	if (shim_exists())
		return good(text("%u bytes of register state (AMX): the preload shim is used",
				 b));
	return miss(text("%u bytes of register state, UML has room for %d, and roadtest-shim.so is missing",
			 b, XSAVE_UML),
		    text("build it (ninja), or set ROADTEST_LIBEXEC to its directory"));
}

/* ------------------------------------------------------------------------
 * Programs
 */

static const struct tool {
	const char *name, *package, *what;
} tools[] = {
	{ "gcc", "build-essential", "compiles the kernel" },
	{ "make", "build-essential", "builds the kernel" },
	{ "strip", "binutils", "installs the kernel" },
	{ "flex", "flex", "builds the kernel" },
	{ "bison", "bison", "builds the kernel" },
	{ "bc", "bc", "builds the kernel" },
	{ "tar", "tar", "unpacks the kernel's source" },
	{ "xz", "xz-utils", "unpacks the kernel's source" },
	{ "depmod", "kmod", "lists modules and their aliases" },
	{ "cpp", "cpp", "preprocesses devicetrees" },
	{ "dtc", "device-tree-compiler", "compiles devicetrees" },
};

static struct finding check_tool(const struct tool *tool)
{
	char *path = find_program(tool->name);
	char *sbin = text("/sbin/%s", tool->name);

	if (!path && file_exists(sbin))
		path = text("%s", sbin);
	free(sbin);
	if (path)
		return good(path);
	return miss(text("is missing; it %s", tool->what),
		    text("apt install %s", tool->package));
}

static struct finding check_python(void)
{
	char *argv[] = { "/usr/bin/python3", "-c",
			 "import sys; print('%d.%d' % sys.version_info[:2])",
			 NULL };
	char *version = file_exists(argv[0]) ? process_output(argv) : NULL;
	int minor = 0;

	struct finding finding;

	if (!version)
		return miss(text("/usr/bin/python3 is missing"),
			    text("apt install python3"));
	if (sscanf(version, "3.%d", &minor) != 1 || minor < 11)
		finding = miss(text("/usr/bin/python3 is %s", version),
			       text("3.11 or newer is needed"));
	else
		finding = good(text("/usr/bin/python3 is %s", version));
	free(version);
	return finding;
}

static struct finding check_package(void)
{
	char *argv[] = { "/usr/bin/python3", "-c",
			 "import roadtest; print(roadtest.__file__)", NULL };
	char *path = path_python();
	char *file;

	setenv("PYTHONPATH", path, true);
	if (path_build_dir())
		setenv("ROADTEST_BUILD", path_build_dir(), true);
	file = process_output(argv);
	free(path);
	if (file) {
		struct finding finding =
			good(text("the package roadtest loads from %s", file));

		free(file);
		return finding;
	}
	return miss(text("\"import roadtest\" fails (see above)"),
		    path_build_dir() ?
		    text("ninja -C %s", path_build_dir()) :
		    text("install roadtest again"));
}

static struct finding check_libkmod(void)
{
	void *library = dlopen("libkmod.so.2", RTLD_LAZY);

	if (!library)
		return miss(text("libkmod.so.2 is missing"),
			    text("apt install libkmod2"));
	dlclose(library);
	return good(text("libkmod.so.2"));
}

/* ------------------------------------------------------------------------
 * The kernel under test
 */

static struct finding check_source(void)
{
	struct source source;
	struct finding finding;

	if (!source_find(&source, NULL)) {
		finding = (struct finding){
			NOTE, text("no kernel source (see above)"),
			text("apt install linux-source-6.12, or give --source DIR"),
		};
	} else {
		finding = good(text("%s", source.name));
	}
	source_deinit(&source);
	return finding;
}

/* What of its path there is must let the rest be made. */
static struct finding check_cache(void)
{
	char *dir = cache_dir(), *slash;
	char *there = text("%s%s", *dir == '/' ? "" : "./", dir);
	struct finding finding;

	while (access(there, F_OK) && (slash = strrchr(there, '/')))
		*slash = '\0';
	if (!*there) {
		free(there);
		there = text("/");
	}
	if (is_directory(there) && !access(there, W_OK | X_OK))
		finding = good(text("kernels are kept in %s", dir));
	else
		finding = miss(text("%s can't be written: %s is not for you", dir,
				    there),
			       text("ROADTEST_CACHE=DIR names another directory for kernels"));
	free(there);
	free(dir);
	return finding;
}

static struct finding check_kernel(void)
{
	const char *given = getenv("ROADTEST_KERNEL");
	char *cache = cache_dir();
	char *dir = given ? text("%s", given) :
			    text("%s/kernels/default", cache);
	char *image = text("%s/linux", dir);
	char *argv[] = { image, "--version", NULL };
	char *version;
	struct finding finding;

	if (!file_exists(image)) {
		finding = (struct finding){
			NOTE, text("there is none at %s", dir),
			text("the first \"roadtest run\" builds one, or \"roadtest kernel\" does"),
		};
	} else if ((version = process_output(argv))) {
		finding = good(text("%s starts: %s", image, version));
		free(version);
	} else {
		finding = miss(text("%s does not start", image),
			       text("roadtest kernel --force"));
	}
	free(image);
	free(dir);
	free(cache);
	return finding;
}

static const struct check {
	const char *name;
	struct finding (*check)(void);
} checks[] = {
	{ "ptrace", check_ptrace },
	{ "personality", check_personality },
	{ "shared memory", check_shm },
	{ "confinement", check_landlock },
	{ "registers", check_fpu },
	{ "python", check_python },
	{ "package", check_package },
	{ "libkmod", check_libkmod },
	{ "kernel source", check_source },
	{ "cache", check_cache },
	{ "kernel", check_kernel },
};

/* Print a finding. Return: is it good enough? */
static bool report_finding(const char *name, struct finding finding)
{
	static const struct { const char *word; enum colour colour; } words[] = {
		[GOOD] = { "ok", COLOUR_GREEN },
		[NOTE] = { "note", COLOUR_YELLOW },
		[MISS] = { "MISS", COLOUR_RED },
	};

	printf("%s%-5s%s %-14s %s\n",
	       colour(stdout, words[finding.verdict].colour),
	       words[finding.verdict].word, colour(stdout, COLOUR_NONE), name,
	       finding.what);
	if (finding.remedy)
		printf("      %-14s -> %s\n", "", finding.remedy);
	fflush(stdout);
	free(finding.what);
	free(finding.remedy);
	return finding.verdict != MISS;
}

static const char help[] =
"Usage: roadtest doctor\n"
"Check what roadtest needs on this machine, and say for each miss what to do.\n"
"\n"
"Exit status: 0 nothing is missing, 1 something is.\n";

int cmd_doctor(int argc, char **argv)
{
	unsigned int misses = 0;

	if (argc > 1) {
		fputs(help, strcmp(argv[1], "--help") ? stderr : stdout);
		return strcmp(argv[1], "--help") ? CLI_NOT_RUN : CLI_OK;
	}
	signals_catch();
	for (size_t i = 0; i < sizeof(checks) / sizeof(*checks); i++)
		misses += !report_finding(checks[i].name, checks[i].check());
	for (size_t i = 0; i < sizeof(tools) / sizeof(*tools); i++)
		misses += !report_finding(tools[i].name,
					  check_tool(&tools[i]));
	if (misses)
		printf("\n%u missing\n", misses);
	else
		printf("\nnothing is missing\n");
	return misses ? CLI_FAILED : CLI_OK;
}
