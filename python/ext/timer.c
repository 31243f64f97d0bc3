// SPDX-License-Identifier: LGPL-2.1-or-later
/* Timers and line watches: Python callables that the machine calls. */
#include "ext.h"

/* Call fn(*args) from inside the library; an exception goes to the test. */
static void run_callback(struct ext_machine *machine, PyObject *fn,
			 PyObject *args)
{
	PyObject *ret = args ? PyObject_CallObject(fn, args) : NULL;

	if (!ret)
		ext_model_error(machine->machine);
	Py_XDECREF(ret);
	Py_XDECREF(args);
}

/* ------------------------------------------------------------------------
 * Timer
 */

static void timer_fire(struct road_timer *timer)
{
	struct ext_timer *self = road_container_of(timer, struct ext_timer,
						   timer);
	PyGILState_STATE state = PyGILState_Ensure();
	struct ext_machine *machine = self->machine;

	Py_INCREF(self);
	PySet_Discard(machine->timers, (PyObject *)self);
	self->machine = NULL;
	run_callback(machine, self->fn, PyTuple_New(0));
	Py_DECREF(self);
	PyGILState_Release(state);
}

PyObject *ext_timer_after(struct ext_machine *machine, PyObject *args,
			  PyObject *kwds)
{
	static char *names[] = { "ns", "fn", "name", "owner", NULL };
	PyObject *fn, *name = NULL, *owner = NULL;
	struct ext_timer *self;
	uint64_t ns;

	if (!PyArg_ParseTupleAndKeywords(args, kwds, "O&O|UO", names, ext_u64,
					 &ns, &fn, &name, &owner))
		return NULL;
	if (!ext_usable(machine))
		return NULL;
	if (!PyCallable_Check(fn))
		return PyErr_Format(PyExc_TypeError,
				    "a timer calls a function, not %R", fn);
	self = PyObject_GC_New(struct ext_timer, &ext_timer_type);
	if (!self)
		return NULL;
	self->machine = machine;
	self->fn = Py_NewRef(fn);
	self->name = Py_XNewRef(name);
	self->owner = Py_XNewRef(owner);
	road_timer_init(&self->timer, name ? PyUnicode_AsUTF8(name) : NULL,
			timer_fire);
	PyObject_GC_Track(self);
	if ((name && ext_keep(machine, name) < 0) ||
	    PySet_Add(machine->timers, (PyObject *)self) < 0) {
		self->machine = NULL;
		Py_DECREF(self);
		return NULL;
	}
	road_timer_set(machine->machine, &self->timer, ns);
	return (PyObject *)self;
}

static void cancel(struct ext_timer *self)
{
	struct ext_machine *machine = self->machine;

	if (!machine)
		return;
	road_timer_cancel(&self->timer);
	self->machine = NULL;
	PySet_Discard(machine->timers, (PyObject *)self);
}

void ext_timers_cancel(struct ext_machine *machine, PyObject *owner)
{
	PyObject *all = PySequence_List(machine->timers);
	struct ext_timer *timer;
	Py_ssize_t i;

	for (i = 0; all && i < PyList_GET_SIZE(all); i++) {
		timer = (struct ext_timer *)PyList_GET_ITEM(all, i);
		if (!owner || timer->owner == owner)
			cancel(timer);
	}
	Py_XDECREF(all);
}

static PyObject *timer_cancel(struct ext_timer *self, PyObject *unused)
{
	if (self->machine && !ext_usable(self->machine))
		return NULL;
	Py_INCREF(self);
	cancel(self);
	Py_DECREF(self);
	Py_RETURN_NONE;
}

static PyObject *timer_pending(struct ext_timer *self, void *unused)
{
	return PyBool_FromLong(self->machine != NULL);
}

static PyObject *timer_due(struct ext_timer *self, void *unused)
{
	if (!self->machine)
		Py_RETURN_NONE;
	return PyLong_FromUnsignedLongLong(self->timer.due);
}

static int timer_traverse(struct ext_timer *self, visitproc visit, void *arg)
{
	Py_VISIT(self->fn);
	Py_VISIT(self->owner);
	return 0;
}

static int timer_clear(struct ext_timer *self)
{
	Py_CLEAR(self->fn);
	Py_CLEAR(self->owner);
	return 0;
}

static void timer_dealloc(struct ext_timer *self)
{
	PyObject_GC_UnTrack(self);
	timer_clear(self);
	Py_XDECREF(self->name);
	Py_TYPE(self)->tp_free(self);
}

static PyMethodDef timer_methods[] = {
	{ "cancel", (PyCFunction)timer_cancel, METH_NOARGS },
	{ NULL }
};

static PyGetSetDef timer_getset[] = {
	{ "pending", (getter)timer_pending },
	{ "due", (getter)timer_due },
	{ NULL }
};

PyTypeObject ext_timer_type = {
	PyVarObject_HEAD_INIT(NULL, 0)
	.tp_name = "_roadtest.Timer",
	.tp_basicsize = sizeof(struct ext_timer),
	.tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC |
		    Py_TPFLAGS_DISALLOW_INSTANTIATION,
	.tp_dealloc = (destructor)timer_dealloc,
	.tp_traverse = (traverseproc)timer_traverse,
	/* no tp_clear: a timer that is set must keep its function, and the
	 * machine's clear cancels it */
	.tp_methods = timer_methods,
	.tp_getset = timer_getset,
};

/* ------------------------------------------------------------------------
 * Line watch
 */

static void watch_changed(struct road_line_watch *watch, unsigned int line,
			  enum road_direction direction, int level)
{
	struct ext_watch *self = road_container_of(watch, struct ext_watch,
						   watch);
	PyGILState_STATE state = PyGILState_Ensure();

	Py_INCREF(self);
	run_callback(self->machine, self->fn,
		     Py_BuildValue("(Iii)", line, (int)direction, level));
	Py_DECREF(self);
	PyGILState_Release(state);
}

PyObject *ext_line_watch(struct ext_machine *machine, PyObject *args)
{
	struct ext_watch *self;
	uint32_t line;
	PyObject *fn;
	int ret;

	if (!PyArg_ParseTuple(args, "O&O", ext_u32, &line, &fn) ||
	    !ext_usable(machine))
		return NULL;
	self = PyObject_GC_New(struct ext_watch, &ext_watch_type);
	if (!self)
		return NULL;
	self->machine = NULL;
	self->fn = Py_NewRef(fn);
	self->watch = (struct road_line_watch){ .changed = watch_changed };
	PyObject_GC_Track(self);
	if (PyList_Append(machine->watches, (PyObject *)self) < 0) {
		Py_DECREF(self);
		return NULL;
	}
	ret = road_line_watch(machine->machine, line, &self->watch);
	if (ret < 0) {
		ext_forget(machine->watches, (PyObject *)self);
		Py_DECREF(self);
		return ext_raise(machine, ret, NULL);
	}
	self->machine = machine;
	return (PyObject *)self;
}

static void watch_stop(struct ext_watch *self)
{
	struct ext_machine *machine = self->machine;

	if (!machine)
		return;
	road_line_unwatch(&self->watch);
	self->machine = NULL;
	ext_forget(machine->watches, (PyObject *)self);
}

void ext_watches_close(struct ext_machine *machine)
{
	while (PyList_GET_SIZE(machine->watches) > 0)
		watch_stop((struct ext_watch *)
			   PyList_GET_ITEM(machine->watches, 0));
}

static PyObject *watch_close(struct ext_watch *self, PyObject *unused)
{
	if (self->machine && !ext_usable(self->machine))
		return NULL;
	Py_INCREF(self);
	watch_stop(self);
	Py_DECREF(self);
	Py_RETURN_NONE;
}

static PyObject *watch_closed(struct ext_watch *self, void *unused)
{
	return PyBool_FromLong(!self->machine);
}

static int watch_traverse(struct ext_watch *self, visitproc visit, void *arg)
{
	Py_VISIT(self->fn);
	return 0;
}

static void watch_dealloc(struct ext_watch *self)
{
	PyObject_GC_UnTrack(self);
	Py_CLEAR(self->fn);
	Py_TYPE(self)->tp_free(self);
}

static PyMethodDef watch_methods[] = {
	{ "close", (PyCFunction)watch_close, METH_NOARGS },
	{ NULL }
};

static PyGetSetDef watch_getset[] = {
	{ "closed", (getter)watch_closed },
	{ NULL }
};

PyTypeObject ext_watch_type = {
	PyVarObject_HEAD_INIT(NULL, 0)
	.tp_name = "_roadtest.LineWatch",
	.tp_basicsize = sizeof(struct ext_watch),
	.tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC |
		    Py_TPFLAGS_DISALLOW_INSTANTIATION,
	.tp_dealloc = (destructor)watch_dealloc,
	.tp_traverse = (traverseproc)watch_traverse,
	.tp_methods = watch_methods,
	.tp_getset = watch_getset,
};
