// SPDX-License-Identifier: LGPL-2.1-or-later
/* agent.c - every guest call once, for real */
#include "guest.h"
#include "opt3001-model.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/i2c-dev.h>
#include <linux/i2c.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

FIXTURE(agent) {
	struct road_machine *machine;
};

FIXTURE_SETUP(agent)
{
	self->machine = road_test_machine(_metadata, NULL);
	ASSERT_OK(road_machine_boot(self->machine));
}

FIXTURE_TEARDOWN(agent)
{
}

/* ---- files */

TEST_F(agent, file_is_written_and_read)
{
	struct road_machine *m = self->machine;
	char buf[32] = "";
	int fd;

	fd = road_open(m, "/tmp/file", O_RDWR | O_CREAT | O_EXCL, 0640);
	ASSERT_OK(fd);
	EXPECT_EQ(11, road_write(m, fd, "hello world", 11));
	EXPECT_EQ(5, road_pread(m, fd, buf, 5, 6));
	EXPECT_EQ(0, memcmp(buf, "world", 5));
	/* Behind the end, where the writing stopped. */
	EXPECT_EQ(0, road_read(m, fd, buf, sizeof(buf)));
	EXPECT_EQ(0, road_close(m, fd));
	EXPECT_EQ(-EBADF, road_read(m, fd, buf, sizeof(buf)));
	EXPECT_EQ(-EEXIST, road_open(m, "/tmp/file", O_CREAT | O_EXCL, 0));
	EXPECT_EQ(11, road_read_file(m, "/tmp/file", buf, sizeof(buf)));
	EXPECT_STREQ("hello world", buf);
	EXPECT_EQ(-ROAD_ESIZE, road_read_file(m, "/tmp/file", buf, 11));
	EXPECT_EQ(0, road_unlink(m, "/tmp/file"));
	EXPECT_EQ(-ENOENT, road_read_file(m, "/tmp/file", buf, sizeof(buf)));
	EXPECT_HAS(road_machine_error(m), "/tmp/file");
}

TEST_F(agent, errors_are_the_kernels_with_call_and_path)
{
	struct road_machine *m = self->machine;

	EXPECT_ERROR(m, -ENOENT, "/no/such", road_open(m, "/no/such", 0, 0));
	EXPECT_ERROR(m, -EISDIR, "/tmp", road_open(m, "/tmp", O_WRONLY, 0));
	EXPECT_ERROR(m, -EIO, "/proc/cmdline",
		     road_write_file(m, "/proc/cmdline", "x"));
	EXPECT_ERROR(m, -ENOTTY, "/dev/null", ({
			int fd = road_open(m, "/dev/null", O_RDWR, 0);
			road_ioctl_int(m, fd, 0x5401, 0);
		     }));
}

TEST_F(agent, large_file_survives_the_round_trip)
{
	size_t len = 1000 * 1000, i, got;
	uint8_t *data = malloc(len);
	char *back;

	for (i = 0; i < len; i++)
		data[i] = i * 7 + i / 251;
	ASSERT_OK(road_put(self->machine, "/tmp/a/b/c", data, len, 0600));
	ASSERT_OK(road_read_file_alloc(self->machine, "/tmp/a/b/c", &back,
				       &got));
	EXPECT_EQ(len, got);
	EXPECT_EQ(0, memcmp(data, back, len));
	free(back);
	/* The same over what is there already, and shorter. */
	ASSERT_OK(road_write_file_data(self->machine, "/tmp/a/b/c", data, 5));
	ASSERT_OK(road_read_file_alloc(self->machine, "/tmp/a/b/c", &back,
				       &got));
	EXPECT_EQ(5, got);
	free(back);
	free(data);
}

TEST_F(agent, stat_says_what_a_file_is)
{
	struct road_machine *m = self->machine;
	struct road_stat st;

	ASSERT_OK(road_put(m, "/tmp/file", "abc", 3, 0640));
	ASSERT_OK(road_stat(m, "/tmp/file", true, &st));
	EXPECT_EQ(S_IFREG | 0640, st.mode);
	EXPECT_EQ(3, st.size);
	EXPECT_EQ(0, st.uid);
	EXPECT_EQ(1, st.nlink);
	ASSERT_OK(road_stat(m, "/dev/null", true, &st));
	EXPECT_EQ(S_IFCHR, st.mode & S_IFMT);
	EXPECT_EQ(makedev(1, 3), st.rdev);
	ASSERT_OK(road_stat(m, "/sys/bus/i2c/devices/i2c-0", false, &st));
	EXPECT_EQ(S_IFLNK, st.mode & S_IFMT);
	ASSERT_OK(road_stat(m, "/sys/bus/i2c/devices/i2c-0", true, &st));
	EXPECT_EQ(S_IFDIR, st.mode & S_IFMT);
	EXPECT_EQ(-ENOENT, road_stat(m, "/tmp/none", true, &st));
}

TEST_F(agent, link_is_read)
{
	char target[256], small[4];

	ASSERT_OK(road_readlink(self->machine, "/sys/bus/i2c/devices/i2c-0",
				target, sizeof(target)));
	EXPECT_HAS(target, "/i2c-0");
	EXPECT_EQ(-ROAD_ESIZE,
		  road_readlink(self->machine, "/sys/bus/i2c/devices/i2c-0",
				small, sizeof(small)));
	EXPECT_EQ(-EINVAL, road_readlink(self->machine, "/tmp", target,
					 sizeof(target)));
}

TEST_F(agent, directory_is_listed_in_order)
{
	struct road_machine *m = self->machine;
	char *names;

	ASSERT_OK(road_mkdir(m, "/tmp/d", 0755));
	EXPECT_EQ(-EEXIST, road_mkdir(m, "/tmp/d", 0755));
	ASSERT_OK(road_list(m, "/tmp/d", &names));
	EXPECT_EQ('\0', names[0]);
	free(names);
	ASSERT_OK(road_put(m, "/tmp/d/zz", "", 0, 0644));
	ASSERT_OK(road_put(m, "/tmp/d/a", "", 0, 0644));
	ASSERT_OK(road_list(m, "/tmp/d", &names));
	EXPECT_EQ(0, memcmp(names, "a\0zz\0", 6));
	free(names);
	ASSERT_OK(road_glob(m, "/tmp/d/[a-y]*", &names));
	EXPECT_EQ(0, memcmp(names, "/tmp/d/a\0", 10));
	free(names);
	ASSERT_OK(road_glob(m, "/tmp/d/none*", &names));
	EXPECT_EQ('\0', names[0]);
	free(names);
	EXPECT_EQ(-ENOENT, road_list(m, "/tmp/none", &names));
}

TEST_F(agent, file_systems_are_mounted)
{
	struct road_machine *m = self->machine;
	char text[8];

	ASSERT_OK(road_mkdir(m, "/tmp/m", 0755));
	ASSERT_OK(road_mount(m, "none", "/tmp/m", "tmpfs", MS_NOSUID,
			     "size=64k"));
	ASSERT_OK(road_write_file_data(m, "/tmp/m/../m2", "", 0) == -ENOENT ?
			  0 : -1);
	ASSERT_OK(road_put(m, "/tmp/m/file", "x", 1, 0644));
	ASSERT_OK(road_umount(m, "/tmp/m"));
	EXPECT_EQ(-ENOENT, road_read_file(m, "/tmp/m/file", text,
					  sizeof(text)));
	EXPECT_EQ(-EINVAL, road_umount(m, "/tmp/m"));
}

/* ---- descriptors */

TEST_F(agent, poll_says_what_is_ready)
{
	struct road_machine *m = self->machine;
	struct road_pollfd fds[2] = {
		{ .events = POLLIN }, { .events = POLLOUT },
	};
	uint64_t before;

	/* One that has no news, and one that takes anything. */
	fds[0].fd = road_open(m, "/dev/gpiochip0", O_RDWR, 0);
	ASSERT_OK(fds[0].fd);
	fds[1].fd = road_open(m, "/dev/null", O_RDWR, 0);
	ASSERT_OK(fds[1].fd);
	before = road_now(m);
	EXPECT_EQ(0, road_poll(m, fds, 1, 250));
	EXPECT_LE(before + 250 * ROAD_MS, road_now(m));
	before = road_now(m);
	EXPECT_EQ(1, road_poll(m, fds, 2, 250));
	EXPECT_EQ(0, fds[0].revents);
	EXPECT_EQ(POLLOUT, fds[1].revents);
	EXPECT_GT(before + ROAD_MS, road_now(m));
}

/* A chip that gives back what was written to it, plus one. */
struct echo {
	struct road_i2c_chip chip;
	uint8_t data[4];
	size_t starts;
};

static int echo_start(struct road_i2c_chip *chip, bool read, bool first)
{
	road_container_of(chip, struct echo, chip)->starts += first;
	return 0;
}

static int echo_write(struct road_i2c_chip *chip, const uint8_t *data,
		      size_t len)
{
	memcpy(road_container_of(chip, struct echo, chip)->data, data,
	       len < 4 ? len : 4);
	return 0;
}

static int echo_read(struct road_i2c_chip *chip, uint8_t *data, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		data[i] = road_container_of(chip, struct echo,
					    chip)->data[i % 4] + 1;
	return 0;
}

TEST_F(agent, ioctl_follows_embedded_pointers)
{
	static const struct road_i2c_ops ops = {
		.start = echo_start, .write = echo_write, .read = echo_read,
	};
	struct road_machine *m = self->machine;
	uint8_t out[3] = { 1, 2, 3 }, in[4] = { 0 };
	struct i2c_msg msgs[2] = {
		{ .addr = 0x42, .len = sizeof(out) },
		{ .addr = 0x42, .len = sizeof(in), .flags = I2C_M_RD },
	};
	struct i2c_rdwr_ioctl_data rdwr = { .nmsgs = 2 };
	const struct road_ioctl_buf bufs[] = {
		{ &rdwr, sizeof(rdwr) }, { msgs, sizeof(msgs) },
		{ out, sizeof(out) }, { in, sizeof(in) },
	};
	const struct road_ioctl_ptr ptrs[] = {
		{ 0, offsetof(struct i2c_rdwr_ioctl_data, msgs), 1 },
		{ 1, offsetof(struct i2c_msg, buf), 2 },
		{ 1, sizeof(struct i2c_msg) + offsetof(struct i2c_msg, buf),
		  3 },
	};
	struct echo echo = { 0 };
	unsigned long functions = 0;
	int fd;

	road_i2c_chip_init(&echo.chip, "echo", &ops);
	ASSERT_OK(road_i2c_attach(m, 0x42, &echo.chip));
	fd = road_open(m, "/dev/i2c-0", O_RDWR, 0);
	ASSERT_OK(fd);
	ASSERT_OK(road_ioctl(m, fd, I2C_FUNCS, &functions, sizeof(functions)));
	EXPECT_TRUE(functions & I2C_FUNC_I2C);
	EXPECT_EQ(2, road_ioctl_bufs(m, fd, I2C_RDWR, bufs, 4, ptrs, 3));
	EXPECT_EQ(0, memcmp(in, "\x02\x03\x04\x01", 4));
	EXPECT_EQ(1, echo.starts);
	ASSERT_OK(road_ioctl_int(m, fd, I2C_SLAVE, 0x42));
	EXPECT_EQ(4, road_read(m, fd, in, 4));
	EXPECT_EQ(2, echo.starts);
	/* A pointer into nothing is refused before it reaches the guest. */
	EXPECT_EQ(-ROAD_EUSAGE, road_ioctl_bufs(m, fd, I2C_RDWR, bufs, 3, ptrs,
						3));
	road_i2c_detach(&echo.chip);
}

/* ---- calls side by side */

/* @num polls that end one second after the other, the last one first. */
static void polls_start(struct road_test_run *_metadata,
			struct road_machine *machine, struct road_call **calls,
			int num)
{
	struct road_pollfd none = { .fd = -1 };
	int i;

	for (i = 0; i < num; i++) {
		calls[i] = road_start_poll(machine, &none, 1,
					   1000 * (num - i));
		ASSERT_NOT_NULL(calls[i]);
		EXPECT_FALSE(road_call_done(calls[i]));
		EXPECT_EQ(-ROAD_EUSAGE, road_call_result(calls[i]));
	}
}

TEST_F(agent, several_calls_run_at_once)
{
	struct road_call *calls[7];
	uint64_t before = road_now(self->machine);
	char text[16];
	int i;

	polls_start(_metadata, self->machine, calls, 7);
	/* A plain call in between has a task too. */
	EXPECT_EQ(6, road_read_file(self->machine, "/proc/sys/kernel/ostype",
				    text, sizeof(text)));
	EXPECT_GT(before + 100 * ROAD_MS, road_now(self->machine));
	for (i = 6; i >= 0; i--) {
		ASSERT_OK(road_call_wait(calls[i]));
		EXPECT_EQ(0, road_call_result(calls[i]));
		EXPECT_LE(before + (7 - i) * ROAD_S, road_now(self->machine));
		EXPECT_GT(before + (7 - i) * ROAD_S + 100 * ROAD_MS,
			  road_now(self->machine));
		road_call_destroy(calls[i]);
	}
}

TEST_F(agent, call_that_finds_no_task_free_waits_for_one)
{
	struct road_call *calls[20];
	uint64_t before = road_now(self->machine);
	char text[16];
	int i;

	polls_start(_metadata, self->machine, calls, 20);
	EXPECT_EQ(6, road_read_file(self->machine, "/proc/sys/kernel/ostype",
				    text, sizeof(text)));
	EXPECT_LT(before + ROAD_S, road_now(self->machine));
	for (i = 0; i < 20; i++) {
		ASSERT_OK(road_call_wait(calls[i]));
		EXPECT_EQ(0, road_call_result(calls[i]));
		road_call_destroy(calls[i]);
	}
}

TEST_F(agent, call_that_is_destroyed_goes_on_without_harm)
{
	struct road_pollfd none = { .fd = -1 };
	char text[16];
	int i;

	for (i = 0; i < 3; i++)
		road_call_destroy(road_start_poll(self->machine, &none, 1,
						  100));
	ASSERT_OK(road_advance(self->machine, ROAD_S));
	EXPECT_EQ(6, road_read_file(self->machine, "/proc/sys/kernel/ostype",
				    text, sizeof(text)));
}

TEST_F(agent, stacks_name_the_blocked_tasks)
{
	struct road_pollfd none = { .fd = -1 };
	struct road_call *call = road_start_poll(self->machine, &none, 1, 5000);
	char *text;

	ASSERT_NOT_NULL(call);
	ASSERT_OK(road_advance(self->machine, ROAD_S));
	ASSERT_OK(road_stacks(self->machine, &text));
	EXPECT_HAS(text, "worker 1 (task ");
	EXPECT_HAS(text, "do_sys_poll");
	free(text);
	ASSERT_OK(road_call_wait(call));
	road_call_destroy(call);
}

/* ---- programs */

TEST_F(agent, program_gets_its_input_and_gives_its_outputs)
{
	const char *const argv[] = { GUEST_HELPER_PATH, "cat", "3", NULL };
	struct road_output output;

	guest_put_helper(_metadata, self->machine);
	ASSERT_EQ(-ROAD_EPROGRAM, road_run(self->machine, argv, "in\0put", 6,
					   &output));
	EXPECT_HAS(road_machine_error(self->machine),
		   "exited with status 3: done");
	EXPECT_TRUE(WIFEXITED(output.status));
	EXPECT_EQ(3, WEXITSTATUS(output.status));
	EXPECT_EQ(6, output.out_len);
	EXPECT_EQ(0, memcmp(output.out, "in\0put", 7));
	EXPECT_STREQ("done", output.err);
	free(output.out);
	free(output.err);
}

TEST_F(agent, program_with_much_output_does_not_block)
{
	const char *const argv[] = { GUEST_HELPER_PATH, "flood", "300000",
				     NULL };
	struct road_output output;

	guest_put_helper(_metadata, self->machine);
	ASSERT_EQ(0, road_run(self->machine, argv, NULL, 0, &output));
	EXPECT_EQ(300032, output.out_len);
	EXPECT_EQ(300032, output.err_len);
	free(output.out);
	free(output.err);
}

TEST_F(agent, program_that_does_not_exist_is_an_error)
{
	const char *const argv[] = { "/run/none", NULL };

	EXPECT_ERROR(self->machine, -ENOENT, "/run/none",
		     road_run(self->machine, argv, NULL, 0, NULL));
}

TEST_F(agent, program_that_is_killed_says_so)
{
	struct road_call *call;
	int64_t result;

	guest_put_helper(_metadata, self->machine);
	call = guest_start_helper(_metadata, self->machine, "sleep",
				  "5000000000", NULL);
	ASSERT_OK(road_advance(self->machine, ROAD_S));
	ASSERT_OK(road_call_signal(call, SIGUSR1));
	ASSERT_OK(road_call_wait(call));
	result = road_call_result(call);
	EXPECT_EQ(-EINTR, result);
	road_call_destroy(call);
}

/* ---- modules */

TEST_F(agent, module_is_loaded_with_parameters_and_unloaded)
{
	struct road_machine *m = self->machine;
	char text[64];

	ASSERT_OK(road_module_load(m, "lkdtm", "recur_count=7"));
	ASSERT_OK(road_read_file(m, "/sys/module/lkdtm/parameters/recur_count",
				 text, sizeof(text)));
	EXPECT_STREQ("7\n", text);
	EXPECT_EQ(0, road_module_load(m, "lkdtm", NULL));
	EXPECT_EQ(-EEXIST, road_module_load(m, "lkdtm", "recur_count=8"));
	ASSERT_OK(road_module_unload(m, "lkdtm"));
	EXPECT_EQ(-ENOENT, road_module_unload(m, "lkdtm"));
	EXPECT_ERROR(m, -ROAD_ENODRIVER, "nosuch", road_module_load(m, "nosuch", NULL));
	/* With what it depends on, by the alias of a device. */
	ASSERT_OK(road_module_load(m, "i2c:opt3001", NULL));
	EXPECT_EQ(-EWOULDBLOCK, road_module_unload(m, "industrialio"));
	ASSERT_OK(road_module_unload(m, "opt3001"));
	ASSERT_OK(road_module_unload(m, "industrialio"));
}

/* ---- machines */

static bool bound_after_load(struct road_test_run *_metadata,
			     unsigned int flags)
{
	const struct road_machine_config config = { .flags = flags };
	const struct road_device_config device_config = {
		.compatible = "ti,opt3001",
	};
	struct road_machine *machine = road_test_machine(_metadata, &config);
	struct road_device *device;
	struct opt3001 chip;
	char path[96];
	struct road_stat st;
	int ret;

	ASSERT_EQ(0, opt3001_init(&chip));
	ASSERT_OK(road_device_add(machine, &device_config, &chip.map.chip,
				  &device));
	ASSERT_OK(road_machine_boot(machine));
	ASSERT_OK(road_module_load(machine, "opt3001", NULL));
	ASSERT_OK(road_settle(machine));
	snprintf(path, sizeof(path), "%s/driver", road_device_path(device));
	ret = road_stat(machine, path, false, &st);
	opt3001_deinit(&chip);
	return !ret;
}

TEST(device_is_probed_when_the_test_says_so)
{
	EXPECT_FALSE(bound_after_load(_metadata, 0));
	EXPECT_TRUE(bound_after_load(_metadata, ROAD_AUTOPROBE));
}

TEST(two_machines_live_side_by_side)
{
	struct road_machine *a = guest_boot(_metadata, NULL);
	struct road_machine *b = guest_boot(_metadata, NULL);
	uint64_t before = road_now(b);
	char text[16];

	ASSERT_EQ(0, road_advance(a, ROAD_S));
	EXPECT_EQ(before, road_now(b));
	EXPECT_EQ(6, road_read_file(b, "/proc/sys/kernel/ostype", text,
				    sizeof(text)));
	road_machine_destroy(a);
	EXPECT_EQ(6, road_read_file(b, "/proc/sys/kernel/ostype", text,
				    sizeof(text)));
	road_machine_destroy(b);
}

TEST(process_may_use_all_its_processors_again_afterwards)
{
	cpu_set_t before, after;
	struct road_machine *a, *b;

	ASSERT_EQ(0, sched_getaffinity(0, sizeof(before), &before));
	a = guest_boot(_metadata, NULL);
	b = guest_boot(_metadata, NULL);
	/* Not in the order in which they nest. */
	road_machine_destroy(a);
	road_machine_destroy(b);
	ASSERT_EQ(0, sched_getaffinity(0, sizeof(after), &after));
	EXPECT_TRUE(CPU_EQUAL(&before, &after));
}

TEST(descriptors_and_children_are_gone_afterwards)
{
	struct road_machine *machine;
	int before, after, i;

	for (i = 0; i < 2; i++) {
		/* The first one opens what the library keeps. */
		before = dup(0);
		close(before);
		machine = guest_boot(_metadata, NULL);
		road_machine_destroy(machine);
		after = dup(0);
		close(after);
	}
	EXPECT_EQ(before, after);
	EXPECT_EQ(-1, waitpid(-1, NULL, WNOHANG));
	EXPECT_EQ(ECHILD, errno);
}

TEST_HARNESS_MAIN
