// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Errors, both ways: the library's codes become exceptions of
 * roadtest.errors, and an exception that a model raises crosses the library
 * unchanged, with its traceback.
 */
#include "ext.h"

PyObject *ext_bus_error;

PyObject *ext_usage(const char *fmt, ...)
{
	PyObject *text, *exc = NULL, *errors;
	va_list ap;

	va_start(ap, fmt);
	text = PyUnicode_FromFormatV(fmt, ap);
	va_end(ap);
	errors = PyImport_ImportModule("roadtest.errors");
	if (text && errors)
		exc = PyObject_CallMethod(errors, "from_code", "iOO",
					  ROAD_EUSAGE, text, Py_None);
	if (exc)
		PyErr_SetObject((PyObject *)Py_TYPE(exc), exc);
	Py_XDECREF(exc);
	Py_XDECREF(errors);
	Py_XDECREF(text);
	return NULL;
}

/* Raise an exception instance again, below the frames that it has. */
static void raise_again(PyObject *exc)
{
	PyObject *type = (PyObject *)Py_TYPE(exc);

	Py_INCREF(type);
	PyErr_Restore(type, exc, PyException_GetTraceback(exc));
}

/* Tell the test that runs, in case that it passes over the error. @self: NULL
 * for one that ends a hook, of which the machine tells later. */
static void record(struct ext_machine *self, PyObject *exc)
{
	PyObject *raised = PyImport_ImportModule("roadtest.raised");
	PyObject *ret = NULL;

	if (raised && self)
		ret = PyObject_CallMethod(raised, "record", "OO", self, exc);
	else if (raised)
		ret = PyObject_CallMethod(raised, "out_of_hook", "O", exc);
	if (!ret)
		PyErr_WriteUnraisable(exc);
	Py_XDECREF(ret);
	Py_XDECREF(raised);
}

/* What says no more than that the end, which was told, holds on. */
static bool is_news(struct ext_machine *self, int64_t code)
{
	switch (-code) {
	case ROAD_EGONE:
	case ROAD_ELIMIT:
	case ROAD_EPROTO:
	case ROAD_EINTR:
		return !self->told;
	case ROAD_EMODEL:
	case ROAD_EORACLE:
		return true;
	}
	return false;
}

PyObject *ext_raise(struct ext_machine *self, int64_t code, const char *path)
{
	bool news = is_news(self, code);
	PyObject *exc, *errors;

	exc = self->interrupt;
	self->interrupt = NULL;
	if (!exc && code == -ROAD_EMODEL)
		exc = road_machine_take(self->machine);
	if (!road_machine_is_up(self->machine))
		self->told = !road_machine_is_off(self->machine);
	if (exc) {
		if (news)
			record(self, exc);
		raise_again(exc);
		return NULL;
	}
	errors = PyImport_ImportModule("roadtest.errors");
	if (!errors)
		return NULL;
	exc = PyObject_CallMethod(errors, "from_code", "isz", (int)-code,
				  road_machine_error(self->machine), path);
	Py_DECREF(errors);
	if (exc && news)
		record(self, exc);
	if (exc)
		PyErr_SetObject((PyObject *)Py_TYPE(exc), exc);
	Py_XDECREF(exc);
	return NULL;
}

PyObject *ext_result(struct ext_machine *self, int64_t code, const char *path)
{
	if (code < 0)
		return ext_raise(self, code, path);
	Py_RETURN_NONE;
}

PyObject *ext_int_result(struct ext_machine *self, int64_t code,
			 const char *path)
{
	if (code < 0)
		return ext_raise(self, code, path);
	return PyLong_FromLongLong(code);
}

/* The machine dropped an exception that nobody took. */
static void payload_free(void *payload)
{
	PyGILState_STATE state = PyGILState_Ensure();

	Py_DECREF((PyObject *)payload);
	PyGILState_Release(state);
}

static int deliberate(PyObject *exc)
{
	PyObject *attr = PyObject_GetAttrString(exc, "errno");
	long error = attr ? PyLong_AsLong(attr) : -1;

	Py_XDECREF(attr);
	PyErr_Clear();
	return error > 0 && error <= 4095 ? -error : -EIO;
}

/* Its text is the model's own; what roadtest knows besides is a note to it
 * (Python 3.11 and later). */
static void add_cut(PyObject *exc, const char *cut)
{
	PyObject *done = PyObject_CallMethod(exc, "add_note", "s", cut);

	Py_XDECREF(done);
	PyErr_Clear();
}

int ext_model_error(struct road_machine *machine)
{
	PyObject *type, *exc, *tb, *text;
	const char *message = NULL;
	int ret;

	PyErr_Fetch(&type, &exc, &tb);
	PyErr_NormalizeException(&type, &exc, &tb);
	if (tb)
		PyException_SetTraceback(exc, tb);
	Py_XDECREF(tb);
	Py_DECREF(type);
	if (PyObject_IsInstance(exc, ext_bus_error) == 1) {
		ret = deliberate(exc);
		Py_DECREF(exc);
		return ret;
	}
	record(NULL, exc);
	if (road_machine_cut(machine))
		add_cut(exc, road_machine_cut(machine));
	text = PyUnicode_FromFormat("%s: %S", Py_TYPE(exc)->tp_name, exc);
	if (text)
		message = PyUnicode_AsUTF8(text);
	PyErr_Clear();
	ret = road_machine_raise(machine, exc, payload_free,
				 message ? message : "exception in a model");
	Py_XDECREF(text);
	return ret < 0 ? ret : -EREMOTEIO;
}
