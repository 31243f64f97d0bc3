// SPDX-License-Identifier: LGPL-2.1-or-later
/* Guest calls: methods of Machine, plain and started. */
#include "ext.h"

/* Run @expr with the interpreter's lock given up; return from the method when
 * the machine can't be used. */
#define RUN(self, ret, expr) do {					\
	PyThreadState *state_ = ext_begin(self);			\
									\
	if (!state_)							\
		return NULL;						\
	ret = (expr);							\
	ext_end(self, state_);						\
} while (0)

/* ------------------------------------------------------------------------
 * Files
 */

static PyObject *guest_open(struct ext_machine *self, PyObject *args)
{
	unsigned int mode;
	const char *path;
	int flags, ret;

	if (!PyArg_ParseTuple(args, "siI", &path, &flags, &mode))
		return NULL;
	RUN(self, ret, road_open(self->machine, path, flags, mode));
	return ext_int_result(self, ret, path);
}

static PyObject *guest_close(struct ext_machine *self, PyObject *args)
{
	int fd, ret;

	if (!PyArg_ParseTuple(args, "i", &fd))
		return NULL;
	RUN(self, ret, road_close(self->machine, fd));
	return ext_result(self, ret, NULL);
}

static PyObject *guest_read(struct ext_machine *self, PyObject *args)
{
	PyThreadState *state;
	Py_ssize_t len, ret;
	PyObject *data;
	char *buf;
	int fd;

	if (!PyArg_ParseTuple(args, "iO&", &fd, ext_size, &len))
		return NULL;
	data = PyBytes_FromStringAndSize(NULL, len);
	state = data ? ext_begin(self) : NULL;
	if (!state) {
		Py_XDECREF(data);
		return NULL;
	}
	buf = PyBytes_AS_STRING(data);
	ret = road_read(self->machine, fd, buf, len);
	ext_end(self, state);
	if (ret < 0) {
		Py_DECREF(data);
		return ext_raise(self, ret, NULL);
	}
	_PyBytes_Resize(&data, ret);
	return data;
}

static PyObject *guest_pread(struct ext_machine *self, PyObject *args)
{
	uint64_t offset;
	PyThreadState *state;
	Py_ssize_t len, ret;
	PyObject *data;
	char *buf;
	int fd;

	if (!PyArg_ParseTuple(args, "iO&O&", &fd, ext_size, &len, ext_u64,
			      &offset))
		return NULL;
	data = PyBytes_FromStringAndSize(NULL, len);
	state = data ? ext_begin(self) : NULL;
	if (!state) {
		Py_XDECREF(data);
		return NULL;
	}
	buf = PyBytes_AS_STRING(data);
	ret = road_pread(self->machine, fd, buf, len, offset);
	ext_end(self, state);
	if (ret < 0) {
		Py_DECREF(data);
		return ext_raise(self, ret, NULL);
	}
	_PyBytes_Resize(&data, ret);
	return data;
}

static PyObject *guest_write(struct ext_machine *self, PyObject *args)
{
	PyThreadState *state;
	Py_buffer data;
	ssize_t ret = 0;
	int fd;

	if (!PyArg_ParseTuple(args, "iy*", &fd, &data))
		return NULL;
	state = ext_begin(self);
	if (state) {
		ret = road_write(self->machine, fd, data.buf, data.len);
		ext_end(self, state);
	}
	PyBuffer_Release(&data);
	return state ? ext_int_result(self, ret, NULL) : NULL;
}

static PyObject *guest_pwrite(struct ext_machine *self, PyObject *args)
{
	PyThreadState *state;
	uint64_t offset;
	Py_buffer data;
	ssize_t ret = 0;
	int fd;

	if (!PyArg_ParseTuple(args, "iy*O&", &fd, &data, ext_u64, &offset))
		return NULL;
	state = ext_begin(self);
	if (state) {
		ret = road_pwrite(self->machine, fd, data.buf, data.len,
				  offset);
		ext_end(self, state);
	}
	PyBuffer_Release(&data);
	return state ? ext_int_result(self, ret, NULL) : NULL;
}

static PyObject *guest_lseek(struct ext_machine *self, PyObject *args)
{
	long long offset;
	int fd, whence;
	int64_t ret;

	if (!PyArg_ParseTuple(args, "iLi", &fd, &offset, &whence))
		return NULL;
	RUN(self, ret, road_lseek(self->machine, fd, offset, whence));
	return ext_int_result(self, ret, NULL);
}

static PyObject *guest_name_fd(struct ext_machine *self, PyObject *args)
{
	const char *name;
	int fd;

	if (!PyArg_ParseTuple(args, "is", &fd, &name) || !ext_usable(self))
		return NULL;
	return ext_result(self, road_fd_set_name(self->machine, fd, name),
			  NULL);
}

static PyObject *guest_write_file(struct ext_machine *self, PyObject *args)
{
	PyThreadState *state;
	const char *path;
	Py_buffer data;
	int ret = 0;

	if (!PyArg_ParseTuple(args, "sy*", &path, &data))
		return NULL;
	state = ext_begin(self);
	if (state) {
		ret = road_write_file_data(self->machine, path, data.buf,
					   data.len);
		ext_end(self, state);
	}
	PyBuffer_Release(&data);
	return state ? ext_result(self, ret, path) : NULL;
}

static PyObject *guest_put(struct ext_machine *self, PyObject *args)
{
	PyThreadState *state;
	unsigned int mode;
	const char *path;
	Py_buffer data;
	int ret = 0;

	if (!PyArg_ParseTuple(args, "sy*I", &path, &data, &mode))
		return NULL;
	state = ext_begin(self);
	if (state) {
		ret = road_put(self->machine, path, data.buf, data.len, mode);
		ext_end(self, state);
	}
	PyBuffer_Release(&data);
	return state ? ext_result(self, ret, path) : NULL;
}

static PyObject *guest_stat(struct ext_machine *self, PyObject *args)
{
	struct road_stat st;
	const char *path;
	int follow, ret;

	if (!PyArg_ParseTuple(args, "sp", &path, &follow))
		return NULL;
	RUN(self, ret, road_stat(self->machine, path, follow, &st));
	if (ret < 0)
		return ext_raise(self, ret, path);
	return Py_BuildValue("(IIIKKKKL)", st.mode, st.uid, st.gid,
			     (unsigned long long)st.size,
			     (unsigned long long)st.rdev,
			     (unsigned long long)st.ino,
			     (unsigned long long)st.nlink,
			     (long long)st.mtime_ns);
}

static PyObject *guest_readlink(struct ext_machine *self, PyObject *args)
{
	const char *path;
	char target[4096];
	int ret;

	if (!PyArg_ParseTuple(args, "s", &path))
		return NULL;
	RUN(self, ret, road_readlink(self->machine, path, target,
				     sizeof(target)));
	if (ret < 0)
		return ext_raise(self, ret, path);
	return PyUnicode_DecodeFSDefault(target);
}

/* Strings one after the other, an empty one last; frees @names. */
static PyObject *name_list(char *names)
{
	PyObject *list = PyList_New(0), *item;
	const char *s;

	for (s = names; list && *s; s += strlen(s) + 1) {
		item = PyUnicode_DecodeFSDefault(s);
		if (!item || PyList_Append(list, item) < 0)
			Py_CLEAR(list);
		Py_XDECREF(item);
	}
	free(names);
	return list;
}

static PyObject *guest_list(struct ext_machine *self, PyObject *args)
{
	const char *path;
	char *names = NULL;
	int ret;

	if (!PyArg_ParseTuple(args, "s", &path))
		return NULL;
	RUN(self, ret, road_list(self->machine, path, &names));
	return ret < 0 ? ext_raise(self, ret, path) : name_list(names);
}

static PyObject *guest_glob(struct ext_machine *self, PyObject *args)
{
	const char *pattern;
	char *names = NULL;
	int ret;

	if (!PyArg_ParseTuple(args, "s", &pattern))
		return NULL;
	RUN(self, ret, road_glob(self->machine, pattern, &names));
	return ret < 0 ? ext_raise(self, ret, pattern) : name_list(names);
}

static PyObject *guest_mkdir(struct ext_machine *self, PyObject *args)
{
	unsigned int mode;
	const char *path;
	int ret;

	if (!PyArg_ParseTuple(args, "sI", &path, &mode))
		return NULL;
	RUN(self, ret, road_mkdir(self->machine, path, mode));
	return ext_result(self, ret, path);
}

static PyObject *guest_unlink(struct ext_machine *self, PyObject *args)
{
	const char *path;
	int ret;

	if (!PyArg_ParseTuple(args, "s", &path))
		return NULL;
	RUN(self, ret, road_unlink(self->machine, path));
	return ext_result(self, ret, path);
}

static PyObject *guest_mount(struct ext_machine *self, PyObject *args)
{
	const char *source, *target, *type, *data;
	unsigned long flags;
	int ret;

	if (!PyArg_ParseTuple(args, "ssskz", &source, &target, &type, &flags,
			      &data))
		return NULL;
	RUN(self, ret, road_mount(self->machine, source, target, type, flags,
				  data));
	return ext_result(self, ret, target);
}

static PyObject *guest_umount(struct ext_machine *self, PyObject *args)
{
	const char *target;
	int ret;

	if (!PyArg_ParseTuple(args, "s", &target))
		return NULL;
	RUN(self, ret, road_umount(self->machine, target));
	return ext_result(self, ret, target);
}

/* ------------------------------------------------------------------------
 * Modules, programs, stacks
 */

static PyObject *guest_module_load(struct ext_machine *self, PyObject *args)
{
	const char *name, *params;
	int ret;

	if (!PyArg_ParseTuple(args, "sz", &name, &params))
		return NULL;
	RUN(self, ret, road_module_load(self->machine, name, params));
	return ext_result(self, ret, name);
}

static PyObject *guest_module_unload(struct ext_machine *self, PyObject *args)
{
	const char *name;
	int ret;

	if (!PyArg_ParseTuple(args, "s", &name))
		return NULL;
	RUN(self, ret, road_module_unload(self->machine, name));
	return ext_result(self, ret, name);
}

static PyObject *guest_run(struct ext_machine *self, PyObject *args)
{
	struct road_output output = { 0 };
	PyThreadState *state;
	PyObject *seq, *ret;
	const char **argv;
	Py_buffer input;
	int status = 0;

	if (!PyArg_ParseTuple(args, "Oy*", &seq, &input))
		return NULL;
	argv = ext_argv(seq);
	state = argv ? ext_begin(self) : NULL;
	if (state) {
		status = road_run(self->machine, argv, input.buf, input.len,
				  &output);
		ext_end(self, state);
	}
	PyBuffer_Release(&input);
	if (!state)
		ret = NULL;
	else if (status < 0 && status != -ROAD_EPROGRAM)
		ret = ext_raise(self, status, argv[0]);
	else
		ret = Py_BuildValue("(iy#y#)", output.status,
				    output.out ? output.out : "",
				    (Py_ssize_t)output.out_len,
				    output.err ? output.err : "",
				    (Py_ssize_t)output.err_len);
	PyMem_Free(argv);
	free(output.out);
	free(output.err);
	return ret;
}

static PyObject *guest_power_off(struct ext_machine *self, PyObject *unused)
{
	int ret;

	RUN(self, ret, road_power_off(self->machine));
	return ext_result(self, ret, NULL);
}

static PyObject *guest_expect_power_off(struct ext_machine *self,
					PyObject *unused)
{
	int ret;

	RUN(self, ret, road_expect_power_off(self->machine));
	return ext_result(self, ret, NULL);
}

static PyObject *guest_stacks(struct ext_machine *self, PyObject *unused)
{
	PyObject *text;
	char *s = NULL;
	int ret;

	RUN(self, ret, road_stacks(self->machine, &s));
	if (ret < 0)
		return ext_raise(self, ret, NULL);
	text = PyUnicode_DecodeUTF8(s, strlen(s), "replace");
	free(s);
	return text;
}

/* ------------------------------------------------------------------------
 * Poll and ioctl
 */

static PyObject *guest_poll(struct ext_machine *self, PyObject *args)
{
	struct road_pollfd fds = { 0 };
	int timeout_ms, ret;

	if (!PyArg_ParseTuple(args, "ihi", &fds.fd, &fds.events, &timeout_ms))
		return NULL;
	RUN(self, ret, road_poll(self->machine, &fds, 1, timeout_ms));
	if (ret < 0)
		return ext_raise(self, ret, NULL);
	return PyLong_FromLong(ret ? fds.revents : 0);
}

static PyObject *guest_ioctl_int(struct ext_machine *self, PyObject *args)
{
	unsigned long request, arg;
	int fd, ret;

	if (!PyArg_ParseTuple(args, "ikk", &fd, &request, &arg))
		return NULL;
	RUN(self, ret, road_ioctl_int(self->machine, fd, request, arg));
	return ext_int_result(self, ret, NULL);
}

static PyObject *guest_ioctl(struct ext_machine *self, PyObject *args)
{
	PyThreadState *state;
	unsigned long request;
	Py_buffer data;
	int fd, ret = 0;

	if (!PyArg_ParseTuple(args, "ikw*", &fd, &request, &data))
		return NULL;
	state = ext_begin(self);
	if (state) {
		ret = road_ioctl(self->machine, fd, request, data.buf,
				 data.len);
		ext_end(self, state);
	}
	PyBuffer_Release(&data);
	return state ? ext_int_result(self, ret, NULL) : NULL;
}

static PyObject *guest_ioctl_bufs(struct ext_machine *self, PyObject *args)
{
	PyObject *bufs, *ptrs;
	PyThreadState *state;
	struct ext_ioctl io;
	unsigned long request;
	int fd, ret = 0;

	if (!PyArg_ParseTuple(args, "ikOO", &fd, &request, &bufs, &ptrs) ||
	    ext_ioctl_init(&io, bufs, ptrs, true) < 0)
		return NULL;
	state = ext_begin(self);
	if (state) {
		ret = road_ioctl_bufs(self->machine, fd, request, io.bufs,
				      io.num_bufs, io.ptrs, io.num_ptrs);
		ext_end(self, state);
	}
	ext_ioctl_deinit(&io);
	return state ? ext_int_result(self, ret, NULL) : NULL;
}

/* ------------------------------------------------------------------------
 * Calls that are started
 */

static bool may_start(struct ext_machine *self)
{
	if (!ext_usable(self))
		return false;
	if (!self->running)
		return true;
	ext_usage("a guest call can't be started from inside a callback of a "
		  "model: make it from the test");
	return false;
}

static PyObject *start_open(struct ext_machine *self, PyObject *args)
{
	unsigned int mode;
	const char *path;
	int flags;

	if (!PyArg_ParseTuple(args, "siI", &path, &flags, &mode) ||
	    !may_start(self))
		return NULL;
	return ext_call_new(self, road_start_open(self->machine, path, flags,
						  mode), path);
}

static PyObject *start_read(struct ext_machine *self, PyObject *args)
{
	Py_ssize_t len;
	int fd;

	if (!PyArg_ParseTuple(args, "iO&", &fd, ext_size, &len) ||
	    !may_start(self))
		return NULL;
	return ext_call_new(self, road_start_read(self->machine, fd, len),
			    NULL);
}

static PyObject *start_pread(struct ext_machine *self, PyObject *args)
{
	uint64_t offset;
	Py_ssize_t len;
	int fd;

	if (!PyArg_ParseTuple(args, "iO&O&", &fd, ext_size, &len, ext_u64,
			      &offset) || !may_start(self))
		return NULL;
	return ext_call_new(self, road_start_pread(self->machine, fd, len,
						   offset), NULL);
}

static PyObject *start_write(struct ext_machine *self, PyObject *args)
{
	struct road_call *call = NULL;
	Py_buffer data;
	bool ok;
	int fd;

	if (!PyArg_ParseTuple(args, "iy*", &fd, &data))
		return NULL;
	ok = may_start(self);
	if (ok)
		call = road_start_write(self->machine, fd, data.buf, data.len);
	PyBuffer_Release(&data);
	return ok ? ext_call_new(self, call, NULL) : NULL;
}

static PyObject *start_pwrite(struct ext_machine *self, PyObject *args)
{
	struct road_call *call = NULL;
	uint64_t offset;
	Py_buffer data;
	bool ok;
	int fd;

	if (!PyArg_ParseTuple(args, "iy*O&", &fd, &data, ext_u64, &offset))
		return NULL;
	ok = may_start(self);
	if (ok)
		call = road_start_pwrite(self->machine, fd, data.buf, data.len,
					 offset);
	PyBuffer_Release(&data);
	return ok ? ext_call_new(self, call, NULL) : NULL;
}

static PyObject *start_read_file(struct ext_machine *self, PyObject *args)
{
	const char *path;

	if (!PyArg_ParseTuple(args, "s", &path) || !may_start(self))
		return NULL;
	return ext_call_new(self, road_start_read_file(self->machine, path),
			    path);
}

static PyObject *start_write_file(struct ext_machine *self, PyObject *args)
{
	struct road_call *call = NULL;
	const char *path;
	Py_buffer data;
	bool ok;

	if (!PyArg_ParseTuple(args, "sy*", &path, &data))
		return NULL;
	ok = may_start(self);
	if (ok)
		call = road_start_write_file(self->machine, path, data.buf,
					     data.len);
	PyBuffer_Release(&data);
	return ok ? ext_call_new(self, call, path) : NULL;
}

static PyObject *start_poll(struct ext_machine *self, PyObject *args)
{
	struct road_pollfd fds = { 0 };
	int timeout_ms;

	if (!PyArg_ParseTuple(args, "ihi", &fds.fd, &fds.events,
			      &timeout_ms) || !may_start(self))
		return NULL;
	return ext_call_new(self, road_start_poll(self->machine, &fds, 1,
						  timeout_ms), NULL);
}

static PyObject *start_ioctl(struct ext_machine *self, PyObject *args)
{
	struct road_call *call = NULL;
	unsigned long request, arg;
	PyObject *bufs, *ptrs;
	struct ext_ioctl io;
	bool ok;
	int fd;

	if (!PyArg_ParseTuple(args, "ikkOO", &fd, &request, &arg, &bufs,
			      &ptrs) ||
	    ext_ioctl_init(&io, bufs, ptrs, false) < 0)
		return NULL;
	ok = may_start(self);
	if (ok)
		call = road_start_ioctl(self->machine, fd, request, arg,
					io.bufs, io.num_bufs, io.ptrs,
					io.num_ptrs);
	ext_ioctl_deinit(&io);
	return ok ? ext_call_new(self, call, NULL) : NULL;
}

static PyObject *start_run(struct ext_machine *self, PyObject *args)
{
	struct road_call *call = NULL;
	const char **argv;
	Py_buffer input;
	PyObject *seq;
	bool ok;

	if (!PyArg_ParseTuple(args, "Oy*", &seq, &input))
		return NULL;
	argv = ext_argv(seq);
	ok = argv && may_start(self);
	if (ok)
		call = road_start_run(self->machine, argv, input.buf,
				      input.len);
	PyBuffer_Release(&input);
	seq = ok ? ext_call_new(self, call, argv[0]) : NULL;
	PyMem_Free(argv);
	return seq;
}

#define METHOD(name, flags) { #name, (PyCFunction)guest_##name, flags }
#define START(name) { "start_" #name, (PyCFunction)start_##name, METH_VARARGS }

PyMethodDef ext_guest_methods[] = {
	{ "close_fd", (PyCFunction)guest_close, METH_VARARGS },
	METHOD(open, METH_VARARGS),
	METHOD(read, METH_VARARGS),
	METHOD(pread, METH_VARARGS),
	METHOD(write, METH_VARARGS),
	METHOD(pwrite, METH_VARARGS),
	METHOD(lseek, METH_VARARGS),
	METHOD(name_fd, METH_VARARGS),
	METHOD(write_file, METH_VARARGS),
	METHOD(put, METH_VARARGS),
	METHOD(stat, METH_VARARGS),
	METHOD(readlink, METH_VARARGS),
	METHOD(list, METH_VARARGS),
	METHOD(glob, METH_VARARGS),
	METHOD(mkdir, METH_VARARGS),
	METHOD(unlink, METH_VARARGS),
	METHOD(mount, METH_VARARGS),
	METHOD(umount, METH_VARARGS),
	METHOD(module_load, METH_VARARGS),
	METHOD(module_unload, METH_VARARGS),
	METHOD(run, METH_VARARGS),
	METHOD(stacks, METH_NOARGS),
	METHOD(power_off, METH_NOARGS),
	METHOD(expect_power_off, METH_NOARGS),
	METHOD(poll, METH_VARARGS),
	METHOD(ioctl_int, METH_VARARGS),
	METHOD(ioctl, METH_VARARGS),
	METHOD(ioctl_bufs, METH_VARARGS),
	START(open),
	START(read),
	START(pread),
	START(write),
	START(pwrite),
	START(read_file),
	START(write_file),
	START(poll),
	START(ioctl),
	START(run),
	{ NULL }
};
