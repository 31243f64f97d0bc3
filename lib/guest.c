// SPDX-License-Identifier: LGPL-2.1-or-later
/* guest.c - guest calls on names: stat, directories, mounts */
#include "guest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "machine.h"

/* A call whose payload is texts and whose answer is only its result. */
static int guest_names(struct road_machine *machine, enum proto_op op,
		       uint64_t arg, const char *verb, const char *path)
{
	const struct call_part parts[] = { guest_text(path) };
	const struct call_request request = {
		.op = op, .arg = { arg },
		.parts = parts, .num_parts = NUM_PARTS(parts),
	};

	return call_finish(machine,
			   call_start(machine, &request, "%s %s", verb, path));
}

int road_stat(struct road_machine *machine, const char *path, bool follow,
	      struct road_stat *out)
{
	const struct call_part parts[] = { guest_text(path) };
	const struct call_request request = {
		.op = PROTO_STAT, .arg = { follow },
		.parts = parts, .num_parts = NUM_PARTS(parts),
		.max_data = sizeof(struct proto_stat), .check = CALL_EXACT,
	};
	struct road_call *call;
	struct proto_stat st;
	int64_t result;

	call = call_start(machine, &request, "%s %s", follow ? "stat" : "lstat",
			  path);
	result = call_result(machine, call);
	if (result >= 0) {
		memcpy(&st, call->data, sizeof(st));
		*out = (struct road_stat){
			.mode = st.mode, .uid = st.uid, .gid = st.gid,
			.size = st.size, .rdev = st.rdev, .ino = st.ino,
			.nlink = st.nlink, .mtime_ns = st.mtime_ns,
		};
	}
	road_call_destroy(call);
	return result;
}

int road_readlink(struct road_machine *machine, const char *path, char *buf,
		  size_t size)
{
	const struct call_part parts[] = { guest_text(path) };
	const struct call_request request = {
		.op = PROTO_READLINK,
		.parts = parts, .num_parts = NUM_PARTS(parts),
		.max_data = PROTO_MAX_PATH, .check = CALL_COUNTED,
	};
	struct road_call *call = call_start(machine, &request, "readlink %s",
					    path);
	int64_t result = call_result(machine, call);

	if (result >= 0 && result >= (int64_t)size) {
		result = machine_error(machine, -ROAD_ESIZE,
				       "readlink %s: the target has %lld bytes, the buffer only %zu",
				       path, (long long)result, size);
	} else if (result >= 0) {
		memcpy(buf, call->data, result);
		buf[result] = '\0';
		result = 0;
	}
	road_call_destroy(call);
	return result;
}

/* ---- lists of names */

static int name_cmp(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Sort NUL-terminated strings that stand one behind the other; the last byte
 * of the @len is a NUL. Return: the same, an empty one last; NULL when out of
 * memory. */
static char *sort_names(const char *data, size_t len)
{
	size_t num = 0, i, n;
	const char **names;
	char *sorted, *to;

	for (i = 0; i < len; i++)
		num += !data[i];
	names = calloc(num + 1, sizeof(*names));
	sorted = to = malloc(len + 1);
	if (!names || !sorted) {
		free(names);
		free(sorted);
		return NULL;
	}
	for (i = 0; i < num; i++) {
		names[i] = data;
		data += strlen(data) + 1;
	}
	qsort(names, num, sizeof(*names), name_cmp);
	for (i = 0; i < num; i++) {
		n = strlen(names[i]) + 1;
		memcpy(to, names[i], n);
		to += n;
	}
	*to = '\0';
	free(names);
	return sorted;
}

static int guest_list(struct road_machine *machine, enum proto_op op,
		      const char *verb, const char *path, char **names)
{
	const struct call_part parts[] = { guest_text(path) };
	const struct call_request request = {
		.op = op,
		.parts = parts, .num_parts = NUM_PARTS(parts),
		.max_data = PROTO_MAX_DATA,
	};
	struct road_call *call = call_start(machine, &request, "%s %s", verb,
					    path);
	int64_t result = call_result(machine, call);
	char *sorted;

	if (result >= 0 && call->len && call->data[call->len - 1]) {
		result = machine_error(machine, -ROAD_EPROTO,
				       "%s %s: the answer is no list", verb,
				       path);
	} else if (result >= 0) {
		sorted = sort_names(call->data, call->len);
		if (sorted)
			*names = sorted;
		result = sorted ? 0 : err_nomem(machine_error_of(machine));
	}
	road_call_destroy(call);
	return result;
}

int road_list(struct road_machine *machine, const char *path, char **names)
{
	return guest_list(machine, PROTO_LIST, "list", path, names);
}

int road_glob(struct road_machine *machine, const char *pattern, char **paths)
{
	return guest_list(machine, PROTO_GLOB, "glob", pattern, paths);
}

/* ---- making and removing */

int road_mkdir(struct road_machine *machine, const char *path, mode_t mode)
{
	return guest_names(machine, PROTO_MKDIR, mode, "mkdir", path);
}

int road_unlink(struct road_machine *machine, const char *path)
{
	return guest_names(machine, PROTO_UNLINK, 0, "unlink", path);
}

int road_mount(struct road_machine *machine, const char *source,
	       const char *target, const char *type, unsigned long flags,
	       const char *data)
{
	const struct call_part parts[] = {
		guest_text(source ? source : "none"), guest_text(target),
		guest_text(type ? type : ""), guest_text(data ? data : ""),
	};
	const struct call_request request = {
		.op = PROTO_MOUNT, .arg = { flags },
		.parts = parts, .num_parts = NUM_PARTS(parts),
	};

	return call_finish(machine,
			   call_start(machine, &request, "mount %s on %s",
				      type ? type : "", target));
}

int road_umount(struct road_machine *machine, const char *target)
{
	return guest_names(machine, PROTO_UMOUNT, 0, "umount", target);
}
