/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * roadtest.h - test Linux device drivers without their hardware
 *
 * The public API for those who write tests.  Models are written against
 * roadtest/model.h; the test macros are in roadtest/harness.h.
 *
 * A machine is one User Mode Linux guest with its board and its clock.  Test,
 * models and virtual devices live in one thread of one process; the guest runs
 * only inside the functions that are marked "runs the guest" below.
 *
 * Return values.  Functions that can fail return 0 (or a count where it says
 * so) or a negative error.  Down to -4095 the error is the errno that the
 * guest's kernel gave; below that it is one of enum road_errno, which no
 * kernel can give.  Either way road_machine_error() has the message.
 * Out-parameters are left alone on failure.
 *
 * Not thread safe: a machine belongs to the thread that made it, and not to
 * processes that are forked.
 */
#ifndef ROADTEST_H
#define ROADTEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ROAD_API __attribute__((visibility("default")))
#define ROAD_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

/** Virtual times, in nanoseconds: a microsecond, a millisecond, a second, and
 *  a time that does not come. */
#define ROAD_US 1000ULL
#define ROAD_MS (1000 * ROAD_US)
#define ROAD_S (1000 * ROAD_MS)
#define ROAD_NEVER UINT64_MAX

struct road_machine;
struct road_device;
struct road_call;
struct road_i2c_chip;

/**
 * enum road_errno - errors that are not the guest's
 *
 * All lie above MAX_ERRNO (4095) of the kernel, so that a test never takes one
 * for what the driver returned.
 */
enum road_errno {
	/** The machine has ended; road_machine_error() says why. */
	ROAD_EGONE = 4097,
	/** A limit of virtual or wall time passed, or the guest sleeps for
	 *  ever. The machine has ended. */
	ROAD_ELIMIT,
	/** A model failed: it forbids an access, or raised an exception. */
	ROAD_EMODEL,
	/** An oracle: the kernel reported a bug, or an expected report is
	 *  missing. */
	ROAD_EORACLE,
	/** The guest broke the protocol of a virtual device or of the agent.
	 *  The machine has ended. */
	ROAD_EPROTO,
	/** The API was used in a way that can't work; the message says what
	 *  to do instead. */
	ROAD_EUSAGE,
	/** The host lacks something or refused something. */
	ROAD_EHOST,
	/** The devicetree does not compile; the message has file and line. */
	ROAD_EDEVICETREE,
	/** A program in the guest ended otherwise than by exit(0); the message
	 *  has how, and what it wrote to standard error. */
	ROAD_EPROGRAM,
	/** The host has no memory left. */
	ROAD_ENOMEM,
	/** A signal ended the wait for the guest. The machine has ended. */
	ROAD_EINTR,
	/** There is no driver: no module of this kernel has the alias or the
	 *  name, or none of its drivers is for this bus. None has probed. */
	ROAD_ENODRIVER,
	/** There is no such device in the guest, or what was looked for has not
	 *  been registered below it: a device of a class, a bound driver. */
	ROAD_ENODEVICE,
	/** What the guest gave does not fit into the caller's buffer, or a name
	 *  is too long for it. */
	ROAD_ESIZE,
	/** The guest took or gave less than all, where that makes no sense. */
	ROAD_ESHORT,
};

/**
 * road_strerror() - name of an error
 * @error: negative or positive, errno or enum road_errno
 *
 * Return: a constant string such as "ETIMEDOUT" or "ROAD_EGONE".
 */
ROAD_API const char *road_strerror(int error);

/* ------------------------------------------------------------------------
 * Machine
 */

/** The calendar asks the guest at each step instead of letting it run free
 *  to the next event. Slower; traces must be the same. The environment's
 *  ROADTEST_FREE_UNTIL=0 sets it for every machine. */
#define ROAD_NO_FREE_UNTIL	(1U << 0)
/** Leave autoprobe on: the guest probes devices as soon as it can. */
#define ROAD_AUTOPROBE		(1U << 1)
/** Don't pin host and guest to one processor. */
#define ROAD_NO_PIN		(1U << 2)
/** Write each message of the calendar and of vhost-user to standard error.
 *  The environment's ROADTEST_DEBUG=1 sets it for every machine. */
#define ROAD_DEBUG		(1U << 3)
/** Keep the work directory (its path is in the error of road_machine_error()
 *  and in road_machine_dir()). */
#define ROAD_KEEP		(1U << 4)
/** Calendar and guest talk by messages alone, as with kernels before 6.11, and
 *  share no memory. Slower; traces must be the same. The environment's
 *  ROADTEST_CALENDAR_PAGE=0 sets it for every machine. */
#define ROAD_NO_PAGE		(1U << 5)

/**
 * struct road_machine_config - how a machine is built; zero is the default
 * @kernel: directory made by `roadtest kernel` (linux, modules/, include/,
 *	info). NULL: the environment's ROADTEST_KERNEL, else the one used
 *	last.
 * @seed: varies the guest's random numbers, its start time and which free
 *	addresses and pins are given out.
 * @mem_mib: guest memory in MiB; 0: what the kernel's flavour needs.
 * @flags: ROAD_NO_FREE_UNTIL and the like.
 * @call_limit_ns: virtual limit of a guest call; 0: 100 s.
 * @wall_limit_ms: limit of waiting for the guest in one call; 0: 30 s. Time
 *	that is spent in host code does not count.
 * @kernel_args: appended to the kernel's command line; may be NULL.
 * @message_limit: I2C messages that one guest call may send, or an advance of
 *	the clock without a pause of 1 ms; more are a driver that loops. 0:
 *	20,000, which take less than a second; UINT_MAX: no limit.
 *
 * The environment's ROADTEST_CALL_LIMIT and ROADTEST_WALL_LIMIT (seconds) and
 * ROADTEST_MESSAGE_LIMIT are what 0 stands for, if they are set.
 */
struct road_machine_config {
	const char *kernel;
	uint64_t seed;
	unsigned int mem_mib;
	unsigned int flags;
	uint64_t call_limit_ns;
	unsigned int wall_limit_ms;
	const char *kernel_args;
	unsigned int message_limit;
};

/**
 * road_machine_create() - a machine that is not booted yet
 * @config: NULL for the defaults; strings are copied.
 *
 * Return: the machine, to be given to road_machine_destroy(); NULL when out of
 * memory. Errors of the configuration show at road_machine_boot().
 */
ROAD_API struct road_machine *
road_machine_create(const struct road_machine_config *config);

/**
 * road_machine_destroy() - end the guest and free everything
 *
 * Accepts NULL. Chips that are still attached are detached; they belong to
 * the caller. Calls and devices of the machine are freed with it. In a process
 * that was forked later it does nothing: the guest is not its own. A callback
 * of a model may not destroy the machine; there it only ends it, with an error.
 */
ROAD_API void road_machine_destroy(struct road_machine *machine);

/**
 * road_machine_boot() - assemble the devicetree and start the guest
 *
 * Runs the guest until the agent is ready.
 *
 * Return: 0; -ROAD_EDEVICETREE; -ROAD_EHOST (no kernel, no ptrace, ...);
 * -ROAD_EGONE (the guest died, with the last lines of its log); -ROAD_EUSAGE
 * when it has been booted already.
 */
ROAD_API int road_machine_boot(struct road_machine *machine);

/** road_machine_error() - message of the last error; "" if none. Valid until
 *  the next call on @machine. */
ROAD_API const char *road_machine_error(const struct road_machine *machine);

/** road_machine_is_up() - booted and not ended. */
ROAD_API bool road_machine_is_up(const struct road_machine *machine);

/** road_machine_dir() - the machine's private work directory, NULL before
 *  boot. `root` below it is the guest's root directory. */
ROAD_API const char *road_machine_dir(const struct road_machine *machine);

/** road_machine_kernel() - directory of the kernel in use, also before boot.
 *  NULL: there is none, and road_machine_error() says what to do. */
ROAD_API const char *road_machine_kernel(struct road_machine *machine);

/**
 * road_missing_option() - is a file missing since an option of the kernel is
 * off?
 * @path: in the guest
 *
 * What subsystems offer to userspace are often options of their own: the
 * attributes of RTCs, /dev/input/event0. The message of a call that fails with
 * -ENOENT says it already.
 *
 * Return: name of the option, without CONFIG_; NULL if none is known that would
 * make the file.
 */
ROAD_API const char *road_missing_option(struct road_machine *machine,
					 const char *path);

/** road_machine_release() - the guest's kernel release ("6.12.117"), NULL
 *  before boot. */
ROAD_API const char *road_machine_release(const struct road_machine *machine);

/** road_machine_older() - is the guest's kernel older than @release ("6.6")?
 *  Also before boot; false if there is none. */
ROAD_API bool road_machine_older(struct road_machine *machine,
				 const char *release);

/** road_machine_pid() - process id of the guest's kernel, 0 if none runs. */
ROAD_API pid_t road_machine_pid(const struct road_machine *machine);

/**
 * road_machine_set_interrupt() - ask whether a signal ends the wait
 * @check: called when a signal of this process interrupts the wait for the
 *	guest. Nonzero: the call that waits returns -ROAD_EINTR; the machine ends
 *	with the cause "interrupted". It must not use the machine. NULL: signals
 *	don't end the wait.
 * @arg: handed to @check
 *
 * For languages that run their signal handlers later (Ctrl-C in Python).
 */
ROAD_API void road_machine_set_interrupt(struct road_machine *machine,
					 int (*check)(void *arg), void *arg);

/**
 * road_machine_cut() - which I2C transfer a signal cut short
 *
 * Return: text ("signal 10 to "read /dev/i2c-0" cut a transfer short at ..."),
 * of the last one since road_test_begin(), valid until the next one; NULL:
 * none. It is a note in the trace too, and goes with failures of models that
 * come after it.
 */
ROAD_API const char *road_machine_cut(const struct road_machine *machine);

/**
 * road_power_off() - power the guest off, as the `poweroff` command does
 *
 * Drivers' shutdown callbacks and power-off-prepare handlers run; what they
 * sent is in the trace, and the models are as they left them. User Mode Linux
 * does not call power-off handlers that come behind those (pm_power_off,
 * SYS_OFF_MODE_POWER_OFF). The machine has ended then, and that is no failure
 * of the test; see road_expect_power_off().
 *
 * Runs the guest. Return: 0; what ended the guest before.
 */
ROAD_API int road_power_off(struct road_machine *machine);

/** road_expect_power_off() - the test that runs wants the guest to be powered
 *  off, by a driver or a program: the call in which that happens gives
 *  -ROAD_EGONE, road_test_end() 0; and if it does not happen, -ROAD_EORACLE. */
ROAD_API int road_expect_power_off(struct road_machine *machine);

/** road_machine_is_off() - was it powered off? */
ROAD_API bool road_machine_is_off(const struct road_machine *machine);

/** road_machine_boot_ns() - wall time from the start of the guest's kernel
 *  until its agent was ready, in nanoseconds; for benchmarks. 0 before. */
ROAD_API uint64_t road_machine_boot_ns(const struct road_machine *machine);

/* ------------------------------------------------------------------------
 * Clock
 */

/** road_now() - virtual time since the guest's power-on in nanoseconds. */
ROAD_API uint64_t road_now(const struct road_machine *machine);

/**
 * road_advance() - let virtual time pass
 * @ns: nanoseconds; 0 runs the guest until nothing is left at this instant.
 *
 * Runs the guest. Return: 0, -ROAD_EGONE, -ROAD_EMODEL, -ROAD_ELIMIT (wall).
 */
ROAD_API int road_advance(struct road_machine *machine, uint64_t ns);

/** road_settle() - road_advance() by 0. Assertions on traffic do it first. */
ROAD_API int road_settle(struct road_machine *machine);

/* ------------------------------------------------------------------------
 * Devicetree: before boot
 *
 * The base tree has the labels &i2c, &gpio (a controller of 128 lines), &vdd
 * and &vio (fixed regulators), &clk (a fixed clock).
 */

/** enum road_var_type - what a placeholder of a fragment is given */
enum road_var_type {
	ROAD_VAR_I2C_ADDR,	/* a free address; $name$ is two hex digits */
	ROAD_VAR_GPIO_PIN,	/* a free line; $name$ is decimal */
};

/**
 * struct road_var - a placeholder of a fragment
 * @name: NAME in $NAME$
 * @type: what it is given
 * @value: filled in by road_add_fragment()
 */
struct road_var {
	const char *name;
	enum road_var_type type;
	unsigned int value;
};

/**
 * struct road_fragment - devicetree source that belongs to a test
 * @src: source text; may #include <dt-bindings/...>; $$ is a dollar sign
 * @file, @line: where @src stands in the test's own file, for messages of cpp
 *	and dtc; @file may be NULL
 * @vars, @num_vars: the placeholders
 */
struct road_fragment {
	const char *src;
	const char *file;
	int line;
	struct road_var *vars;
	size_t num_vars;
};

/**
 * road_add_fragment() - add devicetree source to a machine before boot
 *
 * Gives each variable a free value; @fragment and its strings are copied.
 *
 * Return: 0; -ROAD_EUSAGE for a machine that runs, a placeholder that is not
 * declared or a declared one that is not used, or when no address or pin is
 * left.
 */
ROAD_API int road_add_fragment(struct road_machine *machine,
			       struct road_fragment *fragment);

/* ------------------------------------------------------------------------
 * Devices
 */

/** enum road_irq_type - values of dt-bindings/interrupt-controller/irq.h */
enum road_irq_type {
	ROAD_IRQ_NONE = 0,
	ROAD_IRQ_EDGE_RISING = 1,
	ROAD_IRQ_EDGE_FALLING = 2,
	ROAD_IRQ_EDGE_BOTH = 3,
	ROAD_IRQ_LEVEL_HIGH = 4,
	ROAD_IRQ_LEVEL_LOW = 8,
};

/**
 * struct road_device_config - one I2C device
 * @compatible: of the devicetree node
 * @irq: type of its interrupt on a line of &gpio; ROAD_IRQ_NONE: it has none
 * @properties: further devicetree source for the node; may be NULL
 * @addr: I2C address; 0: a free one
 * @node: the node's name without the address; NULL: "device"
 */
struct road_device_config {
	const char *compatible;
	enum road_irq_type irq;
	const char *properties;
	unsigned int addr;
	const char *node;
};

/**
 * road_device_add() - a devicetree node with a chip behind it, before boot
 * @model: attached at the device's address; the interrupt's pin and polarity
 *	are connected. May be NULL (nothing answers until one is attached).
 * @out: the device; freed with the machine
 *
 * Return: 0, -ROAD_EUSAGE.
 */
ROAD_API int road_device_add(struct road_machine *machine,
			     const struct road_device_config *config,
			     struct road_i2c_chip *model,
			     struct road_device **out);

/** road_device_machine() - the machine that it belongs to. */
ROAD_API struct road_machine *
road_device_machine(const struct road_device *device);

/** road_device_addr() - the device's I2C address. */
ROAD_API unsigned int road_device_addr(const struct road_device *device);

/** road_device_pin() - line of its interrupt, -1 if it has none. */
ROAD_API int road_device_pin(const struct road_device *device);

/** road_device_path() - "/sys/bus/i2c/devices/0-0044"; valid as long as the
 *  device; NULL before boot. */
ROAD_API const char *road_device_path(const struct road_device *device);

/**
 * road_device_bind() - load the driver's module and bind it
 *
 * The module is found by the device's modalias, as udev would. If none has that
 * alias, or none of those has a driver of the bus, it is looked for by the I2C name,
 * which is the compatible without its vendor, and then among the drivers that are
 * loaded or built in: the kernel matches by name too. road_device_warning() tells.
 * With a driver that can't be bound by hand (suppress_bind_attrs) the bus probes.
 * Runs the guest.
 *
 * Return: 0; the errno of the driver's probe (deferral as -EAGAIN);
 * -ROAD_ENODRIVER when there is no driver for it, and so nothing has probed; any
 * of enum road_errno.
 */
ROAD_API int road_device_bind(struct road_device *device);

/**
 * road_device_autoloads() - would its driver be there on a real board?
 *
 * That is, has its module, or one that needs that, the alias of its devicetree
 * node, or is the driver that is bound built in. Runs the guest.
 *
 * Return: 1 or 0, any of enum road_errno.
 */
ROAD_API int road_device_autoloads(struct road_device *device);

/** road_device_warning() - what binding it brought to light that is no failure:
 *  "... does not autoload from the devicetree ...". NULL: nothing; valid as
 *  long as the device. The harness prints it with the test's result. */
ROAD_API const char *road_device_warning(const struct road_device *device);

/** road_device_unbind() - unbind its driver; one that can't be unbound by hand
 *  (suppress_bind_attrs) by unloading its module. Runs the guest. Return: 0,
 *  -ROAD_ENODRIVER when it is not bound, any of enum road_errno. */
ROAD_API int road_device_unbind(struct road_device *device);

/* ------------------------------------------------------------------------
 * Guest calls
 *
 * Each road_start_*() begins a call in a guest task of its own and returns
 * without running the guest. The plain functions below start a call, wait and
 * free it.
 */

/** What a guest call that was started hands back. All return the call, which
 *  the caller frees with road_call_destroy(); NULL on failure (message in
 *  road_machine_error()). */
ROAD_API struct road_call *
road_start_open(struct road_machine *machine, const char *path, int flags,
		mode_t mode);
ROAD_API struct road_call *
road_start_read(struct road_machine *machine, int fd, size_t len);
ROAD_API struct road_call *
road_start_pread(struct road_machine *machine, int fd, size_t len,
		 uint64_t offset);
ROAD_API struct road_call *
road_start_write(struct road_machine *machine, int fd, const void *data,
		 size_t len);
ROAD_API struct road_call *
road_start_pwrite(struct road_machine *machine, int fd, const void *data,
		  size_t len, uint64_t offset);
ROAD_API struct road_call *
road_start_read_file(struct road_machine *machine, const char *path);
ROAD_API struct road_call *
road_start_write_file(struct road_machine *machine, const char *path,
		      const void *data, size_t len);

/** struct road_pollfd - like struct pollfd of the guest. */
struct road_pollfd {
	int fd;
	short events;
	short revents;	/* filled in by road_poll(); not by road_start_poll() */
};

/** @timeout_ms: virtual; negative: no timeout. Result: number of ready
 *  descriptors; data: an int16_t of revents for each. */
ROAD_API struct road_call *
road_start_poll(struct road_machine *machine, const struct road_pollfd *fds,
		size_t num, int timeout_ms);

/**
 * struct road_ioctl_buf - memory that an ioctl works on
 * @data: read from before and written to after the ioctl
 * @len: bytes
 */
struct road_ioctl_buf {
	void *data;
	size_t len;
};

/** struct road_ioctl_ptr - "at @offset of buffer @buf store the address of
 *  buffer @target", for structures with embedded pointers (I2C_RDWR, ...) */
struct road_ioctl_ptr {
	unsigned int buf;
	size_t offset;
	unsigned int target;
};

/**
 * road_start_ioctl() - ioctl(2) in the guest
 * @bufs: buffer 0 is the ioctl's argument; @num_bufs 0: @arg itself is
 *
 * Result: the ioctl's; data: all buffers as they are afterwards, in order.
 */
ROAD_API struct road_call *
road_start_ioctl(struct road_machine *machine, int fd, unsigned long request,
		 unsigned long arg, const struct road_ioctl_buf *bufs,
		 size_t num_bufs, const struct road_ioctl_ptr *ptrs,
		 size_t num_ptrs);

/** @argv: NULL-terminated; @input: for standard input, may be NULL. Result:
 *  0, or -ROAD_EPROGRAM when it ended otherwise than by exit(0); data: uint32_t
 *  length of standard output, standard output, standard error. */
ROAD_API struct road_call *
road_start_run(struct road_machine *machine, const char *const *argv,
	       const void *input, size_t len);

/** road_call_done() - has it finished? Does not run the guest. */
ROAD_API bool road_call_done(const struct road_call *call);

/**
 * road_call_wait() - run the guest until the call has finished
 *
 * Return: 0 when it has finished, whatever its result; -ROAD_ELIMIT,
 * -ROAD_EGONE, -ROAD_EMODEL.
 */
ROAD_API int road_call_wait(struct road_call *call);

/** road_call_result() - 0 or a count, or the guest's -errno; -ROAD_EUSAGE
 *  while it runs. */
ROAD_API int64_t road_call_result(const struct road_call *call);

/** road_call_status() - of a call of road_start_run() that has finished, and ran
 *  the program: its wait status (as of waitpid(2)). -1 of any other. */
ROAD_API int road_call_status(const struct road_call *call);

/** road_call_data() - what came back; @len bytes, valid until the call is
 *  destroyed. */
ROAD_API const void *road_call_data(const struct road_call *call, size_t *len);

/** road_call_signal() - send @signo to the call's task: what blocks there
 *  returns -EINTR (SIGUSR1 has an empty handler). Runs the guest.
 *
 *  In the middle of an I2C transfer it cuts that short: the driver gets fewer
 *  messages than it asked for, the chip a STOP. See road_machine_cut(). */
ROAD_API int road_call_signal(struct road_call *call, int signo);

/**
 * road_call_end() - make a call that nobody waits for end
 *
 * Sends SIGUSR1 to its task, but not in the middle of an I2C transfer, which
 * would be cut short by it: one that is under way may end, and one that a chip
 * holds fails with -ETIMEDOUT. Runs the guest; the call is done then.
 *
 * Return: 0; -ROAD_EUSAGE when it still runs.
 */
ROAD_API int road_call_end(struct road_call *call);

/** road_call_destroy() - free it. One that still runs is left to its task,
 *  whose answer is then dropped. Accepts NULL. */
ROAD_API void road_call_destroy(struct road_call *call);

/* Plain calls. All run the guest. */

/** Return: a guest descriptor, or an error. */
ROAD_API int road_open(struct road_machine *machine, const char *path,
		       int flags, mode_t mode);
/** road_close() - close a guest descriptor. */
ROAD_API int road_close(struct road_machine *machine, int fd);
/** Return: bytes read, 0 at the end of the file, or an error. */
ROAD_API ssize_t road_read(struct road_machine *machine, int fd, void *buf,
			   size_t len);
ROAD_API ssize_t road_pread(struct road_machine *machine, int fd, void *buf,
			    size_t len, uint64_t offset);
/** Return: bytes written, or an error. */
ROAD_API ssize_t road_write(struct road_machine *machine, int fd,
			    const void *data, size_t len);
ROAD_API ssize_t road_pwrite(struct road_machine *machine, int fd,
			     const void *data, size_t len, uint64_t offset);
/** lseek(2); @whence: SEEK_SET and so on. Return: the offset from the begin of
 *  the file, or an error. */
ROAD_API int64_t road_lseek(struct road_machine *machine, int fd,
			    int64_t offset, int whence);
/** road_fd_set_name() - how messages and reports call a guest descriptor that
 *  did not come from road_open(): one that an ioctl returned (lines of GPIO,
 *  dma-buf, events). It works without, as "?". @name is copied. Return: 0,
 *  -ROAD_EUSAGE when @fd is negative, -ROAD_EGONE. */
ROAD_API int road_fd_set_name(struct road_machine *machine, int fd,
			      const char *name);
/** Return: number of ready descriptors (revents are filled in), 0 after
 *  @timeout_ms virtual milliseconds, or an error. */
ROAD_API int road_poll(struct road_machine *machine, struct road_pollfd *fds,
		       size_t num, int timeout_ms);
/** ioctl(2) with an integer argument. Return: the ioctl's result. */
ROAD_API int road_ioctl_int(struct road_machine *machine, int fd,
			    unsigned long request, unsigned long arg);
/** ioctl(2) with one structure, copied in and out. */
ROAD_API int road_ioctl(struct road_machine *machine, int fd,
			unsigned long request, void *arg, size_t len);
/** ioctl(2) with embedded pointers; see road_start_ioctl(). */
ROAD_API int road_ioctl_bufs(struct road_machine *machine, int fd,
			     unsigned long request,
			     const struct road_ioctl_buf *bufs,
			     size_t num_bufs, const struct road_ioctl_ptr *ptrs,
			     size_t num_ptrs);

/** A whole file in one round trip. At most @size - 1 bytes are stored, and a
 *  NUL behind them; a longer file gives -ROAD_ESIZE. Return: bytes, or an error. */
ROAD_API ssize_t road_read_file(struct road_machine *machine, const char *path,
				char *buf, size_t size);
/** The same, without its trailing newline, into memory that the caller
 *  frees. @len may be NULL. Return: 0 or an error. */
ROAD_API int road_read_file_alloc(struct road_machine *machine,
				  const char *path, char **data, size_t *len);
/** open(O_WRONLY | O_TRUNC), one write(), close in one round trip. Return: 0
 *  or an error. */
ROAD_API int road_write_file(struct road_machine *machine, const char *path,
			     const char *text);
ROAD_API int road_write_file_data(struct road_machine *machine,
				  const char *path, const void *data,
				  size_t len);
/** road_put() - create @path in the guest, with its directories. */
ROAD_API int road_put(struct road_machine *machine, const char *path,
		      const void *data, size_t len, mode_t mode);

/** struct road_stat - of a file in the guest */
struct road_stat {
	uint32_t mode;
	uint32_t uid, gid;
	uint64_t size;
	uint64_t rdev;
	uint64_t ino;
	uint64_t nlink;
	int64_t mtime_ns;
};

/** @follow: like stat(2); else lstat(2). */
ROAD_API int road_stat(struct road_machine *machine, const char *path,
		       bool follow, struct road_stat *out);
/** Target of a symbolic link, NUL-terminated. Return: 0 or an error
 *  (-ROAD_ESIZE when it does not fit). */
ROAD_API int road_readlink(struct road_machine *machine, const char *path,
			   char *buf, size_t size);
/** Names in a directory, sorted, without "." and "..": NUL-terminated strings
 *  one after the other, an empty one last. The caller frees @names. */
ROAD_API int road_list(struct road_machine *machine, const char *path,
		       char **names);
/** Paths that match a glob(7) pattern, in the same form. */
ROAD_API int road_glob(struct road_machine *machine, const char *pattern,
		       char **paths);
/** mkdir(2), unlink(2), mount(2), umount(2) in the guest. Return: 0 or an
 *  error. */
ROAD_API int road_mkdir(struct road_machine *machine, const char *path,
			mode_t mode);
ROAD_API int road_unlink(struct road_machine *machine, const char *path);
ROAD_API int road_mount(struct road_machine *machine, const char *source,
			const char *target, const char *type,
			unsigned long flags, const char *data);
ROAD_API int road_umount(struct road_machine *machine, const char *target);

/**
 * road_module_load() - load a module by name or alias, dependencies first
 * @params: "a=1 b=2" for the module itself; may be NULL
 *
 * Return: 0, also when it is loaded already (unless @params are given:
 * -EEXIST, or -ROAD_EUSAGE when it is built in); -ROAD_ENODRIVER when the kernel in use has no such module; the errno of
 * the module's init.
 */
ROAD_API int road_module_load(struct road_machine *machine, const char *name,
			      const char *params);
/** Return: 0; -ENOENT when it is not loaded; -EWOULDBLOCK when it is in use. */
ROAD_API int road_module_unload(struct road_machine *machine,
				const char *name);

/** struct road_output - of a program that ran in the guest; free both. */
struct road_output {
	char *out, *err;	/* NUL-terminated */
	size_t out_len, err_len;
	int status;		/* as of waitpid(2); 0: it exited with 0 */
};

/** Return: 0; -ROAD_EPROGRAM when it ended otherwise than by exit(0): @output
 *  is filled in then too; or another error. @output may be NULL. */
ROAD_API int road_run(struct road_machine *machine, const char *const *argv,
		      const void *input, size_t len,
		      struct road_output *output);

/** Stacks of the agent's tasks and of every blocked task, as text that the
 *  caller frees. */
ROAD_API int road_stacks(struct road_machine *machine, char **text);

/* ------------------------------------------------------------------------
 * GPIO lines of the board (&gpio), 0 to 127
 */

/** How many lines there are: one for an interrupt of each address of a bus. */
#define ROAD_NUM_LINES 128

/** enum road_direction - who drives a line */
enum road_direction {
	ROAD_DIR_NONE,		/* the guest has not claimed the line */
	ROAD_DIR_OUT,		/* the guest drives it */
	ROAD_DIR_IN,		/* the guest listens to it */
};

/** road_line_set() - drive a line from the board's side. @level: 0 or 1.
 *  Does not run the guest: an interrupt is taken when it runs next. Return:
 *  0, -ROAD_EUSAGE for a line that does not exist or that the guest drives. */
ROAD_API int road_line_set(struct road_machine *machine, unsigned int line,
			   int level);
/** road_line_get() - level of a line, whoever drives it: 0 or 1. */
ROAD_API int road_line_get(const struct road_machine *machine,
			   unsigned int line);
/** road_line_direction() - who drives the line. */
ROAD_API enum road_direction
road_line_direction(const struct road_machine *machine, unsigned int line);
/** road_line_irqs() - interrupts that were delivered on the line so far. */
ROAD_API uint64_t road_line_irqs(const struct road_machine *machine,
				 unsigned int line);

/* ------------------------------------------------------------------------
 * Kernel log and oracles
 */

/** road_log_mark() - a position in the kernel log: its end, now. A log that is
 *  full loses its lines to the next test, and marks of them mean nothing. */
ROAD_API size_t road_log_mark(const struct road_machine *machine);
/** road_log_boot_mark() - where the boot ends: behind the lines that came
 *  before the agent was ready; 0 before that. */
ROAD_API size_t road_log_boot_mark(const struct road_machine *machine);
/** road_log_since() - the lines since @mark, each as "[seconds.nanoseconds]
 *  text\n" with the host's virtual time. NUL-terminated; the caller frees. */
ROAD_API char *road_log_since(const struct road_machine *machine, size_t mark);

/** road_log_test_mark() - where the reports begin that the test which runs, or
 *  ran last, answers for: behind those that the test before was asked about. */
ROAD_API size_t road_log_test_mark(const struct road_machine *machine);

/**
 * struct road_report - a report of the kernel about a bug
 * @time: virtual ns of its first line
 * @kind: "WARNING", "BUG", "oops" (a fault, a division by zero), "panic",
 *	"KASAN", "KFENCE", "UBSAN", "slab" (its redzones and poison), "refcount",
 *	"list", "ODEBUG", "lockdep", "RCU", "atomic" (it sleeps where it must
 *	not), "hang", "interrupt" (nobody cared), "memory", "sysfs", "leak"
 * @text: all its lines, each with a newline
 * @stack: frames that are certain, the innermost first, each
 *	"function+0x1/0x20 [module]\n" or without a module
 * @file: source file that its first line names, else ""
 * @line: in that file; 0: not known
 * @function: which its first line names; else where the processor stood; else
 *	the first of the stack that does not belong to the reporting; or ""
 * @module: of that function, or of the first one of the stack that is in a
 *	module; "" if none is
 * @expected: road_expect_log() asked for it
 *
 * All is as the kernel wrote it; it may be wrong about a function that never
 * returns.
 */
struct road_report {
	uint64_t time;
	const char *kind;
	char *text, *stack, *file, *function, *module;
	int line;
	bool expected;
};

/**
 * road_report_next() - the first report behind a position of the log
 * @mark: road_log_test_mark() or another one; behind the report then
 *
 * Works on a machine that has ended, too, and after road_test_end(). A report
 * that is judged so is no less a failure of a test: see road_expect_log(). The
 * caller frees what is in @report with road_report_deinit().
 *
 * Return: 1; 0 when there is none; -ROAD_ENOMEM.
 */
ROAD_API int road_report_next(struct road_machine *machine, size_t *mark,
			      struct road_report *report);
/** road_report_deinit() - free what is in it. */
ROAD_API void road_report_deinit(struct road_report *report);

/**
 * road_expect_log() - a kernel report that this test wants
 * @regex: POSIX extended; matched against each line since the test's begin
 *
 * A report whose first lines match is no failure then; if none comes until
 * road_test_end(), that is one. A guest that ends with such a report has ended
 * as expected. Return: 0; -ROAD_EUSAGE for a bad @regex.
 */
ROAD_API int road_expect_log(struct road_machine *machine, const char *regex);

/**
 * road_expect_logged() - the same for reports that are there already
 * @regex: as of road_expect_log()
 * @mark: of road_log_mark(): those behind it. What comes from now on is a
 *	failure as ever.
 */
ROAD_API int road_expect_logged(struct road_machine *machine,
				const char *regex, size_t mark);

/** road_test_begin() - cut the log and the expectations for a new test, and
 *  note its name in the trace. */
ROAD_API void road_test_begin(struct road_machine *machine, const char *name);

/** What road_aftermath() takes behind a test, and at a machine's end. */
#define ROAD_AFTER_TEST_NS	(10 * ROAD_S)
#define ROAD_AFTER_ALL_NS	(60 * ROAD_S)

/**
 * road_aftermath() - let time pass until what a driver left behind has run
 * @ns: so long after a driver or module had last come or gone
 *
 * A timer, a work item or a thread that a driver forgot to cancel runs later,
 * with memory or code that is gone. What it does belongs to the test that unbound
 * or unloaded, so this comes behind that and before road_test_end(). Runs the
 * guest; no time passes if none came or went on this machine, or if it is over
 * already. A driver that is still bound and polls makes it shorter:
 * some thousand messages are enough. The C harness calls it at the end of each test.
 *
 * Return: 0; -ROAD_EGONE or -ROAD_EMODEL when that time has shown something;
 * any of enum road_errno.
 */
ROAD_API int road_aftermath(struct road_machine *machine, uint64_t ns);

/**
 * road_leaks() - has a driver lost memory?
 *
 * On a kernel of the flavour "check", which has kmemleak: scans, and tells what
 * drivers have asked for and nothing points to any more. Comes behind road_aftermath(),
 * since memory that is younger than five seconds is not looked at. Each leak is
 * told again by each later call. Runs the guest, for some ten milliseconds of
 * wall time and no virtual time; does nothing if no driver came or went on this
 * machine, or on another kernel. The C harness calls it at the end of each test.
 *
 * Return: 0; -ROAD_EORACLE with the size and the backtrace of each leak, or
 * when kmemleak has switched itself off; any of enum road_errno.
 */
ROAD_API int road_leaks(struct road_machine *machine);

/**
 * road_test_end() - settle, then ask the oracles
 *
 * Runs the guest. Return: 0; -ROAD_EORACLE (a report that nobody expected, or
 * an expected one that did not come; the message has the log slice. Or a fault
 * that was injected and has not struck); -ROAD_EMODEL; -ROAD_EGONE.
 */
ROAD_API int road_test_end(struct road_machine *machine);

/**
 * road_faults_end() - have all injected faults struck?
 *
 * Those that have not, and were not cancelled, are forgotten. For what undoes
 * a test before its end: an undo must not meet them. Return: 0, or
 * -ROAD_EORACLE with a message that names them.
 */
ROAD_API int road_faults_end(struct road_machine *machine);

/**
 * road_test_end_gone() - the same of a machine whose end was told already
 *
 * Does not return -ROAD_EGONE: the reports of the kernel are looked at that are
 * no part of the crash. Of a machine that is up it is road_test_end().
 */
ROAD_API int road_test_end_gone(struct road_machine *machine);

/** road_end_expected() - has the machine ended by a crash whose report the test
 *  expects (road_expect_log())? */
ROAD_API bool road_end_expected(struct road_machine *machine);

/** enum road_step - what a step of a test is about */
enum road_step {
	ROAD_STEP_BEGIN,	/* a part of the test begins */
	ROAD_STEP_END,		/* it has ended */
	ROAD_STEP_FAILED,	/* an assertion did not hold */
	ROAD_STEP_LOG,		/* the test says something */
	ROAD_STEP_TEST,		/* the machine is made for the test of this
				 * name, which road_test_begin() will give */
};

/**
 * road_test_step() - say in the reports of a run what the test does
 * @text: which part, or what is wrong
 * @file, @line: where; NULL and 0: not known
 *
 * The step gets the virtual time of now. Costs nothing, and does nothing, in a
 * run without reports. The C harness calls it for each assertion that fails.
 */
ROAD_API void road_test_step(struct road_machine *machine, enum road_step step,
			     const char *text, const char *file, int line);

/* ------------------------------------------------------------------------
 * Trace: what crossed the board's edge
 */

/** enum road_record_type - what an entry of the trace is about */
enum road_record_type {
	ROAD_REC_I2C = 1,	/* one message of a transaction */
	ROAD_REC_REG,		/* a register access inside it */
	ROAD_REC_LINE,		/* a line changed its level */
	ROAD_REC_DIRECTION,	/* the guest changed a line's direction */
	ROAD_REC_IRQ_TYPE,	/* the guest set a line's interrupt type */
	ROAD_REC_IRQ,		/* an interrupt was delivered */
	ROAD_REC_TIMER,		/* a timer of a model or test ran */
	ROAD_REC_NOTE,		/* the begin of a test, a test's own note */
};

/** Flags of a record: the guest read; the guest drives the line. */
#define ROAD_REC_F_READ		(1U << 0)
#define ROAD_REC_F_GUEST	(1U << 1)

/**
 * struct road_record - one entry of the trace
 * @time: virtual nanoseconds
 * @type: says which of the fields below hold
 * @flags: ROAD_REC_F_*
 * @start: when the bus began with it: START or repeated START (I2C)
 * @transaction: number of the bus transaction, from 1; I2C and REG
 * @addr: I2C address (I2C, REG) or line (LINE, DIRECTION, IRQ_TYPE, IRQ)
 * @reg: register's address (REG)
 * @value: register's value, line's level, direction, interrupt type
 * @status: 0, or -errno of a transfer that the chip did not take (I2C)
 * @len: bytes in @data (I2C)
 * @data: what went over the bus (I2C)
 * @name: chip (I2C), register (REG), timer (TIMER), text (NOTE); may be NULL
 */
struct road_record {
	uint64_t time;
	uint64_t start;
	uint8_t type;
	uint8_t flags;
	uint16_t addr;
	uint32_t transaction;
	uint32_t reg;
	uint32_t value;
	int32_t status;
	uint32_t len;
	const uint8_t *data;
	const char *name;
};

/** road_trace_count() - records so far. */
ROAD_API size_t road_trace_count(const struct road_machine *machine);
/** road_trace_get() - record @i, valid until the machine is destroyed; NULL
 *  behind the end. */
ROAD_API const struct road_record *
road_trace_get(const struct road_machine *machine, size_t i);
/** road_trace_note() - a note of the test in the trace. */
ROAD_API void road_trace_note(struct road_machine *machine, const char *text);
/** road_trace_text() - records @from to the end as lines of text; the caller
 *  frees. */
ROAD_API char *road_trace_text(const struct road_machine *machine,
			       size_t from);
/** road_trace_json() - the same as JSON Lines. */
ROAD_API char *road_trace_json(const struct road_machine *machine,
			       size_t from);

#ifdef __cplusplus
}
#endif

#endif /* ROADTEST_H */
