/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * run.h - from test programs to results: what `roadtest run` is made from
 *
 * run.c	the subcommands `run` and `list`: one step after the other;
 *		run-options.c reads what the user wants
 * program.c	finds the test programs, c-suite.c those of C suites, misnamed.c what
 *		looks like one; marks.c keeps those with a mark
 * select.c	which of their tests; expression.c reads -k, shard.c cuts --shard
 * history.c	times and outcomes of earlier runs
 * units.c	what is given out at once; schedule.c gives it out
 * runner.c	runs a part in one process after the other; stream.c reads its
 *		KTAP, subtests.c that of subtests, output.c and spool.c keep what
 *		else it prints;
 *		forkserver.c spares starts of Python, launch.c has other
 *		programs start them elsewhere
 * report.c	what is known of each test; show.c and ktap.c show it, reports.c
 *		writes it into files
 */
#ifndef CLI_RUN_H
#define CLI_RUN_H

#include "cli.h"

/* --- spool.c: text that waits to be shown, in a file and not in memory */

struct spool {
	FILE *file;		/* has no name; NULL: not begun */
	long end;
	int error;		/* errno of the first failure */
};

struct spooled {
	long at;
	size_t len;
	bool lost;		/* it could not be written */
};

/* Keep @lines, which may be NULL. */
struct spooled spool_add(struct spool *spool, const struct strings *lines);
/* Append what was kept to @lines. */
void spool_get(struct spool *spool, const struct spooled *text,
	       struct strings *lines);
/* Nothing of what was kept is needed any more. */
void spool_empty(struct spool *spool);
void spool_deinit(struct spool *spool);

/* --- history.c: earlier runs */

/* What is known of a test. */
struct past {
	int64_t ms;		/* -1: nothing */
	int result;		/* of the last run; -1: nothing */
};

struct program;

/* What is known of the tests in program->ids, into program->past. */
void history_load(struct program *program);
/* Keep what is known of a program that has come to its end, or nearly. */
void history_save(const struct program *program);
/* Has it failed, or not run, or was it flaky? */
bool past_failed(const struct past *past);

/* --- program.c: what can be run */

#define PYTHON "/usr/bin/python3"

enum result {
	RESULT_PASS,
	RESULT_FAIL,
	RESULT_SKIP,
	RESULT_KNOWN,		/* a bug that it knows showed */
	RESULT_FLAKY,		/* failed, and passed when it was tried again */
	RESULT_NOT_RUN,		/* was to run, and has no result */
	NUM_RESULTS
};

/* What is known of one test of a program, in one round. */
struct entry {
	char *id;
	bool done;
	bool again;		/* it failed and waits for another try */
	enum result result;
	unsigned int tries;	/* that failed before this result */
	const char *last;	/* what became of the last of several; NULL */
	char *reason;		/* of skip or known bug; NULL */
	struct spooled first;	/* diagnostics of a try that failed */
	struct spooled lines;	/* diagnostics */
	int64_t ms;		/* wall time */
	int64_t expected;	/* of an earlier run; -1: not known */
	char *journal;		/* of the process that ran it; NULL */
};

/* Tests that are given out together: program->order[first], ... */
struct unit {
	size_t first, num;
	int64_t rank;		/* the highest goes first */
	int64_t ms;		/* it may take that long */
	bool alone;		/* in a process of its own */
};

/* One test program in one round of the run. */
struct program {
	char *path;		/* as the user named it */
	char *shown;		/* the same as one line of text */
	char *place;		/* with no links before its name; NULL */
	char *exe;		/* what to execute */
	bool python;
	bool independent;	/* each test may have a process of its own */
	bool planned;		/* ids says all that will run */
	bool whole;		/* and that is all that the program has */
	bool unlisted;		/* it can't say what it has: trouble says why */
	char *misnamed;		/* why it is no program, though it looks like
				 * one; NULL: it is one */
	const char *refused;	/* why none of its tests can be run; NULL */
	char *kernel;		/* of its own, of round 1 only; NULL */
	struct strings select;	/* "Class", "Class.test"; empty: all */
	struct strings marks;	/* only tests with one of these */
	const struct strings *launcher;	/* what starts it; NULL: we do */
	struct strings ids;	/* what is to be run */
	struct strings norun;	/* those that its file has and that can't be */
	struct strings norun_why;	/* of each */
	struct past *past;	/* of each of ids, history.c; NULL */
	struct program *origin;	/* the same in round 1; itself there */
	unsigned int round;	/* from 1 */
	bool seeded;		/* it is given to the program */
	uint64_t seed;		/* of this round */
	unsigned int strays;	/* results that nobody waited for */
	unsigned int running;	/* processes */

	/* units.c */
	size_t *order;		/* of entries */
	size_t num_order;
	struct unit *units;
	size_t num_units, next_unit;
	int64_t round_ms;	/* that one round of it may take */

	/* report.c */
	struct entry *entries;
	size_t num_entries, hint;
	size_t printed;		/* of entries, those on the screen */
	struct strings trouble;	/* that is no test's, as it is shown */
	struct strings errors;	/* the same, for reports.c */
	unsigned int counts[NUM_RESULTS];
	bool begun, ended, failed;
};

struct programs {
	struct program **items;
	size_t num;
	size_t found;		/* how often one was, by programs_add() */
};

/* Add what @argument (directory, file, file::Class::test) stands for.
 * Return: false after a message. */
bool programs_add(struct programs *programs, const char *argument);
/* All are there: forget what only looks like a test and is part of one. */
void programs_complete(struct programs *programs);
/* One more round of @program, behind all others. */
struct program *programs_add_round(struct programs *programs,
				   const struct program *program);
void programs_deinit(struct programs *programs);
/* Add all of @from. */
void strings_copy(struct strings *to, const struct strings *from);
/* Is there a file that can be executed? */
bool is_program(const char *path);
/* Free what it holds and itself. */
void program_destroy(struct program *program);
/* Free what only a running program needs. */
void program_trim(struct program *program);
/* argv of a program with its options and, unless it is NULL, filters for
 * @ids; NULL-terminated. */
void program_argv(const struct program *program, const struct strings *ids,
		  struct strings *argv);
/* Take over what `--list` printed; @listed is cut into pieces. Return: NULL,
 * or why it is no list, to be freed. */
char *program_parse_list(struct program *program, char *listed);
/* Did it end with @status because no test has a mark that was asked for? */
bool program_none_marked(const struct program *program, int status);
/* Does a selection such as "Class" stand for @id? */
bool selection_is_of(const char *selection, const char *id);

/* --- misnamed.c: files that look like tests */

/* Why a file of a directory, called @name, is no test program, and should be;
 * to be freed. NULL: it does not look like one. */
char *misnamed_why(const char *path, const char *name);
/* Is the module, which has tests, there for another one of @programs? */
bool misnamed_is_imported(const struct programs *programs,
			  const struct program *program);
/* Is it what a tool leaves beside a program? */
bool is_by_product(const char *name);

/* --- c-suite.c */

/* The program of a C suite: of the build, beside it, or compiled now. To be
 * freed; NULL after a message. */
char *c_suite_program(const char *source);

/* --- marks.c */

/* Keep what may have tests with one of @marks. */
void programs_mark(struct programs *programs, const struct strings *marks);

/* --- output.c: what a test prints, as much as is worth keeping */

struct output {
	struct strings head;	/* the first lines */
	struct strings tail;	/* the last ones */
	size_t head_bytes, tail_bytes;
	size_t dropped;		/* bytes between them */
};

/* Keep a line of @len bytes, made printable. */
void output_add(struct output *output, const char *line, size_t len);
/* Move all into @lines, which is empty; @output is empty then. */
void output_take(struct output *output, struct strings *lines);
void output_deinit(struct output *output);

/* --- stream.c: KTAP */

/* A result, as it comes from a program. */
struct stream_test {
	enum result result;
	const char *id;
	const char *reason;	/* of skip or known bug; NULL */
	const struct strings *lines;	/* diagnostics */
	int64_t ms;
	const char *journal;	/* of the process; NULL */
};

/* Called with each result, in order. */
typedef void stream_result_fn(void *arg, const struct stream_test *test);
/* Called with the list that stands before the results, as of `--list`; @list
 * may be cut up. */
typedef void stream_list_fn(void *arg, char *list);

/* --- fixture.c */

/* Is that the name of a fixture of a class or a module? */
bool is_fixture(const struct program *program, const char *id);
/* Adds the names of all fixtures that the test @id may have. */
void fixtures_of(const struct program *program, const char *id,
		 struct strings *ids);

/* --- subtests.c */

struct subtests {
	size_t indent;		/* blanks before the outermost */
	unsigned int num, num_failed;
	unsigned int planned, done;	/* of the outermost */
	struct strings failed;	/* names of the first ones */
};

/* Is it a line about subtests? Then there is nothing to be shown of it. */
bool subtests_line(struct subtests *subtests, const char *line);
/* Did one fail, or did they not come to the end of their plan? */
bool subtests_bad(const struct subtests *subtests);
/* What is bad; to be freed. */
char *subtests_text(const struct subtests *subtests);
void subtests_deinit(struct subtests *subtests);

struct stream {
	stream_result_fn *result;
	stream_list_fn *listed;	/* NULL: no list is wanted */
	void *arg;
	bool own;		/* of our runner in Python, which says more */
	bool header;		/* it is KTAP at all */
	int plan;		/* -1: none yet */
	int second_plan;	/* likewise */
	int count;		/* results at the outer level */
	bool ended;		/* it says that this is all */
	char *list;		/* as far as it has come; NULL */
	struct subtests subtests;	/* of the current test */
	bool failed;		/* one of them */
	char *current;		/* id of "# start", until its result */
	int64_t started;
	int64_t took_ms;	/* what the program says of it; -1: nothing */
	struct output output;	/* since the last result */
	char *partial[2];	/* of standard output, standard error */
	size_t partial_len[2];
	bool cut[2];		/* it goes on with a line that was too long */
	bool drop;		/* of standard output, that rest is not wanted */
	char *bail;		/* text of "Bail out!" */
};

void stream_init(struct stream *stream, stream_result_fn *result, void *arg);
void stream_deinit(struct stream *stream);
/* What stands behind the "# " of a result. Return: the reason; NULL if it is no
 * directive, and @result is left alone. */
const char *stream_directive(const char *rest, bool ok, enum result *result);
/* Bytes from standard output (@fd 1) or standard error (@fd 2). */
void stream_feed(struct stream *stream, int fd, const char *data, size_t len);
/* Which bytes of a piece of standard output come before what is in the pipe of
 * standard error by now. */
size_t stream_place_err(const char *data, size_t len);
/* No more will come: ends open lines. */
void stream_finish(struct stream *stream);
/* The program died: a failure of the test that ran, with @why. */
void stream_fail_current(struct stream *stream, const char *why);
/* What was printed and belongs to no test yet. */
void stream_take_lines(struct stream *stream, struct strings *lines);

/* --- report.c: what is known of each test */

struct report_options {
	bool ktap;
	unsigned int rounds;	/* 0: no end */
	unsigned int retries;
	bool allow_flaky;	/* a flaky test does not fail the run */
	const char *seed;	/* the order is of this one; NULL: not shuffled */
};

struct report {
	struct report_options options;
	struct programs *programs;
	struct spool spool;
	size_t head;		/* the program that is being shown */
	unsigned int counts[NUM_RESULTS];
	unsigned int round_counts[NUM_RESULTS];	/* of the one at head */
	bool trouble;		/* a program had trouble that is no test's */
	bool unfinished;	/* one was ended before it was through */
	bool unlisted;		/* a program can't say what its tests are */
	size_t waiting;		/* entries that are done and not yet shown */
	unsigned int left_out;	/* not run, since the user wanted it so */
	int64_t begin;
	struct reports *reports;	/* keep all for them; NULL: none */
};

void report_init(struct report *report, const struct report_options *options,
		 struct programs *programs);
void report_deinit(struct report *report);
/* The programs are known; from now on results are shown. */
void report_begin(struct report *report);
/* The tests in program->ids will run. */
void report_plan(struct report *report, struct program *program);
void report_test(struct report *report, struct program *program,
		 const struct stream_test *test);
/* The program as a whole failed in a way that belongs to no test. */
void report_trouble(struct report *report, struct program *program,
		    const struct strings *lines, const char *fmt, ...)
	CLI_PRINTF(4, 5);
/* Its tests have results, and it did not come to its end all the same. */
void report_unfinished(struct report *report, struct program *program,
		       const struct strings *lines, const char *what);
/* Why tests of the program did not run; they are reported besides. */
void report_note(struct program *program, const struct strings *lines,
		 const char *what);
/* It can't say what its tests are, so none can be reported. */
void report_unlisted(struct report *report, struct program *program,
		     const struct strings *lines, const char *what);
/* Nothing more will come of it. */
void report_program_end(struct report *report, struct program *program);
/* No more is to be run: tests without a result were left out on purpose. */
void report_stop(struct report *report);
/* Show what there is, in whatever order it came: the run is interrupted. */
void report_rest(struct report *report);
/* How many tests have been reported. */
unsigned int report_tests(const struct report *report);
/* Does what is known so far fail the run? */
bool report_is_bad(const struct report *report);
/* Return: exit status. */
int report_end(struct report *report);
/* Has the test a result, or waits for another try? */
bool report_has(struct program *program, const char *id);
/* Diagnostics of a test that is done, those of tries that failed first. They
 * can be had while the entry is being shown, and with reports until
 * report_deinit(). The caller frees. */
void report_lines(struct report *report, const struct entry *entry,
		  struct strings *lines);

/* --- ktap.c: results on standard output, as KTAP */

void ktap_begin(const struct report *report);
/* All of a program that has come to its end; @number: of programs, from 1.
 * Return: how many tests that are. */
size_t ktap_program(struct report *report, const struct program *program,
		    size_t number);
/* What there is of one that has not. */
void ktap_interrupted(struct report *report, const struct program *program);
void ktap_end(const struct report *report);

/* --- show.c: results on standard output, in the order of the plan */

/* The next test of a program that is done. */
void show_test(struct report *report, struct program *program,
	       const struct entry *entry);
/* Trouble, and the end of a program. */
void show_program_end(struct report *report, struct program *program);
void show_trouble(struct report *report, struct program *program);
void show_end(const struct report *report);

/* --- reports.c: files that a run writes, and what they are made from */

enum report_kind { REPORT_JUNIT, REPORT_JSON, REPORT_HTML, REPORT_KINDS };

struct reports {
	const char *paths[REPORT_KINDS];	/* NULL: not wanted */
	bool trace;		/* keep the journals for `roadtest trace` */
	const char *trace_dir;	/* in a directory of the user's; NULL */
	const char *kernel, *seed;	/* what the run says; seed may be NULL */
	char *journals;		/* directory with one for each process; NULL */
	int lock;		/* on it */
	unsigned int processes;
	int64_t began;		/* seconds since 1970 */
};

/* Is anything to be written? Then results and their lines are to be kept. */
bool reports_wanted(const struct reports *reports);
/* Before the run: can the files be written? Return: false after a message. */
bool reports_begin(struct reports *reports);
/* A process of a program is going to be started: a directory for its journal,
 * in its environment. Return: its name, to be freed; NULL for none. */
char *reports_process(struct reports *reports);
/* Write what is known. Return: false after a message. */
bool reports_end(struct reports *reports, struct report *report,
		 bool interrupted);

/* --- forkserver.c: Python that is started once */

struct forkserver {
	struct process process;
	int sock;		/* -1: it does not run */
};

/* Return: false when it can't be had; no message. */
bool forkserver_start(struct forkserver *server);
void forkserver_stop(struct forkserver *server);
/* Start Python's runner with these arguments. False: start it yourself. */
bool forkserver_run(struct forkserver *server, struct process *process,
		    struct strings *argv);

/* --- launch.c: programs that another one starts, maybe on another machine */

/* First line of what a launched program prints; what stands before it is the
 * launcher's. */
#define WORKER_MARK "# roadtest worker"

/* Cut "ssh host" into words; false after a message. */
bool launcher_parse(struct strings *launcher, const char *command);
/* argv up to the program's own, whose words are then to be encoded. */
void launcher_argv(const struct strings *launcher, struct strings *argv);
/* As a word that means the same to a shell and without one; to be freed. */
char *launch_encode(const char *word);
/* In place; false if it was not encoded. */
bool launch_decode(char *word);
/* Send a signal to a program at the far end. */
void launched_signal(const struct process *process, int signo);
/* Kill a launcher that does not end. */
void launched_kill(const struct process *process);
/* It has ended, and is not reaped. If it was killed, give the rest of its group
 * time to end what runs at the far end. */
void launched_leave(struct process *process);

/* --- runner.c: some tests of a program, in one process after the other */

struct runner_options {
	unsigned int timeout;	/* seconds for one test; 0: none */
	bool given;		/* the user gave it: pass it on */
};

struct runner {
	struct report *report;
	const struct runner_options *options;
	struct forkserver *server;
	struct program *program;
	struct strings ids;	/* what is to be run */
	bool filtered;		/* pass them as filters */
	int cpu;		/* where its guests shall run; -1: anywhere */
	bool listing;		/* no run: ask for the tests */
	char *bad_list;		/* what is wrong with the list that stands
				 * before its results; NULL */
	int asked;		/* how many tests this process is to run */
	char *list;		/* what it printed */
	size_t list_len;
	struct stream stream;
	struct process process;
	int64_t deadline;
	const char *watched;	/* stream.current when the deadline was set */
	int count;		/* and stream.count */
	char *journal;		/* of the process that runs; NULL */
	bool heard;		/* something of its standard output */
	bool hung;
	bool killed;
	bool endless;		/* its list has no end */
};

#define RUNNER_FDS 3

/* Start. Whatever happens, each of its tests is reported, and none as passed
 * that did not run. Return: false when it has come to its end already. */
bool runner_begin(struct runner *runner);
/* What to wait for; ms until runner_step() must be called, -1: for ever. */
void runner_poll(const struct runner *runner, struct pollfd fds[RUNNER_FDS]);
int64_t runner_left(const struct runner *runner);
/* Return: false when it has come to its end. */
bool runner_step(struct runner *runner, const struct pollfd fds[RUNNER_FDS]);
/* Ask it to stop; then wait for it. */
void runner_signal(struct runner *runner, int signo);
void runner_stop(struct runner *runner, int signo);
void runner_deinit(struct runner *runner);

/* --- select.c: which tests */

struct shard {
	unsigned int index, count;	/* index from 0; count 0: no shards */
};

struct selection {
	struct strings filter, skip;	/* exact ids */
	struct expression *expression;	/* -k; NULL */
	const char *words;		/* what it was made of */
	struct shard shard;
	bool failed;			/* only what failed in its last run */
	bool marked;		/* the programs list only tests with a mark */
};

/* Keep of the programs, which were asked for their tests, what is wanted.
 * Return: false after a message. */
bool select_tests(struct programs *programs, const struct selection *selection);

/* --- expression.c */

/* Return: NULL after a message. */
struct expression *expression_parse(const char *text);
/* Does it stand for the test? @name: of its file, a space, its id. */
bool expression_matches(const struct expression *expression, const char *name);
void expression_destroy(struct expression *expression);

/* --- shard.c */

/* Free the ids of all tests that are not of this shard, which are NULL then.
 * Return: how many are left. */
size_t shard_cut(struct programs *programs, const struct shard *shard);

/* --- units.c: tests that are given out together */

enum isolate {
	ISOLATE_NONE,		/* as the program has it */
	ISOLATE_CLASS,		/* a process, with its kernels, for each class */
	ISOLATE_TEST,
};

struct unit_options {
	unsigned int jobs;
	enum isolate isolate;
	bool shuffle;		/* by program->seed */
};

/* Cut a program that is planned into units, and order them. @unknown: ms of a
 * test whose time is not known. */
void units_make(struct program *program, const struct unit_options *options,
		int64_t unknown);
/* One more unit for each test that waits for another try. */
void units_again(struct program *program);
bool units_left(const struct program *program);
/* How long those that nobody has may take. */
int64_t units_left_ms(const struct program *program);
/* Add the tests of the next part to @ids. @left: ms of all that is left of the
 * run. Return: are filters needed to run these? */
bool units_take(struct program *program, const struct unit_options *options,
		int64_t left, struct strings *ids);
bool same_class(const char *a, const char *b);

/* --- schedule.c: many of them at once */

struct schedule_options {
	struct unit_options units;
	struct runner_options runner;
	uint64_t seed;		/* of the first round */
	bool seeded;		/* it is given to the programs */
	bool until_failure;	/* no more tests once one has failed */
};

struct schedule;

/* The pointers are kept. A signal for us ends all from now on. */
struct schedule *schedule_create(struct report *report,
				 const struct schedule_options *options);
void schedule_destroy(struct schedule *schedule);
/* Ask the programs for their tests, into ids. */
void schedule_list(struct schedule *schedule);
/* Run what the programs' ids say, as many rounds as report->options. A program
 * that is not planned is asked for its tests by running it. */
void schedule_run(struct schedule *schedule);

/* --- run-options.c: what the user wants */

struct run_options {
	struct programs programs;
	struct selection selection;
	struct strings marks, launcher;
	struct kernel_request request;
	struct report_options show;
	struct schedule_options schedule;
	struct reports reports;
	const char *kernel;	/* NULL: from the cache */
	bool exact;		/* a kernel for each program */
	char *seed;		/* NULL: none */
	bool list;
};

/* Return: an exit status, -1 to go on. run_options_deinit() in any case. */
int run_options_parse(struct run_options *run, int argc, char **argv);
void run_options_deinit(struct run_options *run);

#endif /* CLI_RUN_H */
