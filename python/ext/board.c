// SPDX-License-Identifier: LGPL-2.1-or-later
/* The board's side of a machine: fragments, chips, lines, log and trace. */
#include "ext.h"

/* ------------------------------------------------------------------------
 * Fragments
 */

/* @vars: a sequence of (name, type). Return: a list of values. */
static PyObject *add_fragment(struct ext_machine *self,
			      struct road_fragment *fragment)
{
	PyObject *values;
	size_t i;
	int ret;

	ret = road_add_fragment(self->machine, fragment);
	if (ret < 0)
		return ext_raise(self, ret, NULL);
	values = PyList_New(fragment->num_vars);
	for (i = 0; values && i < fragment->num_vars; i++)
		PyList_SET_ITEM(values, i,
				PyLong_FromLong(fragment->vars[i].value));
	return values;
}

static PyObject *board_add_fragment(struct ext_machine *self, PyObject *args)
{
	struct road_fragment fragment = { 0 };
	PyObject *vars, *ret = NULL;
	size_t i;
	int type;

	if (!PyArg_ParseTuple(args, "szO!i", &fragment.src, &fragment.file,
			      &PyTuple_Type, &vars, &fragment.line) ||
	    !ext_usable(self))
		return NULL;
	fragment.num_vars = PyTuple_GET_SIZE(vars);
	fragment.vars = PyMem_Calloc(fragment.num_vars + 1,
				     sizeof(*fragment.vars));
	if (!fragment.vars)
		return PyErr_NoMemory();
	for (i = 0; i < fragment.num_vars; i++) {
		if (!PyArg_ParseTuple(PyTuple_GET_ITEM(vars, i), "si",
				      &fragment.vars[i].name, &type))
			goto out;
		fragment.vars[i].type = type;
	}
	if (ext_keep(self, vars) == 0)
		ret = add_fragment(self, &fragment);
out:
	PyMem_Free(fragment.vars);
	return ret;
}

/* ------------------------------------------------------------------------
 * Chips
 */

static PyObject *board_attach(struct ext_machine *self, PyObject *args)
{
	struct ext_chip *chip;
	uint32_t addr;
	int ret;

	if (!PyArg_ParseTuple(args, "O!O&", &ext_chip_type, &chip,
			      ext_u32, &addr) ||
	    !ext_usable(self))
		return NULL;
	if (chip->machine)
		return ext_usage("%U is attached already: a model stands at "
				 "one address of one machine", chip->name);
	if (ext_keep(self, chip->name) < 0 ||
	    PyList_Append(self->chips, (PyObject *)chip) < 0)
		return NULL;
	ret = road_i2c_attach(self->machine, addr, chip->chip);
	if (ret < 0) {
		ext_forget(self->chips, (PyObject *)chip);
		return ext_raise(self, ret, NULL);
	}
	chip->machine = self;
	/* The trace points to the names of its registers. */
	if (PyObject_HasAttrString((PyObject *)chip, "_layout")) {
		PyObject *layout = PyObject_GetAttrString((PyObject *)chip,
							  "_layout");

		if (layout)
			ext_keep(self, layout);
		Py_XDECREF(layout);
	}
	Py_RETURN_NONE;
}

static PyObject *board_detach(struct ext_machine *self, PyObject *arg)
{
	struct ext_chip *chip = (struct ext_chip *)arg;

	if (!PyObject_TypeCheck(arg, &ext_chip_type))
		return PyErr_Format(PyExc_TypeError, "not a model: %R", arg);
	if (!ext_usable(self))
		return NULL;
	if (chip->machine == self)
		ext_chip_detach(chip);
	Py_RETURN_NONE;
}

static PyObject *board_chips(struct ext_machine *self, PyObject *unused)
{
	return PySequence_List(self->chips);
}

/* ------------------------------------------------------------------------
 * Lines
 */

static PyObject *board_line_set(struct ext_machine *self, PyObject *args)
{
	uint32_t line;
	int level;

	if (!PyArg_ParseTuple(args, "O&p", ext_u32, &line, &level) ||
	    !ext_usable(self))
		return NULL;
	return ext_result(self, road_line_set(self->machine, line, level),
			  NULL);
}

/* Return: (level, direction, interrupts). */
static PyObject *board_line_get(struct ext_machine *self, PyObject *arg)
{
	unsigned long line = PyLong_AsUnsignedLong(arg);

	if (PyErr_Occurred() || !ext_usable(self))
		return NULL;
	return Py_BuildValue("(iiK)", road_line_get(self->machine, line),
			     (int)road_line_direction(self->machine, line),
			     (unsigned long long)
			     road_line_irqs(self->machine, line));
}

/* ------------------------------------------------------------------------
 * Log and oracles
 */

static PyObject *board_log_mark(struct ext_machine *self, PyObject *unused)
{
	if (!ext_usable(self))
		return NULL;
	return PyLong_FromSize_t(road_log_mark(self->machine));
}

/* A string of the library's; frees it. */
static PyObject *take_text(char *s)
{
	PyObject *text;

	if (!s)
		return PyErr_NoMemory();
	text = PyUnicode_DecodeUTF8(s, strlen(s), "replace");
	free(s);
	return text;
}

static PyObject *board_log_since(struct ext_machine *self, PyObject *arg)
{
	size_t mark = PyLong_AsSize_t(arg);

	if (PyErr_Occurred() || !ext_usable(self))
		return NULL;
	return take_text(road_log_since(self->machine, mark));
}

static PyObject *board_missing_option(struct ext_machine *self, PyObject *arg)
{
	const char *path = PyUnicode_AsUTF8(arg), *option;

	if (!path || !ext_usable(self))
		return NULL;
	option = road_missing_option(self->machine, path);
	if (!option)
		Py_RETURN_NONE;
	return PyUnicode_FromString(option);
}

static PyObject *board_log_test_mark(struct ext_machine *self, PyObject *unused)
{
	if (!ext_usable(self))
		return NULL;
	return PyLong_FromSize_t(road_log_test_mark(self->machine));
}

static PyObject *board_report_next(struct ext_machine *self, PyObject *arg)
{
	size_t mark = PyLong_AsSize_t(arg);
	struct road_report report;
	PyObject *found;
	int ret;

	if (PyErr_Occurred() || !ext_usable(self))
		return NULL;
	ret = road_report_next(self->machine, &mark, &report);
	if (ret < 0)
		return ext_raise(self, ret, NULL);
	if (!ret)
		Py_RETURN_NONE;
	found = Py_BuildValue("n(KssssissN)", (Py_ssize_t)mark,
			      (unsigned long long)report.time, report.kind,
			      report.text, report.stack, report.file,
			      report.line, report.function, report.module,
			      PyBool_FromLong(report.expected));
	road_report_deinit(&report);
	return found;
}

static PyObject *board_expect_log(struct ext_machine *self, PyObject *arg)
{
	const char *regex = PyUnicode_AsUTF8(arg);

	if (!regex || !ext_usable(self))
		return NULL;
	return ext_result(self, road_expect_log(self->machine, regex), NULL);
}

static PyObject *board_expect_logged(struct ext_machine *self, PyObject *args)
{
	const char *regex;
	Py_ssize_t mark;

	if (!PyArg_ParseTuple(args, "sn", &regex, &mark) || !ext_usable(self))
		return NULL;
	return ext_result(self,
			  road_expect_logged(self->machine, regex, (size_t)mark),
			  NULL);
}

static PyObject *board_test_begin(struct ext_machine *self, PyObject *arg)
{
	const char *name = PyUnicode_AsUTF8(arg);

	if (!name || !ext_usable(self) || ext_keep(self, arg) < 0)
		return NULL;
	road_test_begin(self->machine, name);
	Py_RETURN_NONE;
}

static PyObject *board_test_end(struct ext_machine *self, PyObject *unused)
{
	PyThreadState *state = ext_begin(self);
	int ret;

	if (!state)
		return NULL;
	ret = road_test_end(self->machine);
	ext_end(self, state);
	return ext_result(self, ret, NULL);
}

static PyObject *board_faults_end(struct ext_machine *self, PyObject *unused)
{
	if (!ext_usable(self))
		return NULL;
	return ext_result(self, road_faults_end(self->machine), NULL);
}

static PyObject *board_test_end_gone(struct ext_machine *self, PyObject *unused)
{
	PyThreadState *state = ext_begin(self);
	int ret;

	if (!state)
		return NULL;
	ret = road_test_end_gone(self->machine);
	ext_end(self, state);
	return ext_result(self, ret, NULL);
}

static PyObject *board_test_step(struct ext_machine *self, PyObject *args)
{
	const char *text, *file;
	int step, line;

	if (!PyArg_ParseTuple(args, "iszi", &step, &text, &file, &line) ||
	    !ext_usable(self))
		return NULL;
	if (step < ROAD_STEP_BEGIN || step > ROAD_STEP_TEST)
		return PyErr_Format(PyExc_ValueError, "no step: %d", step);
	road_test_step(self->machine, step, text, file, line);
	Py_RETURN_NONE;
}

/* ------------------------------------------------------------------------
 * Trace
 */

static PyObject *board_trace_count(struct ext_machine *self, PyObject *unused)
{
	if (!ext_usable(self))
		return NULL;
	return PyLong_FromSize_t(road_trace_count(self->machine));
}

static PyObject *record(const struct road_record *r)
{
	return Py_BuildValue("(KiiiIIIiy#zK)", (unsigned long long)r->time,
			     r->type, r->flags, r->addr, r->transaction,
			     r->reg, r->value, r->status,
			     r->data ? (const char *)r->data : "",
			     (Py_ssize_t)(r->data ? r->len : 0), r->name,
			     (unsigned long long)r->start);
}

/* Records from @from on; of @type and @addr, unless those are negative. */
static PyObject *board_trace(struct ext_machine *self, PyObject *args)
{
	const struct road_record *r;
	PyObject *list, *item;
	Py_ssize_t i;
	int type, addr;

	if (!PyArg_ParseTuple(args, "nii", &i, &type, &addr) ||
	    !ext_usable(self))
		return NULL;
	list = PyList_New(0);
	while (list && (r = road_trace_get(self->machine, i++))) {
		if ((type >= 0 && r->type != type) ||
		    (addr >= 0 && r->addr != addr))
			continue;
		item = record(r);
		if (!item || PyList_Append(list, item) < 0)
			Py_CLEAR(list);
		Py_XDECREF(item);
	}
	return list;
}

static PyObject *board_trace_note(struct ext_machine *self, PyObject *arg)
{
	const char *text = PyUnicode_AsUTF8(arg);

	if (!text || !ext_usable(self) || ext_keep(self, arg) < 0)
		return NULL;
	road_trace_note(self->machine, text);
	Py_RETURN_NONE;
}

static PyObject *board_trace_text(struct ext_machine *self, PyObject *arg)
{
	size_t from = PyLong_AsSize_t(arg);

	if (PyErr_Occurred() || !ext_usable(self))
		return NULL;
	return take_text(road_trace_text(self->machine, from));
}

static PyObject *board_trace_json(struct ext_machine *self, PyObject *arg)
{
	size_t from = PyLong_AsSize_t(arg);

	if (PyErr_Occurred() || !ext_usable(self))
		return NULL;
	return take_text(road_trace_json(self->machine, from));
}

#define METHOD(name, flags) { #name, (PyCFunction)board_##name, flags }

PyMethodDef ext_board_methods[] = {
	METHOD(add_fragment, METH_VARARGS),
	METHOD(attach, METH_VARARGS),
	METHOD(detach, METH_O),
	METHOD(chips, METH_NOARGS),
	METHOD(line_set, METH_VARARGS),
	METHOD(line_get, METH_O),
	METHOD(log_mark, METH_NOARGS),
	METHOD(log_since, METH_O),
	METHOD(log_test_mark, METH_NOARGS),
	METHOD(missing_option, METH_O),
	METHOD(report_next, METH_O),
	METHOD(expect_log, METH_O),
	METHOD(expect_logged, METH_VARARGS),
	METHOD(test_begin, METH_O),
	METHOD(test_end, METH_NOARGS),
	METHOD(test_end_gone, METH_NOARGS),
	METHOD(faults_end, METH_NOARGS),
	METHOD(test_step, METH_VARARGS),
	METHOD(trace_count, METH_NOARGS),
	METHOD(trace, METH_VARARGS),
	METHOD(trace_note, METH_O),
	METHOD(trace_text, METH_O),
	METHOD(trace_json, METH_O),
	{ NULL }
};
