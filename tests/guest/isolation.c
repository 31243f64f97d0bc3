// SPDX-License-Identifier: LGPL-2.1-or-later
/* isolation.c - the guest sees nothing of the host */
#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

FIXTURE(canary) {
	struct road_machine *machine;
	char path[64];			/* of a file of the host */
};

FIXTURE_SETUP(canary)
{
	int fd;

	strcpy(self->path, "/tmp/road-canary-XXXXXX");
	fd = mkstemp(self->path);
	ASSERT_LE(0, fd);
	ASSERT_EQ(5, write(fd, "tweet", 5));
	close(fd);
	self->machine = road_test_machine(_metadata, NULL);
	ASSERT_OK(road_machine_boot(self->machine));
	ASSERT_OK(road_mkdir(self->machine, "/tmp/host", 0755));
}

FIXTURE_TEARDOWN(canary)
{
	unlink(self->path);
}

/* hostfs=DIR alone does not hold root in the guest; see confine.c. */
static bool host_confines(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0,
		       LANDLOCK_CREATE_RULESET_VERSION) > 0;
}

/* Mount hostfs with @options and look for the canary there. */
static void look(struct road_test_run *_metadata, FIXTURE_DATA(canary) *self,
		 const char *options)
{
	struct road_machine *m = self->machine;
	char path[256], text[64];
	ssize_t ret;

	if (road_mount(m, "none", "/tmp/host", "hostfs", 0, options))
		return;
	snprintf(path, sizeof(path), "/tmp/host%s", self->path);
	ret = road_read_file(m, path, text, sizeof(text));
	EXPECT_GT(0, ret) {
		TH_LOG("hostfs mounted with \"%s\" shows the host",
		       options ? options : "");
	}
	snprintf(path, sizeof(path), "/tmp/host/etc/passwd");
	EXPECT_GT(0, road_read_file(m, path, text, sizeof(text)));
	ASSERT_OK(road_umount(m, "/tmp/host"));
}

TEST_F(canary, is_there_for_the_host)
{
	char text[8] = "";
	int fd = open(self->path, O_RDONLY);

	EXPECT_EQ(5, read(fd, text, sizeof(text)));
	EXPECT_STREQ("tweet", text);
	close(fd);
}

TEST_F(canary, is_not_in_the_guests_root)
{
	char text[64];

	EXPECT_EQ(-ENOENT, road_read_file(self->machine, self->path, text,
					  sizeof(text)));
	EXPECT_EQ(-ENOENT, road_read_file(self->machine, "/etc/passwd", text,
					  sizeof(text)));
}

TEST_F(canary, is_not_found_by_mounting_hostfs)
{
	char dir[128];

	look(_metadata, self, NULL);
	look(_metadata, self, "/");
	look(_metadata, self, "//");
	/* The whole path, as if nothing confined it. */
	look(_metadata, self, "/dev/shm/../..");
	snprintf(dir, sizeof(dir), "%s/root",
		 road_machine_dir(self->machine));
	look(_metadata, self, dir);
}

TEST_F(canary, is_not_found_by_dots_in_the_options)
{
	if (!host_confines())
		SKIP(return, "the host has no Landlock");
	look(_metadata, self, "..");
	look(_metadata, self, "../../..");
	look(_metadata, self, "../../../..");
	look(_metadata, self, "/../../../..");
	look(_metadata, self, "mnt/../../../../..");
}

TEST_F(canary, is_not_found_by_a_link_in_the_options)
{
	char link[160];

	if (!host_confines())
		SKIP(return, "the host has no Landlock");
	/* As root in the guest could make it. */
	snprintf(link, sizeof(link), "%s/root/mnt/link",
		 road_machine_dir(self->machine));
	ASSERT_EQ(0, symlink("/", link));
	look(_metadata, self, "mnt/link");
	look(_metadata, self, "mnt/link/");
	look(_metadata, self, "mnt/link/.");
	ASSERT_EQ(0, unlink(link));
	ASSERT_EQ(0, symlink("../../../../..", link));
	look(_metadata, self, "mnt/link");
}

TEST_F(canary, is_not_found_by_dots_in_a_path)
{
	char path[256], text[64];

	ASSERT_OK(road_mount(self->machine, "none", "/tmp/host", "hostfs", 0,
			     "/"));
	snprintf(path, sizeof(path), "/tmp/host/../../../../..%s", self->path);
	EXPECT_EQ(-ENOENT, road_read_file(self->machine, path, text,
					  sizeof(text)));
	ASSERT_OK(road_umount(self->machine, "/tmp/host"));
}

TEST_F(canary, is_not_found_through_a_link_of_the_host)
{
	char link[160], text[64];

	/* Made on the host, where it leads somewhere. */
	snprintf(link, sizeof(link), "%s/root/mnt/link",
		 road_machine_dir(self->machine));
	ASSERT_EQ(0, symlink(self->path, link));
	EXPECT_EQ(-ENOENT, road_read_file(self->machine, "/mnt/link", text,
					  sizeof(text)));
}

TEST_F(canary, directory_of_the_machine_is_the_users_alone)
{
	struct stat st;

	ASSERT_EQ(0, stat(road_machine_dir(self->machine), &st));
	EXPECT_EQ(S_IFDIR | 0700, st.st_mode);
	EXPECT_EQ(geteuid(), st.st_uid);
}

TEST_F(canary, environment_of_the_host_is_not_in_the_guest)
{
	char text[4096];
	ssize_t n;

	n = road_read_file(self->machine, "/proc/1/environ", text,
			   sizeof(text));
	ASSERT_OK(n);
	/* NULs between the strings. */
	while (n-- > 0)
		if (!text[n])
			text[n] = '\n';
	EXPECT_NULL(strstr(text, "LD_PRELOAD"));
	EXPECT_NULL(strstr(text, "ROADTEST"));
}

TEST_HARNESS_MAIN
