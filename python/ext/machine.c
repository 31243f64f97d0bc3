// SPDX-License-Identifier: LGPL-2.1-or-later
/* Machine: one guest with its board and its clock. */
#include "ext.h"

#include <pythread.h>

bool ext_usable(struct ext_machine *self)
{
	if (getpid() != self->process) {
		ext_usage("a machine belongs to the process that made it, "
			  "not to one that it forked");
		return false;
	}
	if (PyThread_get_thread_ident() != self->thread) {
		ext_usage("a machine belongs to the thread that made it: "
			  "use it from there only");
		return false;
	}
	if (!self->machine) {
		ext_usage("the machine is closed");
		return false;
	}
	return true;
}

PyThreadState *ext_begin(struct ext_machine *self)
{
	if (!ext_usable(self))
		return NULL;
	if (self->running) {
		ext_usage("a guest call from inside a callback of a model, "
			  "a timer or a watch: the guest waits for this "
			  "callback; make the call from the test");
		return NULL;
	}
	self->running++;
	return PyEval_SaveThread();
}

void ext_end(struct ext_machine *self, PyThreadState *state)
{
	PyEval_RestoreThread(state);
	self->running--;
}

void ext_forget(PyObject *list, PyObject *item)
{
	Py_ssize_t i;

	if (!list)
		return;
	for (i = 0; i < PyList_GET_SIZE(list); i++) {
		if (PyList_GET_ITEM(list, i) == item) {
			PyList_SetSlice(list, i, i + 1, NULL);
			return;
		}
	}
}

/* A signal interrupted the wait for the guest: does its handler raise? */
static int interrupted(void *arg)
{
	struct ext_machine *self = arg;
	PyGILState_STATE state = PyGILState_Ensure();
	PyObject *type, *exc, *tb;
	int ret = 0;

	if (PyErr_CheckSignals() < 0) {
		PyErr_Fetch(&type, &exc, &tb);
		PyErr_NormalizeException(&type, &exc, &tb);
		if (tb)
			PyException_SetTraceback(exc, tb);
		Py_XDECREF(tb);
		Py_DECREF(type);
		Py_XSETREF(self->interrupt, exc);
		ret = 1;
	}
	PyGILState_Release(state);
	return ret;
}

static PyObject *machine_new(PyTypeObject *type, PyObject *args,
			     PyObject *kwds)
{
	static char *names[] = { "kernel", "seed", "mem_mib", "flags",
				 "call_limit_ns", "wall_limit_ms",
				 "kernel_args", "message_limit", NULL };
	struct road_machine_config config = { 0 };
	struct ext_machine *self;

	if (!PyArg_ParseTupleAndKeywords(args, kwds, "|$zO&O&IO&O&zO&", names,
					 &config.kernel, ext_u64, &config.seed,
					 ext_u32, &config.mem_mib,
					 &config.flags,
					 ext_u64, &config.call_limit_ns,
					 ext_u32, &config.wall_limit_ms,
					 &config.kernel_args,
					 ext_u32, &config.message_limit))
		return NULL;
	self = (struct ext_machine *)type->tp_alloc(type, 0);
	if (!self)
		return NULL;
	self->thread = PyThread_get_thread_ident();
	self->process = getpid();
	self->chips = PyList_New(0);
	self->timers = PySet_New(NULL);
	self->watches = PyList_New(0);
	self->keep = PyDict_New();
	self->machine = road_machine_create(&config);
	if (!self->chips || !self->timers || !self->watches || !self->keep ||
	    !self->machine) {
		Py_DECREF(self);
		return PyErr_Occurred() ? NULL : PyErr_NoMemory();
	}
	road_machine_set_interrupt(self->machine, interrupted, self);
	return (PyObject *)self;
}

int ext_keep(struct ext_machine *self, PyObject *object)
{
	PyObject *key = PyLong_FromVoidPtr(object);
	int ret = key ? PyDict_SetItem(self->keep, key, object) : -1;

	Py_XDECREF(key);
	return ret;
}

static void shut(struct ext_machine *self)
{
	struct road_machine *machine = self->machine;
	PyThreadState *state;

	/* Of a copy that came with fork() nothing may reach the guest. */
	if (!machine || getpid() != self->process)
		return;
	ext_timers_cancel(self, NULL);
	ext_watches_close(self);
	while (PyList_GET_SIZE(self->chips) > 0)
		ext_chip_detach((struct ext_chip *)
				PyList_GET_ITEM(self->chips, 0));
	self->machine = NULL;
	state = PyEval_SaveThread();
	road_machine_destroy(machine);
	PyEval_RestoreThread(state);
}

static int machine_traverse(struct ext_machine *self, visitproc visit,
			    void *arg)
{
	Py_VISIT(self->chips);
	Py_VISIT(self->timers);
	Py_VISIT(self->watches);
	Py_VISIT(self->keep);
	Py_VISIT(self->interrupt);
	return 0;
}

static int machine_clear(struct ext_machine *self)
{
	shut(self);
	Py_CLEAR(self->chips);
	Py_CLEAR(self->timers);
	Py_CLEAR(self->watches);
	Py_CLEAR(self->keep);
	Py_CLEAR(self->interrupt);
	return 0;
}

static void machine_dealloc(struct ext_machine *self)
{
	PyObject_GC_UnTrack(self);
	if (self->weakrefs)
		PyObject_ClearWeakRefs((PyObject *)self);
	/* Models, timers and watches still point to it. */
	if (self->machine && getpid() != self->process)
		return;
	machine_clear(self);
	Py_TYPE(self)->tp_free(self);
}

static PyObject *machine_boot(struct ext_machine *self, PyObject *unused)
{
	PyThreadState *state = ext_begin(self);
	int ret;

	if (!state)
		return NULL;
	ret = road_machine_boot(self->machine);
	ext_end(self, state);
	return ext_result(self, ret, NULL);
}

static PyObject *machine_close(struct ext_machine *self, PyObject *unused)
{
	if (!self->machine || getpid() != self->process)
		Py_RETURN_NONE;
	if (!ext_usable(self))
		return NULL;
	if (self->running)
		return ext_usage("a callback must not close its machine");
	shut(self);
	Py_RETURN_NONE;
}

static PyObject *machine_advance(struct ext_machine *self, PyObject *arg)
{
	PyThreadState *state;
	uint64_t ns;
	int ret;

	if (!ext_u64(arg, &ns))
		return NULL;
	state = ext_begin(self);
	if (!state)
		return NULL;
	ret = road_advance(self->machine, ns);
	ext_end(self, state);
	return ext_result(self, ret, NULL);
}

static PyObject *machine_aftermath(struct ext_machine *self, PyObject *arg)
{
	PyThreadState *state;
	int last = PyObject_IsTrue(arg), ret;

	if (last < 0)
		return NULL;
	state = ext_begin(self);
	if (!state)
		return NULL;
	ret = road_aftermath(self->machine, last ? ROAD_AFTER_ALL_NS :
						   ROAD_AFTER_TEST_NS);
	ext_end(self, state);
	return ext_result(self, ret, NULL);
}

static PyObject *machine_leaks(struct ext_machine *self, PyObject *unused)
{
	PyThreadState *state = ext_begin(self);
	int ret;

	if (!state)
		return NULL;
	ret = road_leaks(self->machine);
	ext_end(self, state);
	return ext_result(self, ret, NULL);
}

static PyObject *machine_now(struct ext_machine *self, void *unused)
{
	if (!ext_usable(self))
		return NULL;
	return PyLong_FromUnsignedLongLong(road_now(self->machine));
}

static PyObject *machine_is_up(struct ext_machine *self, void *unused)
{
	if (!self->machine)
		Py_RETURN_FALSE;
	return PyBool_FromLong(road_machine_is_up(self->machine));
}

static PyObject *machine_closed(struct ext_machine *self, void *unused)
{
	return PyBool_FromLong(!self->machine);
}

static PyObject *machine_is_off(struct ext_machine *self, void *unused)
{
	if (!ext_usable(self))
		return NULL;
	return PyBool_FromLong(road_machine_is_off(self->machine));
}

static PyObject *machine_told(struct ext_machine *self, void *unused)
{
	return PyBool_FromLong(self->told);
}

static PyObject *machine_end_expected(struct ext_machine *self, void *unused)
{
	if (!ext_usable(self))
		return NULL;
	return PyBool_FromLong(road_end_expected(self->machine));
}

static PyObject *machine_running(struct ext_machine *self, void *unused)
{
	return PyBool_FromLong(self->running);
}

static PyObject *machine_error(struct ext_machine *self, void *unused)
{
	if (!ext_usable(self))
		return NULL;
	return PyUnicode_FromString(road_machine_error(self->machine));
}

static PyObject *optional_str(const char *s)
{
	if (!s)
		Py_RETURN_NONE;
	return PyUnicode_FromString(s);
}

static PyObject *machine_dir(struct ext_machine *self, void *unused)
{
	if (!ext_usable(self))
		return NULL;
	return optional_str(road_machine_dir(self->machine));
}

static PyObject *machine_kernel(struct ext_machine *self, void *unused)
{
	if (!ext_usable(self))
		return NULL;
	return optional_str(road_machine_kernel(self->machine));
}

static PyObject *machine_release(struct ext_machine *self, void *unused)
{
	if (!ext_usable(self))
		return NULL;
	return optional_str(road_machine_release(self->machine));
}

static PyObject *machine_pid(struct ext_machine *self, void *unused)
{
	if (!ext_usable(self))
		return NULL;
	return PyLong_FromLong(road_machine_pid(self->machine));
}

static PyGetSetDef machine_getset[] = {
	{ "now", (getter)machine_now },
	{ "is_up", (getter)machine_is_up },
	{ "closed", (getter)machine_closed },
	{ "is_off", (getter)machine_is_off },
	{ "told", (getter)machine_told },
	{ "end_expected", (getter)machine_end_expected },
	{ "running", (getter)machine_running },
	{ "error", (getter)machine_error },
	{ "dir", (getter)machine_dir },
	{ "kernel", (getter)machine_kernel },
	{ "release", (getter)machine_release },
	{ "pid", (getter)machine_pid },
	{ NULL }
};

static PyMethodDef machine_methods[] = {
	{ "boot", (PyCFunction)machine_boot, METH_NOARGS },
	{ "close", (PyCFunction)machine_close, METH_NOARGS },
	{ "advance", (PyCFunction)machine_advance, METH_O },
	{ "aftermath", (PyCFunction)machine_aftermath, METH_O },
	{ "leaks", (PyCFunction)machine_leaks, METH_NOARGS },
	{ "after", (PyCFunction)(void (*)(void))ext_timer_after,
	  METH_VARARGS | METH_KEYWORDS },
	{ "watch", (PyCFunction)ext_line_watch, METH_VARARGS },
	{ "add_device", (PyCFunction)(void (*)(void))ext_node_add,
	  METH_VARARGS | METH_KEYWORDS },
	{ NULL }
};

PyTypeObject ext_machine_type = {
	PyVarObject_HEAD_INIT(NULL, 0)
	.tp_name = "_roadtest.Machine",
	.tp_basicsize = sizeof(struct ext_machine),
	.tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE |
		    Py_TPFLAGS_HAVE_GC,
	.tp_new = machine_new,
	.tp_dealloc = (destructor)machine_dealloc,
	.tp_traverse = (traverseproc)machine_traverse,
	.tp_clear = (inquiry)machine_clear,
	.tp_weaklistoffset = offsetof(struct ext_machine, weakrefs),
	.tp_methods = machine_methods,
	.tp_getset = machine_getset,
};
