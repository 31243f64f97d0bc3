// SPDX-License-Identifier: LGPL-2.1-or-later
/* Node: a device of the devicetree that the machine wrote itself. */
#include "ext.h"

struct ext_node {
	PyObject_HEAD
	struct ext_machine *machine;
	struct road_device *device;
};

static int keep(struct ext_machine *machine, PyObject *args, PyObject *kwds)
{
	if (ext_keep(machine, args) < 0)
		return -1;
	return kwds ? ext_keep(machine, kwds) : 0;
}

PyObject *ext_node_add(struct ext_machine *machine, PyObject *args,
		       PyObject *kwds)
{
	static char *names[] = { "compatible", "irq", "properties", "addr",
				 "node", NULL };
	struct road_device_config config = { 0 };
	struct road_device *device;
	struct ext_node *self;
	int irq, ret;

	if (!PyArg_ParseTupleAndKeywords(args, kwds, "sizO&z", names,
					 &config.compatible, &irq,
					 &config.properties,
					 ext_u32, &config.addr,
					 &config.node))
		return NULL;
	if (!ext_usable(machine) || keep(machine, args, kwds) < 0)
		return NULL;
	config.irq = irq;
	ret = road_device_add(machine->machine, &config, NULL, &device);
	if (ret < 0)
		return ext_raise(machine, ret, NULL);
	self = PyObject_GC_New(struct ext_node, &ext_node_type);
	if (!self)
		return NULL;
	self->machine = (struct ext_machine *)Py_NewRef(machine);
	self->device = device;
	PyObject_GC_Track(self);
	return (PyObject *)self;
}

static PyObject *run(struct ext_node *self, int (*fn)(struct road_device *))
{
	PyThreadState *state = ext_begin(self->machine);
	int ret;

	if (!state)
		return NULL;
	ret = fn(self->device);
	ext_end(self->machine, state);
	return ext_result(self->machine, ret, road_device_path(self->device));
}

static PyObject *node_bind(struct ext_node *self, PyObject *unused)
{
	return run(self, road_device_bind);
}

static PyObject *node_unbind(struct ext_node *self, PyObject *unused)
{
	return run(self, road_device_unbind);
}

static PyObject *node_warning(struct ext_node *self, void *unused)
{
	const char *warning;

	if (!ext_usable(self->machine))
		return NULL;
	warning = road_device_warning(self->device);
	if (!warning)
		Py_RETURN_NONE;
	return PyUnicode_FromString(warning);
}

static PyObject *node_addr(struct ext_node *self, void *unused)
{
	if (!ext_usable(self->machine))
		return NULL;
	return PyLong_FromLong(road_device_addr(self->device));
}

static PyObject *node_pin(struct ext_node *self, void *unused)
{
	int pin;

	if (!ext_usable(self->machine))
		return NULL;
	pin = road_device_pin(self->device);
	if (pin < 0)
		Py_RETURN_NONE;
	return PyLong_FromLong(pin);
}

static PyObject *node_path(struct ext_node *self, void *unused)
{
	const char *path;

	if (!ext_usable(self->machine))
		return NULL;
	path = road_device_path(self->device);
	if (!path)
		return ext_usage("a device has a path once its machine is "
				 "booted");
	return PyUnicode_FromString(path);
}

static int node_traverse(struct ext_node *self, visitproc visit, void *arg)
{
	Py_VISIT(self->machine);
	return 0;
}

static void node_dealloc(struct ext_node *self)
{
	PyObject_GC_UnTrack(self);
	Py_XDECREF(self->machine);
	Py_TYPE(self)->tp_free(self);
}

static PyMethodDef node_methods[] = {
	{ "bind", (PyCFunction)node_bind, METH_NOARGS },
	{ "unbind", (PyCFunction)node_unbind, METH_NOARGS },
	{ NULL }
};

static PyGetSetDef node_getset[] = {
	{ "addr", (getter)node_addr },
	{ "pin", (getter)node_pin },
	{ "path", (getter)node_path },
	{ "warning", (getter)node_warning },
	{ NULL }
};

PyTypeObject ext_node_type = {
	PyVarObject_HEAD_INIT(NULL, 0)
	.tp_name = "_roadtest.Node",
	.tp_basicsize = sizeof(struct ext_node),
	.tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC |
		    Py_TPFLAGS_DISALLOW_INSTANTIATION,
	.tp_dealloc = (destructor)node_dealloc,
	.tp_traverse = (traverseproc)node_traverse,
	.tp_methods = node_methods,
	.tp_getset = node_getset,
};
