// SPDX-License-Identifier: LGPL-2.1-or-later
/* guest-run.c - programs and modules in the guest */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "guest.h"
#include "machine.h"
#include "modules.h"

/* ---- programs */

struct road_call *road_start_run(struct road_machine *machine,
				 const char *const *argv, const void *input,
				 size_t len)
{
	struct call_request request = {
		.op = PROTO_RUN, .max_data = PROTO_MAX_DATA,
	};
	struct call_part *parts;
	struct road_call *call;
	size_t argc = 0, i;

	while (argv[argc])
		argc++;
	parts = calloc(argc + 1, sizeof(*parts));
	if (!parts) {
		err_nomem(machine_error_of(machine));
		return NULL;
	}
	for (i = 0; i < argc; i++)
		parts[i] = guest_text(argv[i]);
	parts[argc] = (struct call_part){ input, input ? len : 0 };
	request.arg[0] = argc;
	request.parts = parts;
	request.num_parts = argc + 1;
	call = call_start(machine, &request, "run %s", argc ? argv[0] : "");
	free(parts);
	return call;
}

/* Standard error in a message: its end. */
#define MAX_STDERR 1000

/* Its standard error, if the answer has one. */
static const char *run_stderr(const struct road_call *call, size_t *len)
{
	struct proto_run head;

	*len = 0;
	if (call->len < sizeof(head))
		return "";
	memcpy(&head, call->data, sizeof(head));
	if (head.out_len > call->len - sizeof(head))
		return "";
	*len = call->len - sizeof(head) - head.out_len;
	return call->data + sizeof(head) + head.out_len;
}

int call_program_error(const struct road_call *call)
{
	struct road_machine *machine = agent_machine(call->agent);
	int status = call->result;
	const char *text;
	size_t len;

	if (WIFEXITED(status))
		machine_error(machine, -ROAD_EPROGRAM,
			      "%s: it exited with status %d", call->what,
			      WEXITSTATUS(status));
	else
		machine_error(machine, -ROAD_EPROGRAM,
			      "%s: it was killed by signal %d (%s)",
			      call->what, WTERMSIG(status),
			      strsignal(WTERMSIG(status)));
	text = run_stderr(call, &len);
	if (len > MAX_STDERR) {
		text += len - MAX_STDERR;
		len = MAX_STDERR;
	}
	while (len && text[len - 1] == '\n')
		len--;
	if (len)
		err_append(machine_error_of(machine), ": %.*s", (int)len, text);
	return -ROAD_EPROGRAM;
}

static char *copy_text(const char *data, size_t len)
{
	char *text = malloc(len + 1);

	if (!text)
		return NULL;
	memcpy(text, data, len);
	text[len] = '\0';
	return text;
}

static int run_output(struct road_machine *machine,
		      const struct road_call *call, struct road_output *output)
{
	struct road_output got = { 0 };
	struct proto_run head = { 0 };
	const char *at = call->data;

	if (call->len >= sizeof(head))
		memcpy(&head, at, sizeof(head));
	if (call->len < sizeof(head) ||
	    head.out_len > call->len - sizeof(head))
		return machine_error(machine, -ROAD_EPROTO,
				     "%s: an answer of %zu bytes says that %u are standard output",
				     call->what, call->len, head.out_len);
	at += sizeof(head);
	got.out_len = head.out_len;
	got.err_len = call->len - sizeof(head) - head.out_len;
	got.out = copy_text(at, got.out_len);
	got.err = copy_text(at + got.out_len, got.err_len);
	if (!got.out || !got.err) {
		free(got.out);
		free(got.err);
		return err_nomem(machine_error_of(machine));
	}
	got.status = call->result;
	*output = got;
	return 0;
}

int road_run(struct road_machine *machine, const char *const *argv,
	     const void *input, size_t len, struct road_output *output)
{
	struct road_call *call = road_start_run(machine, argv, input, len);
	int64_t result = call_result(machine, call);
	int ret;

	if (result >= 0 && output) {
		ret = run_output(machine, call, output);
		if (ret)
			result = ret;
	}
	if (result > 0)
		result = call_program_error(call);
	road_call_destroy(call);
	return result;
}

/* ---- modules */

/*
 * Index from which on a module that is loaded already is an error: with
 * parameters, which would not take effect. With several modules for one alias
 * that can't be told.
 */
static uint64_t strict_from(const struct module_list *list, const char *params)
{
	if (!params || !*params || list->num == 0)
		return UINT64_MAX;
	return list->num - 1;
}

static int load_failed(struct road_machine *machine,
		       const struct module_list *list,
		       const struct road_call *call)
{
	struct road_error *error = machine_error_of(machine);
	uint32_t index = UINT32_MAX;

	if (call && call->done && call->len == sizeof(index))
		memcpy(&index, call->data, sizeof(index));
	if (index >= list->num)
		return error->code;
	if (call->result == -ENOENT)
		err_append(error, "; %s needs symbols that nothing provides",
			   list->modules[index].name);
	else if (call->result == -ENOEXEC)
		err_append(error, "; %s is not built for this kernel",
			   list->modules[index].name);
	else if (!list->modules[index].wanted)
		err_append(error, "; of %s, which it depends on",
			   list->modules[index].name);
	return error->code;
}

static int load_list(struct road_machine *machine, const char *name,
		     const struct module_list *list, const char *params)
{
	struct call_part *parts = calloc(2 * list->num, sizeof(*parts));
	struct call_request request = {
		.op = PROTO_LOAD_MODULES, .arg = { strict_from(list, params) },
		.parts = parts, .num_parts = 2 * list->num,
		.max_data = sizeof(uint32_t),
	};
	struct road_call *call;
	int64_t result;
	size_t i;

	if (!parts)
		return err_nomem(machine_error_of(machine));
	for (i = 0; i < list->num; i++) {
		const struct module *module = &list->modules[i];

		parts[2 * i] = guest_text(module->guest_path);
		parts[2 * i + 1] = guest_text(params && module->wanted ?
					      params : "");
	}
	call = call_start(machine, &request, "load module %s", name);
	result = call_result(machine, call);
	if (result < 0)
		result = load_failed(machine, list, call);
	road_call_destroy(call);
	free(parts);
	return result < 0 ? result : 0;
}

int road_module_load(struct road_machine *machine, const char *name,
		     const char *params)
{
	struct road_error *error = machine_error_of(machine);
	struct module_list list = { 0 };
	struct modules *modules;
	int ret;

	ret = machine_may_call(machine);
	if (!ret)
		ret = agent_modules(machine_agent(machine), &modules, error);
	if (!ret)
		ret = modules_resolve(modules, name, &list, error);
	if (!ret)
		ret = modules_install(&list, machine_root(machine), error);
	if (!ret && list.num)
		ret = load_list(machine, name, &list, params);
	else if (!ret && params && *params)
		ret = machine_error(machine, -ROAD_EUSAGE,
				    "load module %s: it is built into the kernel, so parameters can't be given",
				    name);
	modules_list_deinit(&list);
	return ret;
}

int road_module_unload(struct road_machine *machine, const char *name)
{
	char *copy = strdup(name), *c;
	struct call_part parts[1];
	const struct call_request request = {
		.op = PROTO_UNLOAD_MODULE, .arg = { O_NONBLOCK },
		.parts = parts, .num_parts = NUM_PARTS(parts),
	};
	int ret;

	if (!copy)
		return err_nomem(machine_error_of(machine));
	/* The kernel knows them by this form only. */
	for (c = copy; *c; c++)
		if (*c == '-')
			*c = '_';
	parts[0] = guest_text(copy);
	ret = call_finish(machine, call_start(machine, &request,
					      "unload module %s", name));
	free(copy);
	return ret;
}
