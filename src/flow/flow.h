/*
 * A flow: which steps exist, what each waits for, and how their outputs become one report. This
 * header is the definition as data, read-only after parsing; parse.c makes it from YAML and
 * check.c proves it sound. Nothing here runs anything.
 *
 * All pointers of a struct flow live in the arena it was parsed into.
 */
#ifndef FLOW_FLOW_H
#define FLOW_FLOW_H

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/strs.h"
#include "flow/words.h"

#include <jansson.h>
#include <stdint.h>

struct place {
	const char *file;
	unsigned line, column; /* from 1 */
};

/* Source text (an expression, a template, a chunk) and where it begins. p is NULL when absent. */
struct source {
	struct str text;
	struct place at;
};

enum step_trigger { TRIGGER_ALL_SUCCESS, TRIGGER_ONE_SUCCESS, TRIGGER_ALL_DONE };

enum web_use { WEB_NONE, WEB_ONLY /* no repository content, no path in the prompt */ };

/* How an agent's answer must look. */
enum output_form { OUTPUT_TEXT, OUTPUT_FINDINGS, OUTPUT_SCHEMA };

struct agent_spec {
	struct str persona;
	struct source task;		 /* template */
	struct str agent, model, effort; /* empty: the run's own */
	unsigned max_turns;		 /* 0: default */
	struct strs tools;		 /* subset of the read-only tools; none: all */
	enum web_use web;
	enum output_form output;
	json_t *schema; /* OUTPUT_SCHEMA; OUTPUT_FINDINGS uses output_findings_schema() */
};

enum code_call { CALL_NONE, CALL_RECONCILE };

struct code_spec {
	struct source run;   /* a Lua chunk that returns a string or a table … */
	enum code_call call; /* … or one of the built-in functions */
};

struct command_spec {
	struct source *argv; /* templates; for shell text: {"/bin/sh", "-c", text} */
	size_t n_argv;
	bool is_shell;
};

struct each_spec {
	struct source over;    /* expression giving a list */
	struct str as;	       /* name of the item in the nested step; "item" works too */
	unsigned max_parallel; /* 0: no own limit */
	struct flow_step *body;
};

struct switch_case {
	struct str label;
	struct source cond; /* absent in the default case */
	struct strs steps;
};

struct switch_spec {
	struct switch_case *cases; /* in order; the default, if any, is last */
	size_t n_cases;
};

struct loop_spec {
	struct flow_step **body; /* one or more, in order; needs may name siblings */
	size_t n_body;
	struct source until;
	unsigned max; /* 1..LOOP_ROUNDS_MAX */
};

struct approval_spec {
	struct source ask; /* template in Markdown */
	struct strs choices;
	struct str on_timeout; /* a choice, or "fail" */
};

struct flow_with {
	struct str name;
	struct source value; /* template */
};

struct flow_spec {
	struct str use;
	struct flow_with *with;
	size_t n_with;
};

struct flow_step {
	struct str id;	  /* slug, unique in the flow */
	struct str label; /* what a person reads */
	enum step_kind kind;
	enum step_role role;
	struct place at;
	size_t index;		  /* in flow->all */
	struct flow_step *parent; /* the each or loop it is nested in, or NULL */
	struct strs needs;
	enum step_trigger trigger;
	enum flow_size size; /* smallest size at which the step exists */
	struct source cond;  /* `if` */
	bool may_fail;	     /* on_failure: continue */
	msec_t timeout, stall;
	unsigned retries;
	uint32_t retry_on; /* set of ENDING_BIT */
	union {
		struct agent_spec agent;
		struct code_spec code;
		struct command_spec command;
		struct each_spec each;
		struct switch_spec sw;
		struct loop_spec loop;
		struct approval_spec approval;
		struct flow_spec flow;
	};
};

struct flow_input {
	struct str name; /* "question" is always there and first */
	struct str label, placeholder;
	struct str type; /* text, git-ref, path, bool */
	bool required;
};

struct flow {
	struct str name, title, summary, when_to_use;
	enum flow_category category;
	enum flow_fence fence;
	struct strs contracts;
	struct flow_input *inputs;
	size_t n_inputs;
	struct flow_step **steps; /* top level, in the order written; spine already expanded */
	size_t n_steps;
	struct flow_step **all; /* with nested ones; steps[i]->index points here */
	size_t n_all;
	struct source report_title;  /* template */
	struct strs report_sections; /* step ids, or "recommendation" */
	struct strs next;
	struct str text; /* the file as it was read */
	const char *file;
	json_t **refs; /* given back by flow_release */
	size_t n_refs;
	bool uses_repo; /* some step is an agent (not web only), a command, or names repo, signals
			 * or the change */
	bool by_chunk;	/* some agent is given the change in chunks: it is what is reviewed */
};

struct flow_error {
	struct place at;
	const char *message; /* with the nearest known word where one is near */
};

struct flow_errors {
	struct flow_error v[100]; /* FLOW_ERRORS_MAX; in order of position */
	size_t n;
	bool more;	     /* there were more than fit */
	struct arena *arena; /* of the messages */
};

/* May S name a flow or a persona: 1 to 64 of the characters a-z, 0-9 and -? */
bool flow_is_slug(struct str s);
/* Is S there at SIZE, and what it is nested in? */
bool flow_step_exists(const struct flow_step *s, enum flow_size size);
/* The first input that F requires and INPUT, its values by name, has not or has blank; or NULL. */
const struct flow_input *flow_missing_input(const struct flow *f, const json_t *input);
/* The input of F called NAME, or NULL. */
const struct flow_input *flow_find_input(const struct flow *f, struct str name);
/* The step called ID at top level or nested, or NULL. */
const struct flow_step *flow_find(const struct flow *f, struct str id);

/*
 * Reads one file. All errors of the file come in one pass, sorted by position; 0 only when there
 * is none. Checks what one file can know: keys, types, ids, cycles, ancestors, expressions,
 * templates. What needs other files (personas, contracts, used flows) is library_check.
 * TEXT and FILE are copied. ERRORS is initialised here; its messages live in A.
 */
MUST_CHECK int flow_parse(struct arena *a, const char *file, struct str text, struct flow **ret,
    struct flow_errors *errors);

/* Gives back what the arena does not own; before the arena goes. */
void flow_release(struct flow *f);

/* Is the agent step S given a chunk of the change? Its names are read into A. */
bool agent_names_chunk(struct arena *a, const struct flow_step *s);

/* The flow in plain `steps:` form, as YAML that parses to the same steps. */
struct str flow_print_expanded(struct arena *a, const struct flow *f);

#endif
