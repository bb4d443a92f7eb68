/*
 * Agent programs as codecs. An adapter knows how one program is started read-only, how its output
 * reads, and how to tell one ending from another. It does no I/O: bytes in, facts out. The worker
 * owns the process, the fence owns the walls; the mode flags stand in the adapter's code and can
 * be changed by no flow, request or repository.
 */
#ifndef ADAPTER_ADAPTER_H
#define ADAPTER_ADAPTER_H

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "flow/words.h"

#include <jansson.h>

struct described; /* described.h */

/* What the worker knows about one attempt before it starts. Paths are those inside the fence. */
struct agent_task {
	struct str prompt;    /* whole text, valid UTF-8 without NUL */
	size_t prompt_system; /* see struct prompt */
	const char *repo;     /* "/repo" */
	const char *scratch;  /* private to the attempt, as the two below it */
	const char *home, *tmp;
	bool in_place;	   /* there is no root of its own: everything is seen where it is */
	unsigned port;	   /* of the gateway on 127.0.0.1 */
	const char *token; /* what the gateway takes for a key */
	const char *model;
	const char *effort; /* "", low, medium, high */
	double temperature; /* negative: not given */
	unsigned max_turns; /* 0: the adapter's default */
	msec_t wall;	    /* the attempt's limit; the adapter may pass a little less on */
	struct str *tools;  /* subset of the read-only tools; none: all */
	size_t n_tools;
	bool web_only;
	bool fast;
	const char *program;		   /* path of the agent (native: of tutti itself) */
	const char *interpreter;	   /* path of node for scripts, or NULL */
	const char *interpreter_word;	   /* of a described script's first line, or NULL */
	const struct described *described; /* that of the adapter; see struct adapter_ops */
};

struct agent_file {
	const char *path; /* below the scratch directory, e.g. "home/.qwen/settings.json" */
	struct str text;
};

/*
 * A host path and where the fence shows it. The places inside are the adapter's own, below /opt: so
 * it does not matter where a program is installed, and where it has a root of its own nothing that
 * an agent is given says it. It can find it out all the same: /proc/self/mountinfo has the path of
 * what is mounted within its file system (docs/fence.md).
 */
struct agent_bind {
	const char *host, *inside;
};

/* How to start the program. Everything lives in the arena given to prepare. */
struct agent_launch {
	const char **argv; /* NULL-terminated; argv[0] is the absolute path to execute */
	const char **env;  /* NULL-terminated; nothing else is in the environment */
	struct str stdin_text;
	bool stdin_open; /* and then whatever FACT_SAY says, until FACT_OVER */
	struct agent_file *files;
	size_t n_files;
	struct agent_bind *binds; /* what must be visible of the program itself */
	size_t n_binds;
};

enum fact_type {
	FACT_INIT,	 /* data: model, mode, tools, version */
	FACT_TEXT,	 /* text: delta of the answer being written */
	FACT_THINK,	 /* text: delta of thinking */
	FACT_TEXT_VOID,	 /* the text of this turn is void (provider retry) */
	FACT_TOOL_START, /* id, name, data: input */
	FACT_TOOL_END,	 /* id, name, ok, text: short summary; data.reads: [{path,from,to}] if known
			  */
	FACT_DENIED,	 /* a call was refused by the agent's own mode: id, name, text */
	FACT_RETRY,	 /* text: the provider's reason */
	FACT_USAGE,	 /* in, out, cached: totals of this attempt so far */
	FACT_NOTICE,	 /* text: anything a person should see */
	FACT_EXCESS,	 /* text: it went past its own limit; the worker ends it */
	FACT_VIOLATION,	 /* text: the read-only mode does not hold; the worker kills at once */
	FACT_SAY,	 /* text: one line for its stdin, without the newline */
	FACT_OVER,	 /* its last word: stdin is closed, and what does not leave is ended */
	FACT_TYPES
};

struct fact {
	enum fact_type type;
	struct str id, name, text; /* borrowed; valid during the callback */
	const json_t *data;	   /* borrowed or NULL */
	bool ok;
	long long in, out, cached;
};

typedef void (*fact_fn)(void *ctx, const struct fact *fact);

/* The one ending of an attempt. Text lives in the session. */
struct outcome {
	enum ending ending;
	struct str answer;	   /* whole final text; also when the ending is not `answered` */
	struct str reason;	   /* one line for a person, empty when answered */
	json_t *structured;	   /* the agent's own structured result, or NULL */
	long long in, out, cached; /* tokens as the agent counted them, 0 if it did not */
	unsigned turns, tool_calls, denied;
};

struct agent_session;

/*
 * The npm package that a program comes in. What is started is an executable of this machine where
 * the package has one (its launcher script is passed over), else a script by Node.
 */
struct agent_package {
	const char *name;		/* "@qwen-code/qwen-code" */
	const char *version;		/* the one that passed our suite */
	const char *script;		/* below the package; NULL: an executable */
	const char *const *executables; /* where it can stand, below the node_modules that the
					 * package is in; NULL-terminated */
};

/* What one program can do and how it is held; for people, docs/agents.md and the attestation. */
struct agent_traits {
	const char *mode; /* of its own that only reads, hard-coded: "plan" */
	const char
	    *dialect; /* that it speaks to its model: "chat", "messages", "responses", "gemini" */
	const char *inner; /* its own sandbox, switched off because ours stands outside; or NULL */
	bool streams;	   /* the answer can be watched while it is written */
	bool thinks;	   /* and so can its thinking */
	bool counts;	   /* it counts tokens */
	bool hides_cut;	   /* an answer that its model broke off looks like a whole one */
	bool tells_reads;  /* which lines it was shown can be known from its calls */
	bool strict;	   /* its profile passed the attacks without namespaces (mode C) */
	/* Settings of a repository that it would obey: empty in its view. Below /repo. */
	const char *const *shadows; /* NULL-terminated, or NULL */
};

struct adapter_ops {
	const char *name;	 /* "native", "qwen" */
	const char *command;	 /* what to look for in PATH; NULL: its name */
	const char *title;	 /* for people */
	bool read_only_enforced; /* the program itself refuses writes in the mode we hard-code */
	struct agent_traits traits;
	const struct agent_package *package; /* NULL: our own */
	/* The same agent, held in the same way, over the Agent Client Protocol; or NULL. */
	const struct adapter_ops *acp;
	/* What it was made from; NULL: one of ours. Then read_only_enforced is false. */
	const struct described *described;
	const char *const *env_names; /* documentation: keys that prepare sets; NULL-terminated */
	/* The argument that makes the program print its version, or NULL. */
	const char *version_arg;
	int (*prepare)(struct arena *a, const struct agent_task *task, struct agent_launch *ret,
	    struct err *err);
	/* What FN hears of the three functions below. session_destroy() it. */
	struct agent_session *(*create)(const struct agent_task *task, fact_fn fn, void *ctx);
};

/*
 * 0 for the version of its package that passed our suite and for our own agent, else -ENOTSUP with
 * reason and fix. An error that is already there (the program was not found) keeps its words; the
 * command that installs it is added. A described agent is admitted by its check alone.
 */
int adapter_admit(const struct adapter_ops *ops, const char *version, struct err *err);

/*
 * One line of stdout without its newline; any bytes. Lines above AGENT_LINE_MAX arrive cut with CUT
 * set.
 */
void session_line(struct agent_session *own, struct str line, bool cut);
/*
 * The process is gone: STATUS as waitpid gave it, ERRORS the tail of stderr. Fills exactly one
 * outcome. Called once, also after a kill.
 */
void session_exited(struct agent_session *own, int status, struct str errors, struct outcome *ret);
void session_destroy(struct agent_session *own);

extern const struct adapter_ops adapter_native;
extern const struct adapter_ops adapter_qwen;
extern const struct adapter_ops adapter_claude;
extern const struct adapter_ops adapter_gemini;
extern const struct adapter_ops adapter_codex;
extern const struct adapter_ops adapter_opencode;
extern const struct adapter_ops adapter_qwen_acp;
extern const struct adapter_ops adapter_gemini_acp;
extern const struct adapter_ops adapter_claude_acp;
extern const struct adapter_ops adapter_codex_acp;

/*
 * The adapters of this binary, always the same. Those made from files are not among them: whoever
 * reads a description owns its adapter and hands it on (worker/programs.h).
 */
/* By name, or NULL. */
const struct adapter_ops *adapter_find(struct str name);
/* All of them in order of preference, NULL-terminated. */
const struct adapter_ops *const *adapter_all(void);

/*
 * What an answer without an error behind it amounts to: ENDING_ANSWERED, or EMPTY (nothing but
 * white space), ASKED (a question back in place of an answer), REFUSED.
 */
enum ending answer_classify(struct str answer);
/* Ending for a model API error: HTTP status (0: none) and the server's own words. */
enum ending endpoint_classify(int http_status, struct str message);

#endif
