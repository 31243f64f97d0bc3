// SPDX-License-Identifier: LGPL-2.1-or-later
/* The module: its types, exceptions and constants. */
#include "ext.h"

#include <signal.h>
#include <sys/prctl.h>

static PyTypeObject *const types[] = {
	&ext_machine_type, &ext_chip_type, &ext_raw_type, &ext_layout_type,
	&ext_regs_type, &ext_timer_type, &ext_watch_type, &ext_call_type,
	&ext_node_type,
};

#define CONSTANT(name) { #name, ROAD_##name }

static const struct {
	const char *name;
	int value;
} constants[] = {
	CONSTANT(EGONE), CONSTANT(ELIMIT), CONSTANT(EMODEL), CONSTANT(EORACLE),
	CONSTANT(EPROTO), CONSTANT(EUSAGE), CONSTANT(EHOST),
	CONSTANT(EDEVICETREE),
	CONSTANT(ENOMEM),
	CONSTANT(EINTR),
	CONSTANT(ENODRIVER),
	CONSTANT(ENODEVICE),
	CONSTANT(ESIZE),
	CONSTANT(ESHORT),
	CONSTANT(NO_FREE_UNTIL), CONSTANT(AUTOPROBE), CONSTANT(NO_PIN),
	CONSTANT(DEBUG), CONSTANT(KEEP),
	CONSTANT(VAR_I2C_ADDR), CONSTANT(VAR_GPIO_PIN),
	CONSTANT(IRQ_NONE), CONSTANT(IRQ_EDGE_RISING),
	CONSTANT(IRQ_EDGE_FALLING), CONSTANT(IRQ_EDGE_BOTH),
	CONSTANT(IRQ_LEVEL_HIGH), CONSTANT(IRQ_LEVEL_LOW),
	CONSTANT(RW), CONSTANT(RO), CONSTANT(WO),
	CONSTANT(DIR_NONE), CONSTANT(DIR_OUT), CONSTANT(DIR_IN),
	CONSTANT(I2C_HOLD), CONSTANT(I2C_EVERY_ADDR), CONSTANT(NUM_LINES),
	CONSTANT(REC_I2C), CONSTANT(REC_REG), CONSTANT(REC_LINE),
	CONSTANT(REC_DIRECTION), CONSTANT(REC_IRQ_TYPE), CONSTANT(REC_IRQ),
	CONSTANT(REC_TIMER), CONSTANT(REC_NOTE),
	CONSTANT(STEP_BEGIN), CONSTANT(STEP_END), CONSTANT(STEP_FAILED),
	CONSTANT(STEP_TEST),
	CONSTANT(REC_F_READ), CONSTANT(REC_F_GUEST),
};

/* The machine's methods stand in several files, one a subject. */
static int add_methods(PyTypeObject *type, PyMethodDef *methods)
{
	PyObject *descr;
	int ret;

	for (; methods->ml_name; methods++) {
		descr = PyDescr_NewMethod(type, methods);
		if (!descr)
			return -1;
		ret = PyDict_SetItemString(type->tp_dict, methods->ml_name,
					   descr);
		Py_DECREF(descr);
		if (ret < 0)
			return -1;
	}
	PyType_Modified(type);
	return 0;
}

static int fill(PyObject *module)
{
	size_t i;

	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (PyModule_AddType(module, types[i]) < 0)
			return -1;
	}
	for (i = 0; i < sizeof(constants) / sizeof(constants[0]); i++) {
		if (PyModule_AddIntConstant(module, constants[i].name,
					    constants[i].value) < 0)
			return -1;
	}
	if (add_methods(&ext_machine_type, ext_guest_methods) < 0 ||
	    add_methods(&ext_machine_type, ext_board_methods) < 0)
		return -1;
	ext_bus_error = PyErr_NewException("_roadtest.BusError", NULL, NULL);
	if (!ext_bus_error)
		return -1;
	return PyModule_AddObjectRef(module, "BusError", ext_bus_error);
}

static PyObject *ext_strerror(PyObject *module, PyObject *arg)
{
	long error = PyLong_AsLong(arg);

	if (PyErr_Occurred())
		return NULL;
	return PyUnicode_FromString(road_strerror(error));
}

/* SIGKILL when the process that started this one ends. */
static PyObject *ext_die_with_parent(PyObject *module, PyObject *unused)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL))
		return PyErr_SetFromErrno(PyExc_OSError);
	Py_RETURN_NONE;
}

static PyMethodDef functions[] = {
	{ "strerror", ext_strerror, METH_O },
	{ "die_with_parent", ext_die_with_parent, METH_NOARGS },
	{ NULL }
};

static struct PyModuleDef module_def = {
	PyModuleDef_HEAD_INIT,
	.m_name = "_roadtest",
	.m_doc = "Thin types over roadtest.h; use the package roadtest.",
	.m_size = -1,
	.m_methods = functions,
};

PyMODINIT_FUNC PyInit__roadtest(void)
{
	PyObject *module = PyModule_Create(&module_def);

	if (module && fill(module) < 0)
		Py_CLEAR(module);
	return module;
}
