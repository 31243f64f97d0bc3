// SPDX-License-Identifier: LGPL-2.1-or-later
/* ops-dir.c - operations on names: stat, links, directories, mounts */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent.h"

static int64_t dir_result(int64_t result)
{
	return result < 0 ? -errno : result;
}

int64_t op_stat(struct request *request, struct buffer *out)
{
	const char *path = request_text(request);
	struct proto_stat reply;
	struct stat st;

	if (!path)
		return -EBADMSG;
	if (request->header->arg[0] ? stat(path, &st) : lstat(path, &st))
		return -errno;
	reply = (struct proto_stat){
		.mode = st.st_mode,
		.uid = st.st_uid,
		.gid = st.st_gid,
		.size = st.st_size,
		.rdev = st.st_rdev,
		.ino = st.st_ino,
		.nlink = st.st_nlink,
		.mtime_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 +
			    st.st_mtim.tv_nsec,
	};
	return dir_result(buffer_add(out, &reply, sizeof(reply)));
}

int64_t op_readlink(struct request *request, struct buffer *out)
{
	const char *path = request_text(request);
	ssize_t len;
	char *to;

	if (!path)
		return -EBADMSG;
	to = buffer_reserve(out, PROTO_MAX_PATH);
	if (!to)
		return -errno;
	len = readlink(path, to, PROTO_MAX_PATH);
	if (len < 0)
		return -errno;
	out->len += len;
	return len;
}

static bool is_dot(const char *name)
{
	return name[0] == '.' &&
	       (!name[1] || (name[1] == '.' && !name[2]));
}

int64_t op_list(struct request *request, struct buffer *out)
{
	const char *path = request_text(request);
	struct dirent *entry;
	int64_t result = 0;
	DIR *dir;

	if (!path)
		return -EBADMSG;
	dir = opendir(path);
	if (!dir)
		return -errno;
	while (!result) {
		errno = 0;
		entry = readdir(dir);
		if (!entry) {
			result = -errno;
			break;
		}
		if (!is_dot(entry->d_name))
			result = dir_result(buffer_add_text(out,
							    entry->d_name));
	}
	closedir(dir);
	return result;
}

/*
 * A small glob(): the C library's drags in the user database for "~", which
 * does not go into a static binary. @path holds what was matched so far.
 */
struct glob {
	char path[PROTO_MAX_PATH];
	struct buffer *out;
};

static int64_t glob_walk(struct glob *glob, size_t len, const char *pattern);

/* Go on with @name behind the first @len bytes of the path. */
static int64_t glob_descend(struct glob *glob, size_t len, const char *name,
			    size_t name_len, const char *rest)
{
	struct stat st;

	if (len + name_len + 2 > sizeof(glob->path))
		return -ENAMETOOLONG;
	memcpy(glob->path + len, name, name_len);
	len += name_len;
	glob->path[len] = '\0';
	if (*rest) {
		while (*rest == '/')
			rest++;
		glob->path[len++] = '/';
		glob->path[len] = '\0';
		return glob_walk(glob, len, rest);
	}
	if (lstat(glob->path, &st))
		return 0;
	return dir_result(buffer_add_text(glob->out, glob->path));
}

static int64_t glob_match(struct glob *glob, size_t len, const char *part,
			  const char *rest)
{
	DIR *dir = opendir(len ? glob->path : ".");
	struct dirent *entry;
	int64_t result = 0;

	/* What is not there or no directory does not match. */
	if (!dir)
		return 0;
	while (!result && (entry = readdir(dir)))
		if (!is_dot(entry->d_name) &&
		    !fnmatch(part, entry->d_name, FNM_PERIOD))
			result = glob_descend(glob, len, entry->d_name,
					      strlen(entry->d_name), rest);
	closedir(dir);
	return result;
}

static int64_t glob_walk(struct glob *glob, size_t len, const char *pattern)
{
	size_t part_len = strcspn(pattern, "/");
	const char *rest = pattern + part_len;
	char part[256];

	/* A pattern that ends with '/': the directory itself. */
	if (!*pattern)
		return glob_descend(glob, len, "", 0, "");
	if (part_len >= sizeof(part))
		return -ENAMETOOLONG;
	memcpy(part, pattern, part_len);
	part[part_len] = '\0';
	if (!strpbrk(part, "*?[\\"))
		return glob_descend(glob, len, part, part_len, rest);
	return glob_match(glob, len, part, rest);
}

int64_t op_glob(struct request *request, struct buffer *out)
{
	const char *pattern = request_text(request);
	struct glob glob = { .out = out };
	size_t len = 0;

	if (!pattern)
		return -EBADMSG;
	if (*pattern == '/') {
		glob.path[len++] = '/';
		while (*pattern == '/')
			pattern++;
	}
	return glob_walk(&glob, len, pattern);
}

int64_t op_mkdir(struct request *request, struct buffer *out)
{
	const char *path = request_text(request);

	if (!path)
		return -EBADMSG;
	return dir_result(mkdir(path, (mode_t)request->header->arg[0]));
}

int64_t op_unlink(struct request *request, struct buffer *out)
{
	const char *path = request_text(request);

	if (!path)
		return -EBADMSG;
	if (!unlink(path))
		return 0;
	return dir_result(errno == EISDIR ? rmdir(path) : -1);
}

int64_t op_mount(struct request *request, struct buffer *out)
{
	const char *source = request_text(request);
	const char *target = request_text(request);
	const char *type = request_text(request);
	const char *data = request_text(request);

	if (!source || !target || !type || !data)
		return -EBADMSG;
	return dir_result(mount(source, target, type, request->header->arg[0],
				data));
}

int64_t op_umount(struct request *request, struct buffer *out)
{
	const char *path = request_text(request);

	if (!path)
		return -EBADMSG;
	return dir_result(umount(path));
}

/* Without a sync: nothing is kept. */
int64_t op_reboot(struct request *request, struct buffer *out)
{
	return reboot((int)request->header->arg[0]) ? -errno : 0;
}
