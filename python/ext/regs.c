// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * RegisterChip: a model that is a map of registers, and Layout, the table
 * that all chips of one class share. An access to a register without hooks
 * never enters the interpreter.
 */
#include "ext.h"

enum hook { BEFORE_READ, ON_WRITE, ON_READ, NUM_HOOKS };

struct hooks {
	PyObject *reg;			/* the Register, first argument */
	PyObject *fns[NUM_HOOKS];	/* tuples of functions; NULL: none */
};

struct ext_layout {
	PyObject_HEAD
	PyObject *table;		/* owns the strings of @descs */
	PyObject *value_type;		/* makes what a hook is given */
	struct road_regmap_config config;
	struct road_reg_desc *descs;
	struct road_reg_field **fields;
	struct hooks *hooks;
	Py_ssize_t num;
};

struct ext_regs {
	struct ext_chip base;
	struct ext_layout *layout;
	struct road_regmap map;
};

static struct ext_regs *to_regs(struct road_regmap *map)
{
	return road_container_of(map, struct ext_regs, map);
}

/* ------------------------------------------------------------------------
 * Hooks
 */

static int call_hooks(struct ext_regs *self, struct hooks *hooks,
		      enum hook kind, struct road_reg *reg, uint32_t old,
		      uint32_t written)
{
	PyObject *value, *ret, *fns = hooks->fns[kind];
	Py_ssize_t i;

	value = PyObject_CallFunction(self->layout->value_type, "OIII",
				      hooks->reg, reg->value, old, written);
	if (!value)
		return ext_model_error(self->map.chip.machine);
	for (i = 0; i < PyTuple_GET_SIZE(fns); i++) {
		ret = PyObject_CallFunctionObjArgs(PyTuple_GET_ITEM(fns, i),
						   self, value, NULL);
		Py_XDECREF(ret);
		if (!ret)
			break;
	}
	Py_DECREF(value);
	return PyErr_Occurred() ? ext_model_error(self->map.chip.machine) : 0;
}

static int run_hooks(struct road_regmap *map, struct road_reg *reg,
		     enum hook kind, uint32_t old, uint32_t written)
{
	struct ext_regs *self = to_regs(map);
	struct hooks *hooks;
	PyGILState_STATE state;
	int ret;

	hooks = &self->layout->hooks[reg->desc - self->layout->descs];
	if (!hooks->fns[kind])
		return 0;
	state = PyGILState_Ensure();
	ret = call_hooks(self, hooks, kind, reg, old, written);
	PyGILState_Release(state);
	return ret;
}

static int regs_before_read(struct road_regmap *map, struct road_reg *reg)
{
	return run_hooks(map, reg, BEFORE_READ, reg->value, reg->value);
}

static int regs_after_write(struct road_regmap *map, struct road_reg *reg,
			    uint32_t old, uint32_t written)
{
	return run_hooks(map, reg, ON_WRITE, old, written);
}

static int regs_after_read(struct road_regmap *map, struct road_reg *reg)
{
	return run_hooks(map, reg, ON_READ, reg->value, reg->value);
}

/* The method command() of the class; true: the byte was all. */
static int regs_command(struct road_regmap *map, uint32_t sent)
{
	struct ext_regs *self = to_regs(map);
	PyGILState_STATE state = PyGILState_Ensure();
	PyObject *done;
	int ret;

	done = PyObject_CallMethod((PyObject *)self, "command", "I", sent);
	ret = done ? PyObject_IsTrue(done) : -1;
	Py_XDECREF(done);
	if (ret < 0)
		ret = ext_model_error(map->chip.machine);
	PyGILState_Release(state);
	return ret;
}

/* ------------------------------------------------------------------------
 * Layout
 */

/* fields: a tuple of (name, msb, lsb) */
static int parse_fields(struct ext_layout *self, Py_ssize_t i, PyObject *fields)
{
	Py_ssize_t n = PyTuple_GET_SIZE(fields), k;
	struct road_reg_field *f;

	f = PyMem_Calloc(n + 1, sizeof(*f));
	if (!f) {
		PyErr_NoMemory();
		return -1;
	}
	self->fields[i] = f;
	self->descs[i].fields = f;
	for (k = 0; k < n; k++) {
		if (!PyArg_ParseTuple(PyTuple_GET_ITEM(fields, k), "sbb",
				      &f[k].name, &f[k].msb, &f[k].lsb))
			return -1;
	}
	return 0;
}

static int parse_register(struct ext_layout *self, Py_ssize_t i, PyObject *row)
{
	struct road_reg_desc *d = &self->descs[i];
	struct hooks *h = &self->hooks[i];
	PyObject *fields;
	int access, kind;

	if (!PyArg_ParseTuple(row, "IsIibIIIIO!OO!O!O!", &d->addr, &d->name,
			      &d->reset, &access, &d->width, &d->writable,
			      &d->w1c, &d->rc, &d->reserved, &PyTuple_Type,
			      &fields, &h->reg, &PyTuple_Type,
			      &h->fns[BEFORE_READ], &PyTuple_Type,
			      &h->fns[ON_WRITE], &PyTuple_Type,
			      &h->fns[ON_READ]))
		return -1;
	d->access = access;
	for (kind = 0; kind < NUM_HOOKS; kind++) {
		if (PyTuple_GET_SIZE(h->fns[kind]) == 0)
			h->fns[kind] = NULL;
	}
	if (h->fns[BEFORE_READ])
		self->config.before_read = regs_before_read;
	if (h->fns[ON_WRITE])
		self->config.after_write = regs_after_write;
	if (h->fns[ON_READ])
		self->config.after_read = regs_after_read;
	return parse_fields(self, i, fields);
}

static int parse_table(struct ext_layout *self)
{
	Py_ssize_t i;

	self->num = PyTuple_GET_SIZE(self->table);
	self->descs = PyMem_Calloc(self->num + 1, sizeof(*self->descs));
	self->fields = PyMem_Calloc(self->num + 1, sizeof(*self->fields));
	self->hooks = PyMem_Calloc(self->num + 1, sizeof(*self->hooks));
	if (!self->descs || !self->fields || !self->hooks) {
		PyErr_NoMemory();
		return -1;
	}
	for (i = 0; i < self->num; i++) {
		if (parse_register(self, i, PyTuple_GET_ITEM(self->table, i)))
			return -1;
	}
	self->config.regs = self->descs;
	return 0;
}

static PyObject *layout_new(PyTypeObject *type, PyObject *args, PyObject *kwds)
{
	static char *names[] = { "registers", "value_type", "width",
				 "addr_width", "little_endian",
				 "auto_increment", "addr_mask",
				 "increment_mask", "has_command", NULL };
	struct ext_layout *self;
	int width, addr_width, little, increment, has_command;
	unsigned int addr_mask, increment_mask;
	PyObject *table, *value_type;

	if (!PyArg_ParseTupleAndKeywords(args, kwds, "O!OiippIIp", names,
					 &PyTuple_Type, &table, &value_type,
					 &width, &addr_width, &little,
					 &increment, &addr_mask,
					 &increment_mask, &has_command))
		return NULL;
	self = (struct ext_layout *)type->tp_alloc(type, 0);
	if (!self)
		return NULL;
	self->table = Py_NewRef(table);
	self->value_type = Py_NewRef(value_type);
	self->config.width = width;
	self->config.addr_width = addr_width;
	self->config.little_endian = little;
	self->config.auto_increment = increment;
	self->config.addr_mask = addr_mask;
	self->config.increment_mask = increment_mask;
	self->config.command = has_command ? regs_command : NULL;
	if (parse_table(self) < 0) {
		Py_DECREF(self);
		return NULL;
	}
	return (PyObject *)self;
}

static int layout_traverse(struct ext_layout *self, visitproc visit, void *arg)
{
	Py_VISIT(self->table);
	Py_VISIT(self->value_type);
	return 0;
}

/* Classes and their layout form a cycle; it has to break there (a chip's
 * callbacks use the table as long as the chip lives). */
static void layout_dealloc(struct ext_layout *self)
{
	Py_ssize_t i;

	PyObject_GC_UnTrack(self);
	for (i = 0; self->fields && i < self->num; i++)
		PyMem_Free(self->fields[i]);
	PyMem_Free(self->fields);
	PyMem_Free(self->descs);
	PyMem_Free(self->hooks);
	Py_XDECREF(self->table);
	Py_XDECREF(self->value_type);
	Py_TYPE(self)->tp_free(self);
}

PyTypeObject ext_layout_type = {
	PyVarObject_HEAD_INIT(NULL, 0)
	.tp_name = "_roadtest.Layout",
	.tp_basicsize = sizeof(struct ext_layout),
	.tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
	.tp_new = layout_new,
	.tp_dealloc = (destructor)layout_dealloc,
	.tp_traverse = (traverseproc)layout_traverse,
};

/* ------------------------------------------------------------------------
 * RegisterChip
 */

static PyObject *no_memory_or_usage(int ret, PyTypeObject *type)
{
	if (ret == -ROAD_ENOMEM)
		return PyErr_NoMemory();
	return ext_usage("%s: a register has a width outside 1 to 4 bytes, or "
			 "an address stands there twice", type->tp_name);
}

/* The class has its Layout as _layout. */
static PyObject *regs_new(PyTypeObject *type, PyObject *args, PyObject *kwds)
{
	struct ext_regs *self;
	PyObject *layout;
	int ret;

	layout = PyObject_GetAttrString((PyObject *)type, "_layout");
	if (!layout)
		return NULL;
	if (!PyObject_TypeCheck(layout, &ext_layout_type)) {
		Py_DECREF(layout);
		return PyErr_Format(PyExc_TypeError, "%s declares no register",
				    type->tp_name);
	}
	self = (struct ext_regs *)type->tp_alloc(type, 0);
	if (!self) {
		Py_DECREF(layout);
		return NULL;
	}
	self->layout = (struct ext_layout *)layout;
	self->base.chip = &self->map.chip;
	self->base.name = PyUnicode_FromString(type->tp_name);
	ret = self->base.name ? road_regmap_init(&self->map,
				PyUnicode_AsUTF8(self->base.name),
				&self->layout->config) : -ROAD_ENOMEM;
	if (ret < 0) {
		Py_DECREF(self);
		return no_memory_or_usage(ret, type);
	}
	return (PyObject *)self;
}

static int regs_traverse(struct ext_regs *self, visitproc visit, void *arg)
{
	Py_VISIT(self->layout);
	return 0;
}

static void regs_dealloc(struct ext_regs *self)
{
	PyObject_GC_UnTrack(self);
	if (self->map.regs)
		road_regmap_deinit(&self->map);
	Py_XDECREF(self->layout);
	Py_XDECREF(self->base.name);
	Py_TYPE(self)->tp_free(self);
}

static struct road_reg *find(struct ext_regs *self, PyObject *addr)
{
	unsigned long n = PyLong_AsUnsignedLong(addr);
	struct road_reg *reg;

	if (PyErr_Occurred())
		return NULL;
	reg = n <= UINT32_MAX ? road_regmap_reg(&self->map, n) : NULL;
	if (!reg)
		PyErr_Format(PyExc_KeyError, "%U has no register at 0x%lx",
			     self->base.name, n);
	return reg;
}

static PyObject *regs_get(struct ext_regs *self, PyObject *addr)
{
	struct road_reg *reg = find(self, addr);

	return reg ? PyLong_FromUnsignedLong(reg->value) : NULL;
}

static PyObject *regs_set(struct ext_regs *self, PyObject *args)
{
	struct road_reg *reg;
	unsigned int width;
	PyObject *addr, *value;
	unsigned long long n;

	if (!PyArg_ParseTuple(args, "OO", &addr, &value))
		return NULL;
	reg = find(self, addr);
	if (!reg)
		return NULL;
	width = reg->desc->width ? reg->desc->width :
		self->layout->config.width ? self->layout->config.width : 1;
	n = PyLong_AsUnsignedLongLong(value);
	if (PyErr_Occurred() || n >> (8 * width)) {
		if (PyErr_Occurred() &&
		    !PyErr_ExceptionMatches(PyExc_OverflowError))
			return NULL;
		PyErr_Clear();
		return PyErr_Format(PyExc_ValueError, "%s.%s has %u bits: %R "
				    "does not fit", Py_TYPE(self)->tp_name,
				    reg->desc->name, 8 * width, value);
	}
	road_regmap_set(&self->map, reg->desc->addr, n);
	Py_RETURN_NONE;
}

static PyObject *regs_reset(struct ext_regs *self, PyObject *unused)
{
	road_regmap_reset(&self->map);
	Py_RETURN_NONE;
}

static PyObject *regs_set_auto_increment(struct ext_regs *self, PyObject *on)
{
	road_regmap_set_auto_increment(&self->map, on == Py_True);
	Py_RETURN_NONE;
}

static PyObject *regs_set_little_endian(struct ext_regs *self, PyObject *on)
{
	road_regmap_set_little_endian(&self->map, on == Py_True);
	Py_RETURN_NONE;
}

static PyObject *regs_set_page(struct ext_regs *self, PyObject *page)
{
	unsigned long n = PyLong_AsUnsignedLong(page);

	if (PyErr_Occurred())
		return NULL;
	road_regmap_set_page(&self->map, n);
	Py_RETURN_NONE;
}

static PyMethodDef regs_methods[] = {
	{ "_get", (PyCFunction)regs_get, METH_O },
	{ "_set", (PyCFunction)regs_set, METH_VARARGS },
	{ "_reset", (PyCFunction)regs_reset, METH_NOARGS },
	{ "_set_auto_increment", (PyCFunction)regs_set_auto_increment, METH_O },
	{ "_set_page", (PyCFunction)regs_set_page, METH_O },
	{ "_set_little_endian", (PyCFunction)regs_set_little_endian, METH_O },
	{ NULL }
};

PyTypeObject ext_regs_type = {
	PyVarObject_HEAD_INIT(NULL, 0)
	.tp_name = "_roadtest.RegisterChip",
	.tp_base = &ext_chip_type,
	.tp_basicsize = sizeof(struct ext_regs),
	.tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE |
		    Py_TPFLAGS_HAVE_GC,
	.tp_new = regs_new,
	.tp_dealloc = (destructor)regs_dealloc,
	.tp_traverse = (traverseproc)regs_traverse,
	.tp_methods = regs_methods,
};
