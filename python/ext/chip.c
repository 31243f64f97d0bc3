// SPDX-License-Identifier: LGPL-2.1-or-later
/* Chip, the base of all models, and RawChip, which answers bus messages. */
#include "ext.h"

/* ------------------------------------------------------------------------
 * Chip: what all models share
 */

void ext_chip_detach(struct ext_chip *self)
{
	struct ext_machine *machine = self->machine;

	if (!machine)
		return;
	ext_timers_cancel(machine, (PyObject *)self);
	road_i2c_detach(self->chip);
	self->machine = NULL;
	ext_forget(machine->chips, (PyObject *)self);
}

static bool attached(struct ext_chip *self)
{
	if (self->machine)
		return ext_usable(self->machine);
	ext_usage("%U is not attached to a machine", self->name);
	return false;
}

static PyObject *chip_irq_assert(struct ext_chip *self, PyObject *unused)
{
	if (!attached(self))
		return NULL;
	road_irq_assert(self->chip);
	Py_RETURN_NONE;
}

static PyObject *chip_irq_deassert(struct ext_chip *self, PyObject *unused)
{
	if (!attached(self))
		return NULL;
	road_irq_deassert(self->chip);
	Py_RETURN_NONE;
}

static PyObject *chip_connect_irq(struct ext_chip *self, PyObject *args)
{
	uint32_t line;
	int type;

	if (!PyArg_ParseTuple(args, "O&i", ext_u32, &line, &type) ||
	    !attached(self))
		return NULL;
	return ext_result(self->machine,
			  road_i2c_connect_irq(self->chip, line, type), NULL);
}

static PyObject *chip_inject(struct ext_chip *self, PyObject *args)
{
	uint32_t after, count;
	int error;

	if (!PyArg_ParseTuple(args, "O&O&i", ext_u32, &after, ext_u32,
			      &count, &error))
		return NULL;
	road_i2c_inject(self->chip, after, count, error);
	Py_RETURN_NONE;
}

static PyObject *chip_release(struct ext_chip *self, PyObject *args)
{
	Py_buffer data = { 0 };
	int status, ret;

	if (!PyArg_ParseTuple(args, "iz*", &status, &data))
		return NULL;
	if (!attached(self)) {
		PyBuffer_Release(&data);
		return NULL;
	}
	ret = road_i2c_release(self->chip, status, data.buf, data.len);
	PyBuffer_Release(&data);
	return ext_result(self->machine, ret, NULL);
}

static PyObject *chip_machine(struct ext_chip *self, void *unused)
{
	if (!attached(self))
		return NULL;
	return Py_NewRef(self->machine);
}

static PyObject *chip_attached(struct ext_chip *self, void *unused)
{
	return PyBool_FromLong(self->machine != NULL);
}

static PyObject *chip_addr(struct ext_chip *self, void *unused)
{
	if (!attached(self))
		return NULL;
	return PyLong_FromLong(self->chip->addr);
}

static PyObject *chip_irq_line(struct ext_chip *self, void *unused)
{
	if (self->chip->irq_line < 0)
		Py_RETURN_NONE;
	return PyLong_FromLong(self->chip->irq_line);
}

static PyObject *chip_irq_active(struct ext_chip *self, void *unused)
{
	return PyBool_FromLong(self->chip->irq_active);
}

static PyObject *chip_messages(struct ext_chip *self, void *unused)
{
	return PyLong_FromUnsignedLongLong(self->chip->messages);
}

static PyObject *chip_pending(struct ext_chip *self, void *unused)
{
	const struct road_i2c_chip *chip = self->chip;

	/* One without end has struck when the first message failed. */
	return PyBool_FromLong(chip->inject_count &&
			       (chip->inject_count != UINT32_MAX ||
				!chip->inject_failed));
}

static PyMethodDef chip_methods[] = {
	{ "_irq_assert", (PyCFunction)chip_irq_assert, METH_NOARGS },
	{ "_irq_deassert", (PyCFunction)chip_irq_deassert, METH_NOARGS },
	{ "_connect_irq", (PyCFunction)chip_connect_irq, METH_VARARGS },
	{ "_inject", (PyCFunction)chip_inject, METH_VARARGS },
	{ "_release", (PyCFunction)chip_release, METH_VARARGS },
	{ NULL }
};

static PyGetSetDef chip_getset[] = {
	{ "machine", (getter)chip_machine },
	{ "attached", (getter)chip_attached },
	{ "addr", (getter)chip_addr },
	{ "irq_line", (getter)chip_irq_line },
	{ "irq_active", (getter)chip_irq_active },
	{ "messages", (getter)chip_messages },
	{ "_pending", (getter)chip_pending },
	{ NULL }
};

static PyMemberDef chip_members[] = {
	{ "name", T_OBJECT, offsetof(struct ext_chip, name), READONLY },
	{ NULL }
};

PyTypeObject ext_chip_type = {
	PyVarObject_HEAD_INIT(NULL, 0)
	.tp_name = "_roadtest.Chip",
	.tp_basicsize = sizeof(struct ext_chip),
	.tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE |
		    Py_TPFLAGS_DISALLOW_INSTANTIATION,
	.tp_methods = chip_methods,
	.tp_getset = chip_getset,
	.tp_members = chip_members,
};

/* ------------------------------------------------------------------------
 * RawChip: a model that answers messages
 */

struct ext_raw {
	struct ext_chip base;
	struct road_i2c_chip chip;
	struct road_i2c_ops ops;
};

static struct ext_raw *to_raw(struct road_i2c_chip *chip)
{
	return road_container_of(chip, struct ext_raw, chip);
}

/* What the hook @name may answer: None, or HOLD (an int, and no bool, which a
 * model returns by a slip). Takes over @ret. */
static int hook_result(struct road_i2c_chip *chip, const char *name,
		       PyObject *ret)
{
	int status = 0;

	if (ret && ret != Py_None) {
		if (PyLong_CheckExact(ret))
			status = PyLong_AsLong(ret);
		if (status != ROAD_I2C_HOLD || PyErr_Occurred())
			PyErr_Format(PyExc_TypeError, "the %s hook of %U "
				     "returned %R; it returns %s or HOLD",
				     name, to_raw(chip)->base.name, ret,
				     strcmp(name, "read") ? "None" : "bytes");
	}
	Py_XDECREF(ret);
	return PyErr_Occurred() ? ext_model_error(chip->machine) : status;
}

static int raw_start(struct road_i2c_chip *chip, bool read, bool first)
{
	PyGILState_STATE state = PyGILState_Ensure();
	int status;

	status = hook_result(chip, "start", PyObject_CallMethod(
			(PyObject *)to_raw(chip), "start", "OO",
			read ? Py_True : Py_False, first ? Py_True : Py_False));
	PyGILState_Release(state);
	return status;
}

static int raw_write(struct road_i2c_chip *chip, const uint8_t *data,
		     size_t len)
{
	PyGILState_STATE state = PyGILState_Ensure();
	int status;

	status = hook_result(chip, "write", PyObject_CallMethod(
			(PyObject *)to_raw(chip), "write", "y#",
			len ? (const char *)data : "", (Py_ssize_t)len));
	PyGILState_Release(state);
	return status;
}

/* Exactly @len bytes from a read hook, or HOLD. Takes over @ret. */
static int read_result(struct road_i2c_chip *chip, PyObject *ret,
		       uint8_t *data, size_t len)
{
	Py_buffer view;

	if (!ret || !PyObject_CheckBuffer(ret)) {
		if (ret == Py_None) {
			Py_CLEAR(ret);
			PyErr_Format(PyExc_TypeError, "the read hook of %U "
				     "returned None instead of %zu bytes",
				     to_raw(chip)->base.name, len);
		}
		return hook_result(chip, "read", ret);
	}
	if (PyObject_GetBuffer(ret, &view, PyBUF_SIMPLE) == 0) {
		if ((size_t)view.len == len)
			memcpy(data, view.buf, len);
		else
			PyErr_Format(PyExc_ValueError, "the read hook of %U "
				     "returned %zd bytes; the guest reads %zu",
				     to_raw(chip)->base.name, view.len, len);
		PyBuffer_Release(&view);
	}
	Py_DECREF(ret);
	return PyErr_Occurred() ? ext_model_error(chip->machine) : 0;
}

static int raw_read(struct road_i2c_chip *chip, uint8_t *data, size_t len)
{
	PyGILState_STATE state = PyGILState_Ensure();
	int status;

	status = read_result(chip, PyObject_CallMethod(
			(PyObject *)to_raw(chip), "read", "n",
			(Py_ssize_t)len), data, len);
	PyGILState_Release(state);
	return status;
}

static void raw_stop(struct road_i2c_chip *chip)
{
	PyGILState_STATE state = PyGILState_Ensure();

	hook_result(chip, "stop", PyObject_CallMethod(
			(PyObject *)to_raw(chip), "stop", NULL));
	PyGILState_Release(state);
}

static bool has_hook(PyTypeObject *type, const char *name)
{
	PyObject *fn = PyObject_GetAttrString((PyObject *)type, name);

	PyErr_Clear();
	Py_XDECREF(fn);
	return fn && fn != Py_None;
}

/* A hook that the class sets to None is not called at all. */
static PyObject *raw_new(PyTypeObject *type, PyObject *args, PyObject *kwds)
{
	struct ext_raw *self = (struct ext_raw *)type->tp_alloc(type, 0);

	if (!self)
		return NULL;
	self->base.chip = &self->chip;
	self->base.name = PyUnicode_FromString(type->tp_name);
	if (!self->base.name) {
		Py_DECREF(self);
		return NULL;
	}
	self->ops = (struct road_i2c_ops){
		.start = has_hook(type, "start") ? raw_start : NULL,
		.write = has_hook(type, "write") ? raw_write : NULL,
		.read = has_hook(type, "read") ? raw_read : NULL,
		.stop = has_hook(type, "stop") ? raw_stop : NULL,
	};
	road_i2c_chip_init(&self->chip, PyUnicode_AsUTF8(self->base.name),
			   &self->ops);
	return (PyObject *)self;
}

static void raw_dealloc(struct ext_raw *self)
{
	/* An attached chip is held by its machine: this one is not. */
	Py_XDECREF(self->base.name);
	Py_TYPE(self)->tp_free(self);
}

PyTypeObject ext_raw_type = {
	PyVarObject_HEAD_INIT(NULL, 0)
	.tp_name = "_roadtest.RawChip",
	.tp_base = &ext_chip_type,
	.tp_basicsize = sizeof(struct ext_raw),
	.tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
	.tp_new = raw_new,
	.tp_dealloc = (destructor)raw_dealloc,
};
