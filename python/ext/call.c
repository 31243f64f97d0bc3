// SPDX-License-Identifier: LGPL-2.1-or-later
/* Call: a guest call that was started, and what its arguments are made of. */
#include "ext.h"

struct ext_call {
	PyObject_HEAD
	struct ext_machine *machine;
	struct road_call *call;		/* dies with the machine */
	char *path;
};

PyObject *ext_call_new(struct ext_machine *machine, struct road_call *call,
		       const char *path)
{
	struct ext_call *self;

	if (!call)
		return ext_raise(machine, road_machine_is_up(machine->machine) ?
				 -ROAD_EUSAGE : -ROAD_EGONE, path);
	self = PyObject_GC_New(struct ext_call, &ext_call_type);
	if (!self) {
		road_call_destroy(call);
		return NULL;
	}
	self->machine = (struct ext_machine *)Py_NewRef(machine);
	self->call = call;
	self->path = path ? strdup(path) : NULL;
	PyObject_GC_Track(self);
	return (PyObject *)self;
}

/* Runs the guest. */
static PyObject *call_run(struct ext_call *self,
			  int (*fn)(struct road_call *call))
{
	PyThreadState *state = ext_begin(self->machine);
	int ret;

	if (!state)
		return NULL;
	ret = fn(self->call);
	ext_end(self->machine, state);
	return ext_result(self->machine, ret, self->path);
}

static PyObject *call_wait(struct ext_call *self, PyObject *unused)
{
	return call_run(self, road_call_wait);
}

static PyObject *call_end(struct ext_call *self, PyObject *unused)
{
	return call_run(self, road_call_end);
}

static PyObject *call_signal(struct ext_call *self, PyObject *arg)
{
	long signo = PyLong_AsLong(arg);
	PyThreadState *state;
	int ret;

	if (PyErr_Occurred())
		return NULL;
	state = ext_begin(self->machine);
	if (!state)
		return NULL;
	ret = road_call_signal(self->call, signo);
	ext_end(self->machine, state);
	return ext_result(self->machine, ret, self->path);
}

static PyObject *call_result(struct ext_call *self, PyObject *unused)
{
	if (!ext_usable(self->machine))
		return NULL;
	/* That a program did not exit with 0 is no exception here. */
	if (road_call_status(self->call) >= 0)
		return PyLong_FromLong(road_call_status(self->call));
	return ext_int_result(self->machine, road_call_result(self->call),
			      self->path);
}

static PyObject *call_data(struct ext_call *self, PyObject *unused)
{
	const char *data;
	size_t len = 0;

	if (!ext_usable(self->machine))
		return NULL;
	data = road_call_data(self->call, &len);
	return PyBytes_FromStringAndSize(data ? data : "", data ? len : 0);
}

static int parse_bufs(struct ext_ioctl *self, PyObject *bufs, bool writable);

/* What came back, into the buffers of an ioctl. Nothing does when it was never
 * made. */
static PyObject *call_fill(struct ext_call *self, PyObject *bufs)
{
	struct ext_ioctl io = { 0 };
	size_t len = 0, total = 0, i;
	const char *data;

	if (!ext_usable(self->machine))
		return NULL;
	if (parse_bufs(&io, bufs, true) < 0) {
		ext_ioctl_deinit(&io);
		return NULL;
	}
	data = road_call_data(self->call, &len);
	for (i = 0; i < io.num_bufs; i++)
		total += io.bufs[i].len;
	for (i = 0; len == total && i < io.num_bufs; data += io.bufs[i++].len)
		memcpy(io.bufs[i].data, data, io.bufs[i].len);
	ext_ioctl_deinit(&io);
	if (len && len != total)
		return PyErr_Format(PyExc_BufferError, "an ioctl was started "
				    "with %zu bytes, and its buffers have %zu now",
				    len, total);
	Py_RETURN_NONE;
}

static PyObject *call_done(struct ext_call *self, void *unused)
{
	if (!ext_usable(self->machine))
		return NULL;
	return PyBool_FromLong(road_call_done(self->call));
}

static int call_traverse(struct ext_call *self, visitproc visit, void *arg)
{
	Py_VISIT(self->machine);
	return 0;
}

static void call_dealloc(struct ext_call *self)
{
	PyObject_GC_UnTrack(self);
	if (self->machine->machine)
		road_call_destroy(self->call);
	free(self->path);
	Py_DECREF(self->machine);
	Py_TYPE(self)->tp_free(self);
}

static PyMethodDef call_methods[] = {
	{ "wait", (PyCFunction)call_wait, METH_NOARGS },
	{ "signal", (PyCFunction)call_signal, METH_O },
	{ "end", (PyCFunction)call_end, METH_NOARGS },
	{ "result", (PyCFunction)call_result, METH_NOARGS },
	{ "data", (PyCFunction)call_data, METH_NOARGS },
	{ "fill", (PyCFunction)call_fill, METH_O },
	{ NULL }
};

static PyGetSetDef call_getset[] = {
	{ "done", (getter)call_done },
	{ NULL }
};

PyTypeObject ext_call_type = {
	PyVarObject_HEAD_INIT(NULL, 0)
	.tp_name = "_roadtest.Call",
	.tp_basicsize = sizeof(struct ext_call),
	.tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC |
		    Py_TPFLAGS_DISALLOW_INSTANTIATION,
	.tp_dealloc = (destructor)call_dealloc,
	.tp_traverse = (traverseproc)call_traverse,
	.tp_methods = call_methods,
	.tp_getset = call_getset,
};

/* ------------------------------------------------------------------------
 * Arguments
 */

const char **ext_argv(PyObject *seq)
{
	PyObject *fast = PySequence_Fast(seq, "argv is a sequence of str");
	Py_ssize_t i, n;
	const char **argv;

	if (!fast)
		return NULL;
	n = PySequence_Fast_GET_SIZE(fast);
	argv = PyMem_Calloc(n + 1, sizeof(*argv));
	if (!argv)
		PyErr_NoMemory();
	for (i = 0; argv && i < n; i++) {
		argv[i] = PyUnicode_AsUTF8(PySequence_Fast_GET_ITEM(fast, i));
		if (!argv[i]) {
			PyMem_Free(argv);
			argv = NULL;
		}
	}
	Py_DECREF(fast);
	return argv;
}

static int parse_bufs(struct ext_ioctl *self, PyObject *bufs, bool writable)
{
	Py_ssize_t n = PySequence_Size(bufs);
	PyObject *item;
	int ret;

	if (n < 0)
		return -1;
	self->bufs = PyMem_Calloc(n + 1, sizeof(*self->bufs));
	self->views = PyMem_Calloc(n + 1, sizeof(*self->views));
	if (!self->bufs || !self->views) {
		PyErr_NoMemory();
		return -1;
	}
	while ((Py_ssize_t)self->num_bufs < n) {
		Py_buffer *view = &self->views[self->num_bufs];

		item = PySequence_GetItem(bufs, self->num_bufs);
		if (!item)
			return -1;
		ret = PyObject_GetBuffer(item, view, writable ?
					 PyBUF_WRITABLE : PyBUF_SIMPLE);
		Py_DECREF(item);
		if (ret < 0)
			return -1;
		self->bufs[self->num_bufs].data = view->buf;
		self->bufs[self->num_bufs].len = view->len;
		self->num_bufs++;
	}
	return 0;
}

static int parse_ptrs(struct ext_ioctl *self, PyObject *ptrs)
{
	Py_ssize_t n = PySequence_Size(ptrs);
	struct road_ioctl_ptr *p;
	Py_ssize_t offset;
	PyObject *item;
	int ok;

	if (n < 0)
		return -1;
	self->ptrs = PyMem_Calloc(n + 1, sizeof(*self->ptrs));
	if (!self->ptrs) {
		PyErr_NoMemory();
		return -1;
	}
	while ((Py_ssize_t)self->num_ptrs < n) {
		p = &self->ptrs[self->num_ptrs];
		item = PySequence_GetItem(ptrs, self->num_ptrs);
		if (!item)
			return -1;
		ok = PyArg_ParseTuple(item, "InI", &p->buf, &offset,
				      &p->target);
		Py_DECREF(item);
		if (!ok)
			return -1;
		p->offset = offset;
		self->num_ptrs++;
	}
	return 0;
}

int ext_ioctl_init(struct ext_ioctl *self, PyObject *bufs, PyObject *ptrs,
		   bool writable)
{
	*self = (struct ext_ioctl){ 0 };
	if (parse_bufs(self, bufs, writable) < 0 ||
	    parse_ptrs(self, ptrs) < 0) {
		ext_ioctl_deinit(self);
		return -1;
	}
	return 0;
}

void ext_ioctl_deinit(struct ext_ioctl *self)
{
	while (self->num_bufs > 0)
		PyBuffer_Release(&self->views[--self->num_bufs]);
	PyMem_Free(self->views);
	PyMem_Free(self->bufs);
	PyMem_Free(self->ptrs);
}
