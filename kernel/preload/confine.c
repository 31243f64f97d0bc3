// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * confine.c - the guest's kernel sees the files of its own directory only
 *
 * hostfs=DIR is what UML offers for that, and it is not enough: root in a
 * guest may mount hostfs with ".." in its options, or with the name of a
 * symbolic link that it made itself, and has the whole host (6.1 to 6.12 at
 * least). So let the host's kernel see to it: with ROADTEST_CONFINE=DIR in the
 * environment this library restricts the process it is loaded into, and all
 * that it will ever start, by Landlock (Linux 5.13).
 *
 * Here and not in the launcher, because here the program and its libraries
 * have been opened already, wherever they are. What UML opens besides DIR:
 * /proc/cpuinfo for the processor's features.
 *
 * A host without Landlock has to do with hostfs=DIR.
 */
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* All of the first version; to execute is no danger where nothing can be
 * read, and newer kernels execute a stub of their own from a memfd. */
#define CONFINE_FILES \
	(LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE)
#define CONFINE_ALL \
	(CONFINE_FILES | LANDLOCK_ACCESS_FS_READ_DIR | \
	 LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE | \
	 LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR | \
	 LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK | \
	 LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK | \
	 LANDLOCK_ACCESS_FS_MAKE_SYM)
/* To move and link between directories: from the second version on, and
 * without it not even within DIR. */
#define CONFINE_REFER (1ULL << 13)

static int allow(int ruleset, const char *path, uint64_t access)
{
	struct landlock_path_beneath_attr rule = {
		.allowed_access = access,
		.parent_fd = open(path, O_PATH | O_CLOEXEC),
	};
	int ret;

	if (rule.parent_fd < 0)
		return -1;
	ret = syscall(SYS_landlock_add_rule, ruleset,
		      LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
	close(rule.parent_fd);
	return ret;
}

static void __attribute__((constructor)) confine(void)
{
	const char *dir = getenv("ROADTEST_CONFINE");
	struct landlock_ruleset_attr attr = {
		.handled_access_fs = CONFINE_ALL,
	};
	long version;
	int ruleset;

	if (!dir || !*dir)
		return;
	version = syscall(SYS_landlock_create_ruleset, NULL, 0,
			  LANDLOCK_CREATE_RULESET_VERSION);
	if (version < 1)
		return;
	if (version > 1)
		attr.handled_access_fs |= CONFINE_REFER;
	ruleset = syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	/* The host can do it, so a guest that it does not hold must not run. */
	if (ruleset < 0 || allow(ruleset, dir, attr.handled_access_fs) ||
	    allow(ruleset, "/proc/cpuinfo", LANDLOCK_ACCESS_FS_READ_FILE) ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    syscall(SYS_landlock_restrict_self, ruleset, 0))
		_exit(126);
	close(ruleset);
}
