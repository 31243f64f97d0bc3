// SPDX-License-Identifier: LGPL-2.1-or-later
/* Numbers without sign from Python: ValueError for what does not fit. */
#include "ext.h"

static bool number(PyObject *arg, int bits, uint64_t *n)
{
	PyObject *index = PyNumber_Index(arg);

	if (!index)
		return false;
	*n = PyLong_AsUnsignedLongLong(index);
	Py_DECREF(index);
	if (PyErr_Occurred() && !PyErr_ExceptionMatches(PyExc_OverflowError))
		return false;
	if (!PyErr_Occurred() && (bits == 64 || !(*n >> bits)))
		return true;
	PyErr_Format(PyExc_ValueError,
		     "%R is negative, or has more than %d bits", arg, bits);
	return false;
}

int ext_u32(PyObject *arg, void *out)
{
	uint64_t n;

	if (!number(arg, 32, &n))
		return 0;
	*(uint32_t *)out = n;
	return 1;
}

int ext_u64(PyObject *arg, void *out)
{
	uint64_t n;

	if (!number(arg, 64, &n))
		return 0;
	*(uint64_t *)out = n;
	return 1;
}

int ext_size(PyObject *arg, void *out)
{
	uint64_t n;

	if (!number(arg, 63, &n))
		return 0;
	*(Py_ssize_t *)out = n;
	return 1;
}
