// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * devicetree.c - the board's devicetree: what is on it, and its source
 *
 * The source that dtc gets is the base tree and then the fragments, each
 * behind a mark that names it and the line at which it stands in the test's
 * file. cpp runs only if a fragment has a directive: it takes longer than dtc.
 *
 * The tools' messages are put right in dt-message.c; questions to the finished
 * tree are in dt-query.c.
 */
#include "devicetree.h"
#include "dt-fragment.h"
#include "dt-message.h"
#include "tool.h"

#include "base-dts.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libfdt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ADDR_FIRST 0x08		/* those below, and from 0x78 on, are */
#define ADDR_LAST 0x77		/* reserved by the I2C specification */
#define BLOB_MAX (1024 * 1024)

void dt_init(struct dt *dt, uint64_t seed)
{
	*dt = (struct dt){ .random = seed };
}

void dt_deinit(struct dt *dt)
{
	size_t i;

	for (i = 0; i < dt->num_fragments; i++)
		dt_fragment_deinit(&dt->fragments[i]);
	free(dt->fragments);
	free(dt->blob);
	*dt = (struct dt){ 0 };
}

/* ------------------------------------------------------------------------
 * Addresses and lines
 */

/* Which of @num free ones to take: the first for seed 0, else a random one by
 * splitmix64 (public domain, S. Vigna). */
static unsigned int dt_pick(struct dt *dt, unsigned int num)
{
	uint64_t z;

	if (!dt->random)
		return 0;
	dt->random += 0x9e3779b97f4a7c15;
	z = dt->random;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	z ^= z >> 31;
	return z % num;
}

static bool addr_used(const struct dt *dt, unsigned int addr)
{
	return dt->addrs_used[addr / 8] & 1U << addr % 8;
}

static bool line_used(const struct dt *dt, unsigned int line)
{
	return dt->lines_used[line / 8] & 1U << line % 8;
}

/* A number from @first to @last that is not @used, -1 if there is none. */
static int dt_pick_free(struct dt *dt, unsigned int first, unsigned int last,
			bool (*used)(const struct dt *dt, unsigned int n))
{
	unsigned int free_num = 0, n, skip;

	for (n = first; n <= last; n++)
		free_num += !used(dt, n);
	if (!free_num)
		return -1;
	skip = dt_pick(dt, free_num);
	for (n = first; used(dt, n) || skip; n++)
		skip -= !used(dt, n);
	return n;
}

int dt_alloc_addr(struct dt *dt, unsigned int *value, struct road_error *error)
{
	int addr = *value;

	if (*value > 0x7f)
		return err_set(error, -ROAD_EUSAGE,
			       "I2C address 0x%x does not fit in 7 bits",
			       *value);
	if (!addr)
		addr = dt_pick_free(dt, ADDR_FIRST, ADDR_LAST, addr_used);
	if (addr < 0)
		return err_set(error, -ROAD_EUSAGE, "no I2C address is free");
	if (addr_used(dt, addr))
		return err_set(error, -ROAD_EUSAGE,
			       "I2C address 0x%02x is taken", addr);
	dt->addrs_used[addr / 8] |= 1U << addr % 8;
	*value = addr;
	return 0;
}

int dt_alloc_line(struct dt *dt, int *value, struct road_error *error)
{
	int line = *value;

	if (line < -1 || line >= ROAD_NUM_LINES)
		return err_set(error, -ROAD_EUSAGE,
			       "there is no GPIO line %d: they go from 0 to %d",
			       line, ROAD_NUM_LINES - 1);
	if (line < 0)
		line = dt_pick_free(dt, 0, ROAD_NUM_LINES - 1, line_used);
	if (line < 0)
		return err_set(error, -ROAD_EUSAGE, "no GPIO line is free");
	if (line_used(dt, line))
		return err_set(error, -ROAD_EUSAGE, "GPIO line %d is taken",
			       line);
	dt->lines_used[line / 8] |= 1U << line % 8;
	*value = line;
	return 0;
}

static int dt_alloc_var(struct dt *dt, enum road_var_type type,
			unsigned int *value, struct road_error *error)
{
	int line = -1, ret;

	*value = 0;
	if (type == ROAD_VAR_I2C_ADDR)
		return dt_alloc_addr(dt, value, error);
	ret = dt_alloc_line(dt, &line, error);
	*value = line;
	return ret;
}

/* ------------------------------------------------------------------------
 * Fragments
 */

/* All that can fail; on failure the caller takes the allocations back. */
static int dt_add_checked(struct dt *dt, const struct road_fragment *src,
			  unsigned int *values, struct road_error *error)
{
	struct dt_fragment *fragments;
	size_t i;
	int ret;

	for (i = 0; i < src->num_vars; i++) {
		ret = dt_alloc_var(dt, src->vars[i].type, &values[i], error);
		if (ret)
			return err_prefix(error, "$%s$", src->vars[i].name);
	}
	fragments = reallocarray(dt->fragments, dt->num_fragments + 1,
				 sizeof(*fragments));
	if (!fragments)
		return err_nomem(error);
	dt->fragments = fragments;
	ret = dt_fragment_init(&fragments[dt->num_fragments], src, values,
			       error);
	if (ret)
		return ret;
	dt->num_fragments++;
	return 0;
}

int dt_add_fragment(struct dt *dt, struct road_fragment *fragment,
		    struct road_error *error)
{
	struct dt before = *dt;
	unsigned int *values;
	size_t i;
	int ret;

	ret = dt_fragment_check(fragment, error);
	if (ret)
		return ret;
	values = calloc(fragment->num_vars + 1, sizeof(*values));
	if (!values)
		return err_nomem(error);
	ret = dt_add_checked(dt, fragment, values, error);
	if (ret) {
		memcpy(dt->addrs_used, before.addrs_used,
		       sizeof(dt->addrs_used));
		memcpy(dt->lines_used, before.lines_used,
		       sizeof(dt->lines_used));
		dt->random = before.random;
	}
	for (i = 0; !ret && i < fragment->num_vars; i++)
		fragment->vars[i].value = values[i];
	free(values);
	return ret;
}

/* ------------------------------------------------------------------------
 * Source and tools
 */

static int dt_tool_error(const struct dt *dt, const char *tool, int status,
			 const char *output, struct road_error *error)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return err_nomem(error);
	dt_message_rewrite(dt, out, output);
	if (ferror(out) | fclose(out)) {
		free(text);
		return err_nomem(error);
	}
	while (len && text[len - 1] == '\n')
		text[--len] = '\0';
	if (len)
		err_set(error, -ROAD_EDEVICETREE,
			"the devicetree does not compile:\n%s", text);
	else
		err_set(error, -ROAD_EDEVICETREE,
			"%s failed with status %d and said nothing", tool,
			status);
	free(text);
	return -ROAD_EDEVICETREE;
}

/* The base tree, with the directory as the inside of a string of dtc. */
static void dt_write_base(FILE *out, const char *sock_dir)
{
	static const char mark[] = "$sockets$";
	const char *s = base_dts, *next, *c;

	fputs("#line 1 \"base.dts\"\n", out);
	for (; (next = strstr(s, mark)); s = next + strlen(mark)) {
		fwrite(s, 1, next - s, out);
		for (c = sock_dir; *c; c++) {
			if (strchr("\"\\", *c))
				fputc('\\', out);
			fputc(*c, out);
		}
	}
	fputs(s, out);
}

static int dt_write_source(const struct dt *dt, const char *sock_dir,
			   const char *path, struct road_error *error)
{
	FILE *out = fopen(path, "we");
	size_t i;

	if (!out)
		return err_set(error, -ROAD_EHOST, "%s: %s", path,
			       strerror(errno));
	dt_write_base(out, sock_dir);
	for (i = 0; i < dt->num_fragments; i++)
		fprintf(out, "\n#line %d \"%s%zu\"\n%s",
			dt->fragments[i].line, DT_FRAGMENT_MARK, i, dt->fragments[i].text);
	fputc('\n', out);
	if (ferror(out) | fclose(out))
		return err_set(error, -ROAD_EHOST, "%s: can't write", path);
	return 0;
}

static int dt_run(const struct dt *dt, const char *const *argv,
		  const char *package, struct road_error *error)
{
	char *output = NULL;
	int ret = tool_run(argv, &output, error);

	if (ret < 0)
		err_append(error, " (it is in the package %s)", package);
	else if (ret > 0)
		ret = dt_tool_error(dt, argv[0], ret, output, error);
	free(output);
	return ret;
}

static int dt_run_cpp(const struct dt *dt, const char *include,
		      const char *in, const char *out,
		      struct road_error *error)
{
	const char *const argv[] = {
		"cpp", "-nostdinc", "-undef", "-D__DTS__", "-I", include,
		"-x", "assembler-with-cpp", "-fno-diagnostics-show-caret",
		"-o", out, in, NULL
	};

	return dt_run(dt, argv, "cpp", error);
}

static int dt_run_dtc(const struct dt *dt, const char *in, const char *out,
		      struct road_error *error)
{
	const char *const argv[] = {
		"dtc", "-q", "-I", "dts", "-O", "dtb", "-o", out, in, NULL
	};

	return dt_run(dt, argv, "device-tree-compiler", error);
}

/* The file @path, malloc()ed, if it is a devicetree blob. */
static int dt_load(int fd, const char *path, void **out,
		   struct road_error *error)
{
	struct stat st;
	void *blob;

	if (fd < 0 || fstat(fd, &st))
		return err_set(error, -ROAD_EHOST, "%s: %s", path,
			       strerror(errno));
	if (st.st_size <= 0 || st.st_size > BLOB_MAX)
		return err_set(error, -ROAD_EDEVICETREE,
			       "%s has %lld bytes, 1 to %d are allowed", path,
			       (long long)st.st_size, BLOB_MAX);
	blob = malloc(st.st_size);
	if (!blob)
		return err_nomem(error);
	if (read(fd, blob, st.st_size) != st.st_size ||
	    fdt_check_full(blob, st.st_size)) {
		free(blob);
		return err_set(error, -ROAD_EHOST,
			       "%s: dtc did not make a devicetree blob", path);
	}
	*out = blob;
	return 0;
}

static int dt_read_blob(struct dt *dt, const char *path,
			struct road_error *error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), ret;
	void *blob = NULL;

	ret = dt_load(fd, path, &blob, error);
	if (fd >= 0)
		close(fd);
	if (!ret)
		ret = dt_check(blob, error);
	if (ret) {
		free(blob);
		return ret;
	}
	free(dt->blob);
	dt->blob = blob;
	return 0;
}

static bool dt_needs_cpp(const struct dt *dt)
{
	size_t i;

	for (i = 0; i < dt->num_fragments; i++)
		if (dt->fragments[i].cpp)
			return true;
	return false;
}

int dt_build(struct dt *dt, const char *include, const char *sock_dir,
	     const char *work, const char *dtb, struct road_error *error)
{
	char source[PATH_MAX], plain[PATH_MAX];
	bool cpp = dt_needs_cpp(dt);
	int ret;

	if (snprintf(source, PATH_MAX, "%s/board.dts", work) >= PATH_MAX ||
	    snprintf(plain, PATH_MAX, "%s/board.cpp.dts", work) >= PATH_MAX)
		return err_set(error, -ROAD_EHOST, "%s: %s", work,
			       strerror(ENAMETOOLONG));
	/* So that what is there afterwards is dtc's. */
	unlink(dtb);
	ret = dt_write_source(dt, sock_dir, source, error);
	if (!ret && cpp)
		ret = dt_run_cpp(dt, include, source, plain, error);
	if (!ret)
		ret = dt_run_dtc(dt, cpp ? plain : source, dtb, error);
	if (!ret)
		ret = dt_read_blob(dt, dtb, error);
	return ret;
}
