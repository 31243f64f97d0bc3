/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * uml.h - start and end the guest's kernel, and keep a directory for it
 */
#ifndef LIB_UML_H
#define LIB_UML_H

#include "error.h"

#include <sys/types.h>

struct uml {
	char *dir;		/* /dev/shm/roadtest-XXXXXX, the machine's own */
	int lock_fd;		/* held as long as the directory is in use */
	pid_t pid;		/* of the kernel, 0: none */
	int pidfd;
	int console_fd;		/* what the kernel prints */
	pid_t guard;		/* cleans up behind us, 0: none */
	int guard_fd;		/* the guard acts when this is closed */
	bool pinned;		/* the caller's CPU mask was changed */
	uint64_t cpus[16];	/* what it was, a cpu_set_t */
};

/*
 * struct uml_config - how to start it
 * @image: path of the kernel
 * @dtb: path of the devicetree blob
 * @calendar: path of the calendar's socket
 * @mem_mib: memory
 * @seed: for the guest's random numbers
 * @seccomp: the kernel has seccomp=on
 * @pin: run kernel and caller on one processor
 * @autoprobe: leave it on
 * @args: more of the command line, or NULL
 */
struct uml_config {
	const char *image;
	const char *dtb;
	const char *calendar;
	unsigned int mem_mib;
	uint64_t seed;
	bool seccomp;
	bool pin;
	bool autoprobe;
	const char *args;
};

void uml_init(struct uml *uml);
/* Make the work directory with the guest's root below it; remove those that
 * earlier runs left behind. */
int uml_make_dir(struct uml *uml, struct road_error *error);
int uml_start(struct uml *uml, const struct uml_config *config,
	      struct road_error *error);
/* Kill what runs. The directory stays. Accepts one that never started. */
void uml_kill(struct uml *uml);
/* Kill, and remove the directory unless @keep. */
void uml_deinit(struct uml *uml, bool keep);
/* How it ended, as text for a message: "exited with status 1". Reaps it if
 * it ends within @timeout_ms. */
int uml_describe_end(struct uml *uml, int timeout_ms, char *buf, size_t size);

/* Path of one of our own programs (roadtest-agent, ...); to be freed. NULL:
 * not found, with a message. */
char *uml_find_helper(const char *name, struct road_error *error);

#endif /* LIB_UML_H */
