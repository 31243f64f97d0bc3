/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The extension module _roadtest: thin Python types over roadtest.h and
 * roadtest/model.h, and over nothing else.
 *
 * The interpreter's lock is given up while the guest runs and taken again by
 * each callback. A machine belongs to the thread that made it; every method
 * that touches it checks that.
 *
 * Ownership: a machine holds what the library points to (attached chips, set
 * timers, watches, names in the trace); those point back without a reference
 * and are cut loose when the machine is closed.
 */
#ifndef ROADTEST_PYTHON_EXT_H
#define ROADTEST_PYTHON_EXT_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <structmember.h>

#include <roadtest.h>
#include <roadtest/model.h>

struct ext_machine {
	PyObject_HEAD
	struct road_machine *machine;	/* NULL once closed */
	unsigned long thread;
	pid_t process;			/* that made it */
	unsigned int running;		/* the guest runs: in a callback */
	bool told;			/* its end was raised from a call */
	PyObject *chips;		/* list of attached chips */
	PyObject *timers;		/* set of timers that are due */
	PyObject *watches;		/* list of line watches */
	PyObject *keep;			/* dict: names the trace points to */
	PyObject *interrupt;		/* exception that aborted a wait */
	PyObject *weakrefs;
};

/* Base of both kinds of chip; @chip points into the derived object. */
struct ext_chip {
	PyObject_HEAD
	struct road_i2c_chip *chip;
	struct ext_machine *machine;	/* borrowed, NULL while detached */
	PyObject *name;
};

struct ext_timer {
	PyObject_HEAD
	struct road_timer timer;
	struct ext_machine *machine;	/* borrowed, NULL unless it is set */
	PyObject *fn;
	PyObject *name;
	PyObject *owner;		/* chip whose detach cancels it */
};

struct ext_watch {
	PyObject_HEAD
	struct road_line_watch watch;
	struct ext_machine *machine;	/* borrowed, NULL once closed */
	PyObject *fn;
};

extern PyTypeObject ext_machine_type;
extern PyTypeObject ext_chip_type;
extern PyTypeObject ext_raw_type;
extern PyTypeObject ext_layout_type;
extern PyTypeObject ext_regs_type;
extern PyTypeObject ext_timer_type;
extern PyTypeObject ext_watch_type;
extern PyTypeObject ext_call_type;
extern PyTypeObject ext_node_type;

PyMODINIT_FUNC PyInit__roadtest(void);

/* error.c */

/** A model's deliberate NAK or bus error; not a failure of the test. */
extern PyObject *ext_bus_error;

/** ext_usage() - set roadtest.UsageError; @fmt as of PyUnicode_FromFormat().
 *  Return: NULL. */
PyObject *ext_usage(const char *fmt, ...);
/** ext_raise() - set the exception for @code (negative), which may be one
 *  that a model raised. @path: what the call was about, or NULL. Return:
 *  NULL. */
PyObject *ext_raise(struct ext_machine *self, int64_t code, const char *path);
/** ext_model_error() - a callback has set an exception: turn it into what the
 *  guest sees, or hand it to the machine for the test's call. Return:
 *  -errno. */
int ext_model_error(struct road_machine *machine);
/** ext_result() - None, or the exception for a negative @code. */
PyObject *ext_result(struct ext_machine *self, int64_t code, const char *path);
/** ext_int_result() - an int, or the exception for a negative @code. */
PyObject *ext_int_result(struct ext_machine *self, int64_t code,
			 const char *path);

/* number.c: converters for PyArg_ParseTuple()'s "O&". Its own formats for
 * numbers without sign take any number and drop what does not fit. */
int ext_u32(PyObject *arg, void *out);		/* uint32_t */
int ext_u64(PyObject *arg, void *out);		/* uint64_t */
int ext_size(PyObject *arg, void *out);		/* Py_ssize_t, not negative */

/* machine.c */

/** ext_usable() - may this thread use the machine? Else sets an exception. */
bool ext_usable(struct ext_machine *self);
/** ext_begin() - the guest is about to run: check, and give up the lock.
 *  Return: NULL with an exception set, or what ext_end() wants. */
PyThreadState *ext_begin(struct ext_machine *self);
void ext_end(struct ext_machine *self, PyThreadState *state);
/** ext_keep() - an object lives as long as the machine. Return: 0, or -1 with
 *  an exception set. */
int ext_keep(struct ext_machine *self, PyObject *object);
/** ext_forget() - drop what is identical to @item from a list. */
void ext_forget(PyObject *list, PyObject *item);

/* guest.c, board.c: method tables that machine.c adds to its type */
extern PyMethodDef ext_guest_methods[];
extern PyMethodDef ext_board_methods[];

/* timer.c */
PyObject *ext_timer_after(struct ext_machine *machine, PyObject *args,
			  PyObject *kwds);
/** Cancel all, or those of one chip. */
void ext_timers_cancel(struct ext_machine *machine, PyObject *owner);
PyObject *ext_line_watch(struct ext_machine *machine, PyObject *args);
void ext_watches_close(struct ext_machine *machine);

/* chip.c */
void ext_chip_detach(struct ext_chip *self);

/* call.c */
PyObject *ext_call_new(struct ext_machine *machine, struct road_call *call,
		       const char *path);
struct ext_ioctl {
	struct road_ioctl_buf *bufs;
	Py_buffer *views;
	size_t num_bufs;
	struct road_ioctl_ptr *ptrs;
	size_t num_ptrs;
};
/** Fill in from a sequence of buffers and one of (buffer, offset, target). */
int ext_ioctl_init(struct ext_ioctl *self, PyObject *bufs, PyObject *ptrs,
		   bool writable);
void ext_ioctl_deinit(struct ext_ioctl *self);
/** A NULL-terminated array that points into a sequence of str; to be freed
 *  with PyMem_Free(). */
const char **ext_argv(PyObject *seq);

/* node.c */
PyObject *ext_node_add(struct ext_machine *machine, PyObject *args,
		       PyObject *kwds);

#endif /* ROADTEST_PYTHON_EXT_H */
