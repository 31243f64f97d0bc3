// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * test-agent.c - guest calls with the real agent, which runs on the host
 *
 * The environment's ROADTEST_AGENT is the agent.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/poll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fake-guest/fake-machine.h"
#include "unit.h"

static struct road_machine m;
static char dir[] = "/tmp/roadtest-agent-XXXXXX";

/* A path below the test's directory; good for four at a time. */
static const char *in_dir(const char *name)
{
	static char paths[4][256];
	static int next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", dir, name);
	return path;
}

static const char *make_fifo(const char *name)
{
	const char *path = in_dir(name);

	unlink(path);
	if (mkfifo(path, 0600))
		UNIT_FAIL("mkfifo %s", path);
	return path;
}

static void begin(void)
{
	const char *agent = getenv("ROADTEST_AGENT");

	fake_machine_init(&m, agent ? agent : "agent/roadtest-agent");
	CHECK(agent_ready(m.agent));
}

static void end(void)
{
	fake_machine_deinit(&m);
}

/* ---- files */

static void a_plain_call_is_one_message_each_way(void)
{
	struct road_stat st;
	unsigned int sent = m.num_sent, received = m.num_received;

	CHECK_INT(road_stat(&m, "/", true, &st), 0);
	CHECK_INT(m.num_sent - sent, 1);
	CHECK_INT(m.num_received - received, 1);
	CHECK_INT(m.last_port, PROTO_PORT_WORKER);
}

static void descriptors_read_and_write(void)
{
	char buf[64] = "";
	int fd;

	fd = road_open(&m, in_dir("file"), O_RDWR | O_CREAT | O_TRUNC, 0640);
	CHECK(fd >= 0);
	CHECK_INT(road_write(&m, fd, "hello world", 11), 11);
	CHECK_INT(road_read(&m, fd, buf, sizeof(buf)), 0);
	CHECK_INT(road_pread(&m, fd, buf, sizeof(buf), 6), 5);
	CHECK_STR(buf, "world");
	CHECK_INT(road_pwrite(&m, fd, "W", 1, 6), 1);
	CHECK_INT(road_lseek(&m, fd, -5, SEEK_CUR), 6);
	CHECK_INT(road_read(&m, fd, buf, sizeof(buf)), 5);
	CHECK_STR(buf, "World");
	CHECK_INT(road_lseek(&m, fd, 0, SEEK_SET), 0);
	CHECK_INT(road_lseek(&m, fd, -1, SEEK_SET), -EINVAL);
	CHECK_HAS(road_machine_error(&m), "lseek /tmp/");
	CHECK_INT(road_close(&m, fd), 0);
	CHECK_INT(road_close(&m, fd), -EBADF);
	CHECK_INT(road_pwrite(&m, fd, "W", 1, 6), -EBADF);
}

static void a_write_at_an_offset_is_started(void)
{
	int fd = road_open(&m, in_dir("file"), O_RDWR | O_CREAT | O_TRUNC, 0640);
	struct road_call *call = road_start_pwrite(&m, fd, "ab", 2, 3);
	char buf[8] = "";

	CHECK_INT(road_call_wait(call), 0);
	CHECK_INT(road_call_result(call), 2);
	road_call_destroy(call);
	CHECK_INT(road_read(&m, fd, buf, sizeof(buf)), 5);
	CHECK(!memcmp(buf, "\0\0\0ab", 5));
	CHECK_INT(road_close(&m, fd), 0);
}

static void a_descriptor_that_was_not_opened_is_given_a_name(void)
{
	char want[64];
	int fd;

	/* As if an ioctl had made it. */
	fd = road_open(&m, in_dir("file"), O_WRONLY | O_CREAT, 0600);
	CHECK_INT(road_fd_set_name(&m, fd, "line 3"), 0);
	CHECK_INT(road_read(&m, fd, want, 1), -EBADF);
	snprintf(want, sizeof(want), "read line 3 (fd %d): ", fd);
	CHECK_HAS(road_machine_error(&m), want);
	CHECK_INT(road_close(&m, fd), 0);
	CHECK_INT(road_fd_set_name(&m, -1, "line 3"), -ROAD_EUSAGE);
	CHECK_HAS(road_machine_error(&m), "-1 is no descriptor");
}

static void check_ioctl_name(int fd, unsigned long request, const char *name)
{
	char want[64];

	CHECK_INT(road_ioctl_int(&m, fd, request, 0), -ENOTTY);
	snprintf(want, sizeof(want), "ioctl %s /tmp/", name);
	CHECK_HAS(road_machine_error(&m), want);
}

static void an_ioctl_is_called_by_its_name(void)
{
	int fd = road_open(&m, in_dir("file"), O_RDWR | O_CREAT, 0600);

	check_ioctl_name(fd, 0x80247009, "RTC_RD_TIME");
	check_ioctl_name(fd, 0x80046990, "IIO_GET_EVENT_FD_IOCTL");
	check_ioctl_name(fd, 0x80ff4506, "EVIOCGNAME");
	check_ioctl_name(fd, 0x80184543, "EVIOCGABS");
	check_ioctl_name(fd, 0x80205a01, "0x80205a01 _IOR('Z', 1, 32)");
	check_ioctl_name(fd, 0x5a07, "0x5a07 _IO('Z', 7)");
	check_ioctl_name(fd, 0xc0040001, "0xc0040001");
	CHECK_INT(road_close(&m, fd), 0);
}

static void an_error_names_operation_path_and_errno(void)
{
	char want[512];
	int fd;

	CHECK_INT(road_open(&m, "/no/such", O_RDONLY, 0), -ENOENT);
	CHECK_STR(road_machine_error(&m),
		  "open /no/such: No such file or directory (ENOENT)");
	fd = road_open(&m, in_dir("file"), O_WRONLY | O_CREAT, 0600);
	CHECK_INT(road_read(&m, fd, want, 1), -EBADF);
	snprintf(want, sizeof(want),
		 "read %s (fd %d): Bad file descriptor (EBADF)", in_dir("file"),
		 fd);
	CHECK_STR(road_machine_error(&m), want);
	CHECK_INT(road_close(&m, fd), 0);
	CHECK_INT(road_read(&m, fd, want, 1), -EBADF);
	snprintf(want, sizeof(want), "read ? (fd %d): ", fd);
	CHECK_HAS(road_machine_error(&m), want);
	CHECK_INT(road_unlink(&m, in_dir("missing")), -ENOENT);
	CHECK_HAS(road_machine_error(&m), "unlink /tmp/");
	CHECK_HAS(road_machine_error(&m), "(ENOENT)");
}

static void whole_files_go_in_one_call(void)
{
	unsigned int sent = m.num_sent;
	char buf[8], *text;
	size_t len;

	CHECK_INT(road_write_file(&m, in_dir("new"), "x"), -ENOENT);
	CHECK_INT(road_put(&m, in_dir("new"), "", 0, 0600), 0);
	CHECK_INT(road_write_file(&m, in_dir("new"), "1234567\n"), 0);
	CHECK_INT(road_read_file(&m, in_dir("new"), buf, sizeof(buf)), -ROAD_ESIZE);
	CHECK_INT(m.num_sent - sent, 4);
	CHECK_INT(road_read_file_alloc(&m, in_dir("new"), &text, &len), 0);
	CHECK_INT(len, 7);
	CHECK_STR(text, "1234567");
	free(text);
	CHECK_INT(road_write_file(&m, in_dir("new"), "short"), 0);
	CHECK_INT(road_read_file(&m, in_dir("new"), buf, sizeof(buf)), 5);
	CHECK_STR(buf, "short");
}

static void files_of_procfs_are_read_to_their_end(void)
{
	char *text;
	size_t len;

	/* It comes a page or less at a time. */
	CHECK_INT(road_read_file_alloc(&m, "/proc/self/smaps", &text, &len), 0);
	CHECK(len > 4096);
	CHECK_HAS(text, "[stack]");
	free(text);
	/* More than fits is an error, not a part of it. */
	CHECK_INT(road_read_file_alloc(&m, "/dev/zero", &text, &len), -EFBIG);
}

static void put_makes_directories_and_sets_the_mode(void)
{
	size_t len = 3000001, got;
	char *data = malloc(len), *back;
	struct road_stat st;

	memset(data, 'a', len);
	data[len - 1] = 'z';
	CHECK_INT(road_put(&m, in_dir("a/b/c"), data, len, 0751), 0);
	CHECK_INT(road_stat(&m, in_dir("a/b/c"), true, &st), 0);
	CHECK_INT(st.size, len);
	CHECK_INT(st.mode, S_IFREG | 0751);
	CHECK_INT(road_read_file_alloc(&m, in_dir("a/b/c"), &back, &got), 0);
	CHECK_INT(got, len);
	CHECK(!memcmp(back, data, len));
	free(back);
	CHECK_INT(road_put(&m, in_dir("a/b/c"), "s", 1, 0600), 0);
	CHECK_INT(road_stat(&m, in_dir("a/b/c"), true, &st), 0);
	CHECK_INT(st.size, 1);
	CHECK_INT(st.mode, S_IFREG | 0600);
	free(data);
}

static void too_much_for_one_call_is_refused(void)
{
	size_t len = PROTO_MAX_DATA + 1;
	char *data = calloc(1, len);

	CHECK_INT(road_write(&m, 0, data, len), -ROAD_EUSAGE);
	CHECK_HAS(road_machine_error(&m), "cut it into several");
	CHECK_INT(road_write_file_data(&m, in_dir("x"), data, len - 1),
		  -ROAD_EUSAGE);
	free(data);
}

static void names_are_listed_in_order(void)
{
	char *names;

	road_put(&m, in_dir("list/b"), "", 0, 0600);
	road_put(&m, in_dir("list/a1"), "", 0, 0600);
	road_put(&m, in_dir("list/.hidden"), "", 0, 0600);
	road_put(&m, in_dir("list/sub/x"), "", 0, 0600);
	CHECK_INT(road_list(&m, in_dir("list"), &names), 0);
	CHECK(!memcmp(names, ".hidden\0a1\0b\0sub\0", 18));
	free(names);
	CHECK_INT(road_list(&m, in_dir("list/b"), &names), -ENOTDIR);
	CHECK_INT(road_list(&m, in_dir("list/sub"), &names), 0);
	CHECK(!memcmp(names, "x\0", 3));
	free(names);
}

static void check_glob(const char *pattern, const char *want)
{
	size_t skip = strlen(dir) + 1;
	char got[256] = "", *paths, *p;

	CHECK_INT(road_glob(&m, in_dir(pattern), &paths), 0);
	for (p = paths; *p; p += strlen(p) + 1) {
		strcat(got, p + skip);
		strcat(got, " ");
	}
	free(paths);
	CHECK_STR(got, want);
}

static void globs_match_like_a_shell(void)
{
	road_put(&m, in_dir("g/a1/in"), "", 0, 0600);
	road_put(&m, in_dir("g/a2/in"), "", 0, 0600);
	road_put(&m, in_dir("g/b1/in"), "", 0, 0600);
	road_put(&m, in_dir("g/.dot"), "", 0, 0600);
	check_glob("g/a*/in", "g/a1/in g/a2/in ");
	check_glob("g/*", "g/a1 g/a2 g/b1 ");
	check_glob("g/[ab]1", "g/a1 g/b1 ");
	check_glob("g/?2/*", "g/a2/in ");
	check_glob("g/a1/in", "g/a1/in ");
	check_glob("g/none*", "");
	check_glob("g/a1/in/*", "");
	check_glob("g/*1/", "g/a1/ g/b1/ ");
}

static void links_are_read_and_not_followed(void)
{
	struct road_stat st;
	char buf[6];

	CHECK_INT(symlink("12345", in_dir("link")), 0);
	CHECK_INT(road_readlink(&m, in_dir("link"), buf, sizeof(buf)), 0);
	CHECK_STR(buf, "12345");
	CHECK_INT(road_readlink(&m, in_dir("link"), buf, 5), -ROAD_ESIZE);
	CHECK_INT(road_stat(&m, in_dir("link"), false, &st), 0);
	CHECK(S_ISLNK(st.mode));
	CHECK_INT(road_stat(&m, in_dir("link"), true, &st), -ENOENT);
	CHECK_INT(road_stat(&m, "/dev/null", true, &st), 0);
	CHECK_INT(st.rdev, 0x103);
}

static void directories_are_made_and_removed(void)
{
	struct road_stat st;

	CHECK_INT(road_mkdir(&m, in_dir("made"), 01770), 0);
	CHECK_INT(road_stat(&m, in_dir("made"), true, &st), 0);
	CHECK_INT(st.mode, S_IFDIR | 01770);
	CHECK_INT(road_mkdir(&m, in_dir("made"), 0700), -EEXIST);
	CHECK_INT(road_unlink(&m, in_dir("made")), 0);
	CHECK_INT(road_unlink(&m, in_dir("made")), -ENOENT);
}

static void mounts_fail_with_their_errno(void)
{
	int ret = road_mount(&m, NULL, in_dir("nowhere"), "tmpfs", 0, NULL);

	/* Without privileges the kernel does not look that far. */
	CHECK(ret == -ENOENT || ret == -EPERM);
	CHECK_HAS(road_machine_error(&m), "mount tmpfs on ");
	ret = road_umount(&m, in_dir("nowhere"));
	CHECK(ret == -ENOENT || ret == -EPERM);
}

/* ---- poll, ioctl */

static void poll_tells_what_is_ready(void)
{
	const char *path = make_fifo("poll");
	int a = road_open(&m, path, O_RDWR, 0);
	int b = road_open(&m, "/dev/null", O_RDONLY, 0);
	struct road_pollfd fds[] = { { a, POLLIN, 99 }, { b, POLLIN, 99 } };

	CHECK_INT(road_poll(&m, fds, 1, 0), 0);
	CHECK_INT(fds[0].revents, 0);
	CHECK_INT(road_write(&m, a, "x", 1), 1);
	CHECK_INT(road_poll(&m, fds, 2, -1), 2);
	CHECK_INT(fds[0].revents, POLLIN);
	CHECK_INT(fds[1].revents, POLLIN);
	CHECK_INT(road_poll(&m, fds, 0, 1), 0);
	CHECK_INT(road_close(&m, a), 0);
	CHECK_INT(road_close(&m, b), 0);
}

static void ioctls_copy_in_and_out(void)
{
	int fd = road_open(&m, make_fifo("ioctl"), O_RDWR, 0);
	int waiting = -1;

	CHECK_INT(road_write(&m, fd, "12345", 5), 5);
	CHECK_INT(road_ioctl(&m, fd, FIONREAD, &waiting, sizeof(waiting)), 0);
	CHECK_INT(waiting, 5);
	CHECK_INT(road_ioctl_int(&m, fd, 0x1234, 5), -ENOTTY);
	CHECK_HAS(road_machine_error(&m), "ioctl 0x1234 /tmp/");
	CHECK_INT(road_close(&m, fd), 0);
}

/* The kernel must not get the host's pointers, nor the host the guest's. */
static void pointers_come_back_as_they_were(void)
{
	struct { uint32_t n; uint32_t pad; void *p; } arg = { 3, 4, &arg };
	char text[] = "text";
	struct road_ioctl_buf bufs[] = {
		{ &arg, sizeof(arg) }, { text, sizeof(text) },
	};
	struct road_ioctl_ptr ptr = { 0, 8, 1 };
	int fd = road_open(&m, "/dev/null", O_RDONLY, 0);

	CHECK_INT(road_ioctl_bufs(&m, fd, 0x1234, bufs, 2, &ptr, 1), -ENOTTY);
	CHECK(arg.n == 3 && arg.pad == 4 && arg.p == &arg);
	CHECK_STR(text, "text");
	ptr.offset = 9;
	CHECK_INT(road_ioctl_bufs(&m, fd, 0x1234, bufs, 2, &ptr, 1),
		  -ROAD_EUSAGE);
	ptr = (struct road_ioctl_ptr){ 0, 8, 2 };
	CHECK_INT(road_ioctl_bufs(&m, fd, 0x1234, bufs, 2, &ptr, 1),
		  -ROAD_EUSAGE);
	ptr = (struct road_ioctl_ptr){ 0, SIZE_MAX - 2, 1 };
	CHECK_INT(road_ioctl_bufs(&m, fd, 0x1234, bufs, 2, &ptr, 1),
		  -ROAD_EUSAGE);
	CHECK_INT(road_close(&m, fd), 0);
}

/* ---- programs */

static int shell(const char *script, const char *input,
		 struct road_output *output)
{
	const char *argv[] = { "sh", "-c", script, NULL };

	return road_run(&m, argv, input, input ? strlen(input) : 0, output);
}

static void a_program_has_its_streams_and_status(void)
{
	const char *missing[] = { "/no/such/program", NULL };
	struct road_output output;
	struct road_call *call;

	CHECK_INT(shell("cat; echo error >&2; exit 3", "hello", &output),
		  -ROAD_EPROGRAM);
	CHECK_STR(road_machine_error(&m),
		  "run sh: it exited with status 3: error");
	CHECK(WIFEXITED(output.status));
	CHECK_INT(WEXITSTATUS(output.status), 3);
	CHECK_STR(output.out, "hello");
	CHECK_INT(output.out_len, 5);
	CHECK_STR(output.err, "error\n");
	free(output.out);
	free(output.err);
	CHECK_INT(shell("kill -TERM $$", NULL, NULL), -ROAD_EPROGRAM);
	CHECK_HAS(road_machine_error(&m), "killed by signal 15");
	call = road_start_run(&m, (const char *[]){ "false", NULL }, NULL, 0);
	CHECK_INT(road_call_status(call), -1);
	CHECK_INT(road_call_wait(call), 0);
	CHECK_INT(road_call_result(call), -ROAD_EPROGRAM);
	CHECK_INT(WEXITSTATUS(road_call_status(call)), 1);
	road_call_destroy(call);
	CHECK_INT(road_run(&m, missing, NULL, 0, NULL), -ENOENT);
	CHECK_HAS(road_machine_error(&m), "run /no/such/program: ");
}

static void full_pipes_do_not_block(void)
{
	size_t len = 400000;
	char *input = malloc(len + 1);
	struct road_output output;

	memset(input, 'i', len);
	input[len] = '\0';
	/* Writes a lot to both before it reads, then gives it all back. */
	CHECK_INT(shell("head -c 300000 /dev/zero >&2; head -c 300000 /dev/zero; cat",
			input, &output), 0);
	CHECK_INT(output.out_len, 700000);
	CHECK_INT(output.err_len, 300000);
	free(output.out);
	free(output.err);
	/* Closes its input and does not read it. */
	CHECK_INT(shell("exec <&-; sleep 0.05; echo done", input, &output), 0);
	CHECK_STR(output.out, "done\n");
	free(output.out);
	free(output.err);
	free(input);
	CHECK_INT(shell("head -c 5000000 /dev/zero", NULL, NULL), -EFBIG);
}

static void a_program_inherits_only_its_streams(void)
{
	int fd = road_open(&m, in_dir("held"), O_RDWR | O_CREAT, 0600);
	struct road_output output;

	CHECK_INT(shell("ls -l /proc/self/fd | grep -o -e socket: -e held; true",
			NULL, &output), 0);
	CHECK_STR(output.out, "");
	free(output.out);
	free(output.err);
	CHECK_INT(road_close(&m, fd), 0);
}

/* ---- requests that no function of the library makes */

static int64_t raw(enum proto_op op, uint64_t arg0, uint64_t arg3,
		   const void *data, size_t len)
{
	const struct call_part part = { data, len };
	const struct call_request request = {
		.op = op, .arg = { arg0, 0, 0, arg3 },
		.parts = &part, .num_parts = 1, .max_data = PROTO_MAX_DATA,
	};

	return call_finish(&m, call_start(&m, &request, "raw %d", op));
}

static void malformed_requests_are_refused(void)
{
	const struct proto_ioctl_ptr ptr = { 0, 1, 0 };
	uint32_t lens[2] = { 4, UINT32_MAX };
	unsigned int op;

	for (op = PROTO_READ_FILE; op <= PROTO_UNLINK; op++)
		if (op != PROTO_POLL && op != PROTO_IOCTL)
			CHECK_INT(raw(op, 0, 0, "no end", 6), -EBADMSG);
	CHECK_INT(raw(PROTO_OPEN, 0, 0, NULL, 0), -EBADMSG);
	CHECK_INT(raw(PROTO_MOUNT, 0, 0, "a\0b\0c", 6), -EBADMSG);
	CHECK_INT(raw(PROTO_LOAD_MODULES, 0, 0, "path", 5), -EBADMSG);
	CHECK_INT(raw(PROTO_READ, 0, 0, NULL, 0) >= 0, true);
	CHECK_INT(raw(PROTO_POLL, 0, 0, "12345", 5), -EINVAL);
	CHECK_INT(raw(PROTO_RUN, 0, 0, NULL, 0), -EINVAL);
	CHECK_INT(raw(PROTO_RUN, 2, 0, "one", 4), -EBADMSG);
	CHECK_INT(raw(PROTO_RUN, UINT64_MAX, 0, "one", 4), -E2BIG);
	CHECK_INT(raw(PROTO_IOCTL, 0, 1, NULL, 0), -EBADMSG);
	CHECK_INT(raw(PROTO_IOCTL, 0, 2, lens, sizeof(lens)), -EBADMSG);
	CHECK_INT(raw(PROTO_IOCTL, 0, 1ULL << 32, &ptr, sizeof(ptr)), -EBADMSG);
	CHECK_INT(raw(PROTO_IOCTL, 0, UINT32_MAX, NULL, 0), -EBADMSG);
	CHECK_INT(raw(PROTO_NUM_WORKER_OPS, 0, 0, NULL, 0), -ENOSYS);
	CHECK_INT(raw(0, 0, 0, NULL, 0), -ENOSYS);
	CHECK_INT(raw(PROTO_STACKS, 0, 0, NULL, 0), -ENOSYS);
}

static void a_read_asks_for_no_more_than_a_frame_holds(void)
{
	size_t len = 2 * PROTO_MAX_DATA;
	char *data = malloc(len);
	int fd = road_open(&m, "/dev/zero", O_RDONLY, 0);

	CHECK_INT(road_read(&m, fd, data, len), PROTO_MAX_DATA);
	CHECK_INT(road_read(&m, fd, data, 1), 1);
	CHECK_INT(road_close(&m, fd), 0);
	free(data);
}

/* ---- several calls */

static void a_blocked_call_leaves_the_others_alone(void)
{
	int fd = road_open(&m, make_fifo("block"), O_RDWR, 0);
	struct road_call *call = road_start_read(&m, fd, 16);
	struct road_stat st;
	const char *data;
	char *text;
	size_t len;

	CHECK_INT(road_call_result(call), -ROAD_EUSAGE);
	CHECK_INT(road_stat(&m, "/", true, &st), 0);
	CHECK_INT(m.plugged, 1U << 3);
	CHECK(!road_call_done(call));
	text = agent_describe(m.agent);
	CHECK_HAS(text, "read /tmp/");
	CHECK_HAS(text, "(worker 1)");
	free(text);
	CHECK_INT(road_write(&m, fd, "data", 4), 4);
	CHECK_INT(road_call_wait(call), 0);
	CHECK_INT(road_call_result(call), 4);
	data = road_call_data(call, &len);
	CHECK_INT(len, 4);
	CHECK(!memcmp(data, "data", 4));
	road_call_destroy(call);
	CHECK_INT(road_close(&m, fd), 0);
}

static void more_calls_than_workers_wait_their_turn(void)
{
	int fd = road_open(&m, make_fifo("many"), O_RDWR, 0), i;
	struct road_call *calls[PROTO_NUM_WORKERS + 1], *last;

	for (i = 0; i < PROTO_NUM_WORKERS; i++)
		calls[i] = road_start_read(&m, fd, 1);
	last = road_start_read_file(&m, "/proc/uptime");
	fake_machine_serve(&m, 200);
	CHECK(!road_call_done(last));
	CHECK_INT(m.plugged, 0x3f8);
	/* One that waits can be given up at once. */
	calls[i] = road_start_read(&m, fd, 1);
	road_call_destroy(calls[i]);
	CHECK_INT(road_call_signal(calls[5], SIGUSR1), 0);
	CHECK_INT(road_call_wait(last), 0);
	CHECK(road_call_result(last) > 0);
	road_call_destroy(last);
	CHECK_INT(road_call_result(calls[5]), -EINTR);
	/* The rest is given up, and its answers dropped. */
	for (i = 0; i < PROTO_NUM_WORKERS; i++)
		road_call_destroy(calls[i]);
	CHECK_INT(road_write(&m, fd, "1234567", 7), 7);
	CHECK_INT(road_close(&m, fd), 0);
}

static void a_signal_ends_what_blocks(void)
{
	int fd = road_open(&m, make_fifo("signal"), O_RDWR, 0), i;
	struct road_call *call;

	/* Also when it overtakes the call. */
	for (i = 0; i < 4; i++) {
		m.hold_ms = i & 1 ? 10 : 0;
		call = road_start_read(&m, fd, 16);
		if (i & 2)
			fake_machine_serve(&m, 5);
		CHECK_INT(road_call_signal(call, SIGUSR1), 0);
		CHECK_INT(road_call_wait(call), 0);
		CHECK_INT(road_call_result(call), -EINTR);
		CHECK_INT(road_call_signal(call, SIGUSR1), -ROAD_EUSAGE);
		CHECK_HAS(road_machine_error(&m), "it has finished");
		road_call_destroy(call);
	}
	m.hold_ms = 0;
	CHECK_INT(m.plugged, 0);
	CHECK_INT(road_close(&m, fd), 0);
}

static void a_signal_ends_a_program(void)
{
	const char *argv[] = { "sleep", "1000", NULL };
	struct road_call *call = road_start_run(&m, argv, NULL, 0);

	CHECK_INT(road_call_signal(call, SIGUSR1), 0);
	CHECK_INT(road_call_wait(call), 0);
	CHECK_INT(road_call_result(call), -EINTR);
	road_call_destroy(call);
}

static void a_worker_that_is_killed_is_replaced(void)
{
	int fd = road_open(&m, make_fifo("kill"), O_RDWR, 0);
	struct road_call *call = road_start_read(&m, fd, 16);
	struct road_stat st;

	CHECK_INT(road_call_signal(call, SIGKILL), 0);
	CHECK_INT(road_call_wait(call), 0);
	CHECK_INT(road_call_result(call), -EINTR);
	CHECK_HAS(road_machine_error(&m), "killed (Killed)");
	road_call_destroy(call);
	CHECK_INT(road_stat(&m, "/", true, &st), 0);
	CHECK_INT(m.last_port, PROTO_PORT_WORKER);
	CHECK_INT(m.plugged, 0);
	/* Its descriptors are the others' too. */
	CHECK_INT(road_close(&m, fd), 0);
	/* What dies by itself died of a bug of the kernel. */
	CHECK_INT(shell("kill -SEGV $PPID; sleep 1", NULL, NULL),
		  -ROAD_EORACLE);
	CHECK_HAS(road_machine_error(&m), "run sh: the guest task that did it");
	CHECK_INT(road_stat(&m, "/", true, &st), 0);
}

static void stacks_tell_where_a_call_hangs(void)
{
	int fd = road_open(&m, make_fifo("stack"), O_RDWR, 0);
	struct road_call *call = road_start_read(&m, fd, 16);
	char *text;

	fake_machine_serve(&m, 20);
	CHECK_INT(road_stacks(&m, &text), 0);
	CHECK_HAS(text, "worker 1 (task ");
	CHECK_HAS(text, "state S");
	free(text);
	road_call_destroy(call);
	CHECK_INT(road_write(&m, fd, "x", 1), 1);
	CHECK_INT(road_close(&m, fd), 0);
}

static void the_end_of_the_machine_ends_every_call(void)
{
	int fd = road_open(&m, make_fifo("gone"), O_RDWR, 0);
	struct road_call *call = road_start_read(&m, fd, 16);
	struct road_call *left = road_start_read(&m, fd, 16);

	road_call_destroy(left);
	m.ended = true;
	agent_gone(m.agent);
	CHECK(road_call_done(call));
	CHECK_INT(road_call_wait(call), -ROAD_EGONE);
	CHECK_INT(road_call_result(call), -ROAD_EGONE);
	CHECK(!road_start_read(&m, fd, 1));
	CHECK_INT(road_close(&m, fd), -ROAD_EGONE);
	/* Freed with the agent. */
}

#define T(name) { #name, name }
static const struct unit_test all[] = {
	T(a_plain_call_is_one_message_each_way),
	T(descriptors_read_and_write),
	T(a_write_at_an_offset_is_started),
	T(a_descriptor_that_was_not_opened_is_given_a_name),
	T(an_ioctl_is_called_by_its_name),
	T(an_error_names_operation_path_and_errno),
	T(whole_files_go_in_one_call),
	T(files_of_procfs_are_read_to_their_end),
	T(put_makes_directories_and_sets_the_mode),
	T(too_much_for_one_call_is_refused),
	T(names_are_listed_in_order),
	T(globs_match_like_a_shell),
	T(links_are_read_and_not_followed),
	T(directories_are_made_and_removed),
	T(mounts_fail_with_their_errno),
	T(poll_tells_what_is_ready),
	T(ioctls_copy_in_and_out),
	T(pointers_come_back_as_they_were),
	T(a_program_has_its_streams_and_status),
	T(full_pipes_do_not_block),
	T(a_program_inherits_only_its_streams),
	T(malformed_requests_are_refused),
	T(a_read_asks_for_no_more_than_a_frame_holds),
	T(a_blocked_call_leaves_the_others_alone),
	T(more_calls_than_workers_wait_their_turn),
	T(a_signal_ends_what_blocks),
	T(a_signal_ends_a_program),
	T(a_worker_that_is_killed_is_replaced),
	T(stacks_tell_where_a_call_hangs),
	T(the_end_of_the_machine_ends_every_call),
};

/* The test that runs, with an agent of its own around it. */
static const struct unit_test *current = all;

static void with_agent(void)
{
	begin();
	current->fn();
	end();
	current++;
}

int main(int argc, char **argv)
{
	struct unit_test tests[sizeof(all) / sizeof(all[0])];
	size_t num = sizeof(all) / sizeof(all[0]), i;
	char command[64];
	int ret;

	if (!mkdtemp(dir))
		return 1;
	for (i = 0; i < num; i++) {
		tests[i] = (struct unit_test){ all[i].name, with_agent };
		if (argc > 1 && !strcmp(argv[1], all[i].name))
			current = &all[i];
	}
	ret = unit_main(argc, argv, tests, num);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command) ? 1 : ret;
}
