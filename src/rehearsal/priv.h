/*
 * The rooms of the rehearsal model, in the order in which a request walks through them:
 *
 *   talk      the conversation as it stands: prompt text, tools offered, calls and their results
 *   part      the role the prompt gives: persona, step, form of the answer, findings of others
 *   tools     which tools are offered, how they want to be called, and whose they are
 *   shell     the same for an agent whose one tool is a shell
 *   book, pages   what the tools returned: paths, search hits, lines of files
 *   plan      which calls to ask for next; none means it is time to answer
 *   measure   facts in the lines read (mechanical, no opinion)
 *   write, judge, advise, schema   the answer as text or JSON
 *   script, mischief               what a script does to it
 *   stream    the answer as server-sent events or as one object
 *
 * All of it is text borrowed from the request, or memory of the caller's arena.
 */
#ifndef REHEARSAL_PRIV_H
#define REHEARSAL_PRIV_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/map.h"
#include "base/str.h"
#include "rehearsal/rehearsal.h"

/* Said in every answer. */
#define REHEARSAL_NOTE                                                                 \
	"Written by tutti's rehearsal model: no language model was used, and nothing " \
	"here is a judgement."

/* --- text (text.c) ----------------------------------------------------------------- */

bool is_word_byte(char c);
/* Offset of NEEDLE in S whatever the case of ASCII letters, or -1. */
ptrdiff_t text_find_nocase(struct str s, struct str needle);
bool text_has_nocase(struct str s, const char *needle);
/* Does S hold one of the words of LIST ("main|index|app")? Case does not matter. */
bool text_has_any(struct str s, const char *list);
/* The last component of PATH, and what follows the last dot of it. */
struct str path_base(struct str path);
struct str path_ext(struct str path);
/* PATH as the repository sees it: without ROOT, "./" and slashes at the end. */
struct str path_relative(struct str root, struct str path);
/* May PATH be cited: relative, inside, and without characters that would break a citation. */
bool path_citable(struct str path);
/* FNV-1a, to spread steps over files; never for anything that matters. */
unsigned text_hash(struct str a, struct str b);
/* The decimal number S begins with; *RET_REST is what follows. False when there is none. */
bool text_number(struct str s, unsigned *ret, struct str *ret_rest);
/*
 * Up to MAX words of S worth searching for: names first, then long words, none of them a stop
 * word, none twice. Returns how many were written to RET.
 */
size_t text_keywords(struct str s, struct str *ret, size_t max);
/* The bytes of B as text of A; B is freed. */
struct str buf_to_arena(struct arena *a, struct buf *b);

/* --- talk (talk.c) ----------------------------------------------------------------- */

enum tool_kind { TOOL_OTHER, TOOL_LIST, TOOL_FIND, TOOL_SEARCH, TOOL_READ, TOOL_LOG, TOOL_KINDS };

/* An offered tool and how its arguments are called; a NULL argument does not exist. */
struct tool {
	struct str name; /* empty: not offered */
	const char *path, *pattern, *from, *to, *most, *regex;
	const char *fixed; /* a member that every call has, as JSON, or NULL */
	bool window;	   /* `from` is an offset and `to` a number of lines */
	bool zero;	   /* such an offset counts from 0 */
	bool absolute;	   /* paths are absolute */
	bool shell;	   /* `path` is a command that does it */
	bool argv;	   /* the command is a list of words */
};

/* A call to ask for, or one that was asked for. Paths are relative; "." is the root. */
struct wish {
	enum tool_kind kind;
	struct str path, pattern;
	unsigned from, to; /* lines, 0: not said */
};

struct talk_call {
	struct wish wish;
	struct str id, result;
	bool answered;
	bool shell; /* its result is one of a command */
};

/* Whose tools are offered; for calls that only such a program would know. */
enum tool_family { FAMILY_PLAIN, FAMILY_CLAUDE, FAMILY_CODEX, FAMILY_OPENCODE, FAMILY_GEMINI };

struct talk {
	struct str text;  /* system and user texts, in order */
	struct str root;  /* the repository as tools with absolute paths see it */
	struct str model; /* as asked for */
	struct tool tools[TOOL_KINDS];
	enum tool_family family;
	const json_t *form;	 /* a schema that came beside the text, or NULL; borrowed */
	struct str form_tool;	 /* the tool that takes it (structured_output), or empty */
	struct talk_call *calls; /* in the order asked */
	size_t n_calls;
	unsigned turns; /* assistant messages so far */
	size_t bytes;	/* of all texts: what a prompt costs */
};

/* -EINVAL with a line for the client in *RET_WHY when there is no message to answer. */
MUST_CHECK int talk_read(
    struct arena *a, const json_t *request, struct talk *ret, const char **ret_why);
bool talk_has_tools(const struct talk *t);
/* tools.c: what REQUEST offers. */
void tools_read(const json_t *request, struct talk *t);
/* What a call of the tool NAME asked for; *RET_SHELL: by a command. */
struct wish wish_read(
    struct arena *a, struct str root, struct str name, const json_t *args, bool *ret_shell);
/* Was this very call asked for already? */
bool talk_asked(const struct talk *t, const struct wish *w);
/* Appends the arguments of a call as JSON. */
void talk_args(struct buf *b, const struct talk *t, const struct wish *w);

/* --- shell (shell.c) --------------------------------------------------------------- */

/* The arguments of a call of TOOL, which is a shell. */
void shell_args(struct buf *b, const struct tool *tool, const struct wish *w);
/* What COMMAND wished; TOOL_OTHER when it is none of ours. */
struct wish shell_wish(struct arena *a, struct str command);
/* What the command for W said, without what the agent says about it. */
struct str shell_output(struct arena *a, const struct wish *w, struct str result);

/* --- lens (lens.c) ----------------------------------------------------------------- */

enum severity_word { WORD_NOTE, WORD_LOW, WORD_MEDIUM, WORD_HIGH, WORD_CRITICAL, SEVERITY_WORDS };

const char *severity_word_name(enum severity_word s);
/* LOW for a word nobody knows. */
enum severity_word severity_word_parse(struct str name);

enum fact_kind {
	FACT_NONE,
	FACT_LONG,	/* a function over many lines */
	FACT_DEEP,	/* a control word far to the right */
	FACT_LARGE,	/* a long file */
	FACT_MARK,	/* TODO and its kin */
	FACT_TWIN,	/* equal runs of lines */
	FACT_IMPORTS,	/* a file that names many others */
	FACT_UNCALLED,	/* a function no other line names */
	FACT_UNTESTED,	/* a file no listed test names */
	FACT_DROPPED,	/* a call whose result nobody looks at */
	FACT_SWALLOWED, /* an error that goes nowhere */
	FACT_ENDS,	/* the process may end here */
	FACT_ERRORS,	/* error paths of a file */
	FACT_SYNC,	/* locks, threads, atomics, tasks */
	FACT_DANGER,	/* calls that need care with hostile input */
	FACT_SECRET,	/* a name that sounds like a credential */
	FACT_INPUT,	/* where something from outside comes in */
	FACT_CALLOUT,	/* a call to another machine */
	FACT_DATA,	/* SQL and transactions */
	FACT_CONFIG,	/* settings read from the environment */
	FACT_SCREEN,	/* what a person sees or touches */
	FACT_DEADLINK,	/* a relative link to a path nobody listed */
	FACT_HEADINGS,	/* a document and its outline */
	FACT_TOOLING,	/* manifests, builds, pipelines */
	FACT_TEST,	/* a test */
	FACT_ENTRY,	/* where execution begins */
	FACT_DEFINES,	/* a file and what it defines */
	FACT_OPENS,	/* the first line of a file that says something */
	FACT_KINDS
};

/* How a fact is told; {name} {n} {line} {end} {path} are filled in. */
struct telling {
	enum severity_word severity;
	const char *confidence;
	const char *title, *claim, *scenario, *suggestion;
};
const struct telling *telling_of(enum fact_kind kind);

enum part_kind { PART_PLAIN, PART_ANALYST, PART_RATER, PART_JUDGE, PART_ADVISER };

#define LENS_KINDS 8
#define LENS_SEARCHES 2

/* What a persona looks for. */
struct lens {
	const char *persona;
	enum part_kind kind;
	const char *prefix; /* of its items, when the prompt shows none */
	enum fact_kind kinds[LENS_KINDS];
	const char *searches[LENS_SEARCHES]; /* alternatives "a|b|c", without other operators */
	const char *prefers;		     /* words in paths that it reads first */
	const char *clean;		     /* what to say when none of it was seen */
	bool history;
};
/* Never NULL: a persona nobody knows gets a general lens. */
const struct lens *lens_of(struct str persona);

/* --- part (part.c) ----------------------------------------------------------------- */

/* A finding of somebody else, as the prompt shows it. */
struct item {
	struct str id, title, path, quote;
	enum severity_word severity;
	unsigned line, end;
	bool listed;  /* one line of a list, not only a heading */
	bool refuted; /* a verdict beside it says so */
};

#define PART_SECTIONS_MAX 24

/* A hunk of a change, as the prompt shows it. */
struct shown {
	struct str path;
	unsigned id, line; /* 0: no line of the new file */
};

struct part {
	enum part_kind kind;
	const struct lens *lens;
	struct str persona, step, question;
	struct str
	    earlier;	   /* "RUN#ID": the first finding of a report that was provided, or empty */
	struct str prefix; /* "S", "SEC-" */
	unsigned digits;   /* 3 for "SEC-001" */
	json_t *schema;	   /* owned; NULL: the answer is text */
	struct item *items;
	size_t n_items;
	struct str words[3]; /* to search for */
	struct shown *shown; /* hunks of a change, for which a receipt is wanted */
	size_t n_shown;
	size_t n_words;
	struct str sections[PART_SECTIONS_MAX]; /* headings that the task asks for, in order */
	size_t n_sections;
};

void part_read(struct arena *a, const struct talk *t, struct part *ret);
void part_fini(struct part *p);
/* The id of item number N (from 1). */
struct str part_id(struct arena *a, const struct part *p, size_t n);

/* The function that ITEM claims nobody names, or an empty text. */
struct str item_uncalled(const struct item *item);
/* The findings of others in TEXT: lists, headings and what stands below them, without repeats. */
size_t items_read(struct arena *a, struct str text, struct item **ret);

/* receipt.c: the hunks of a change that TEXT shows, when it wants a receipt for them. */
size_t shown_read(struct arena *a, struct str text, struct shown **ret);

/* --- book (book.c) ----------------------------------------------------------------- */

struct line {
	struct str text;
	unsigned no;
};

struct view { /* what is known of one file */
	struct str path;
	struct line *lines; /* by number, gaps possible */
	size_t n, cap;
	unsigned total; /* lines of the file, 0: not known */
	bool whole;	/* every line is here */
	bool missing;	/* the tool said so */
	struct str refusal;
};

struct hit {
	struct str path, text, pattern;
	unsigned line;
	bool cut; /* the tool shortened the text */
};

struct search {
	struct str pattern;
	size_t first, n; /* in hits */
	bool cut;	 /* more than were shown */
	bool failed;
};

struct book {
	struct view **views; /* by path */
	size_t n_views, cap_views;
	struct str *files, *dirs; /* by name, no repeats */
	size_t n_files, cap_files, n_dirs, cap_dirs;
	bool list_cut;	  /* not everything was listed */
	bool list_deep;	  /* a listing reached below the root */
	struct hit *hits; /* of one search: by path and line */
	size_t n_hits, cap_hits;
	struct search *searches; /* in the order asked */
	size_t n_searches, cap_searches;
	size_t n_lines, n_read, n_refused; /* lines, files read, calls refused */
	struct str log;			   /* what git_log returned */
};

void book_read(struct arena *a, const struct talk *t, struct book *ret);

struct reader {
	struct arena *a;
	const struct talk *t;
	struct book *b;
	struct map views; /* path -> struct view */
};

/* A result that is none, but a line about why. */
bool says_refused(struct str s);
/* --- pages.c: what a call that reads a file returned --- */
void read_result(struct reader *r, const struct talk_call *call);
struct view *view_of(struct reader *r, struct str path);
void add_line(struct reader *r, struct view *v, unsigned no, struct str text);

const struct view *book_view(const struct book *b, struct str path);
const struct search *book_search(const struct book *b, struct str pattern);
/* The line NO of V, or NULL. */
const struct line *view_line(const struct view *v, unsigned no);

/* --- scene: all that an answer is made from -------------------------------------------------- */

struct scene {
	struct arena *a;
	struct talk talk;
	struct part part;
	struct book book;
};

/* --- plan (plan.c) ----------------------------------------------------------------- */

#define PLAN_CALLS 8 /* at most so many calls a turn */

/* The calls to ask for next, and in *RET_SAY a line about them. 0: it is time to answer. */
size_t plan_next(const struct scene *s, struct wish ret[PLAN_CALLS], struct str *ret_say);

/* --- measure (measure.c, blocks.c) ---------------------------------------- */

enum language {
	LANG_OTHER,
	LANG_C,
	LANG_PYTHON,
	LANG_SCRIPT, /* JavaScript, TypeScript and their kin */
	LANG_GO,
	LANG_RUST,
	LANG_JVM, /* Java, Kotlin, C#, Scala, Swift */
	LANG_SHELL,
	LANG_RUBY,
	LANG_PHP,
	LANG_LUA,
	LANG_SQL,
	LANG_TEXT, /* prose */
	LANG_DATA, /* configuration, markup, style */
	LANGUAGES
};

struct fact {
	enum fact_kind kind;
	struct str path, name;
	unsigned line, end, n; /* END is 0 when one line is meant; N is what the telling counts */
	unsigned weight;       /* more is more worth telling */
};

struct sign_index;

struct facts {
	struct arena *a;
	unsigned wanted; /* kinds, as bits */
	struct fact *v;
	size_t n, cap;
	struct sign_index *signs[LANGUAGES];
};

void facts_add(struct facts *f, const struct fact *fact);

/* A function: from the line that names it to the one that closes it. */
struct block {
	struct str name;
	size_t first, last; /* indexes of lines in the view */
};
/* The functions of V whose begin and end were both read. */
size_t blocks_find(struct arena *a, const struct view *v, struct block **ret);

enum language language_of(struct str path);
bool language_is_code(enum language l);
/* A comment, as far as one line shows. */
bool line_is_comment(enum language l, struct str trimmed);
/* Vendored, generated, binary: not worth reading. */
bool path_is_noise(struct str path);
bool path_is_test(struct str path);

/* What the files read show of the kinds the persona looks for, best first for each kind. */
struct facts measure(const struct scene *s);
/* Names of functions that stand in one line only of all that was read, for a search. */
size_t lonely_names(const struct scene *s, struct str *ret, size_t max);
/* Signs of single lines: calls, marks, words; at most one fact of each wanted kind a line. */
void signs_find(struct facts *f, const struct view *v);
/* Lines that stand in two places, when such facts are wanted (twins.c). */
void twins_find(struct facts *f, const struct scene *s);

/* --- answers --------------------------------------------------------------------------------- */

struct finding {
	struct str id, title, path, quote, claim, scenario, suggestion;
	const char *confidence;
	enum severity_word severity;
	unsigned line, end;
};

enum verdict_word { SAID_CONFIRMED, SAID_PARTLY, SAID_REFUTED };

struct mischief;

struct ruling { /* on one item of others */
	const struct item *item;
	struct str searched, reason, path, quote;
	const char *strategy;
	enum verdict_word said;
	unsigned line;
	struct str as; /* another id than the item's, or empty */
};

/* Which wrong citations a script adds. */
enum invention {
	INVENT_FILE = 1,  /* a path that does not exist */
	INVENT_LINE = 2,  /* a line far behind the end */
	INVENT_MOVED = 4, /* a true quote at other lines */
	INVENT_QUOTE = 8, /* a true line, another text */
	INVENT_ALL = 15,
};

/* An answer before it becomes text. */
struct draft {
	struct finding *findings;
	size_t n_findings;
	struct ruling *rulings;
	size_t n_rulings;
	bool as_json;	    /* the rulings */
	struct str summary; /* a few sentences, with the note */
};

void draft_make(const struct scene *s, unsigned inventions, struct draft *ret);
/* The answer in the asked form: text, or prose and one JSON value. UNREAD: see receipt_write. */
struct str draft_write(const struct scene *s, const struct draft *d, struct str unread);
/* One value that fits the schema of the part. New reference. */
json_t *draft_value(const struct scene *s, const struct draft *d);

/* Appends "`path:12-14` "quote"". */
void cite_write(struct buf *b, struct str path, unsigned line, unsigned end, struct str quote);
/* A line of V fit to be quoted: as near to line NO as possible, within MOST lines. Or NULL. */
const struct line *quotable_line(const struct view *v, unsigned no, unsigned most);
/* The part of a line that is quoted. */
struct str quote_of(const struct line *l);

/* write.c, _judge.c, _advise.c: the findings, rulings and texts of each role */
void findings_make(const struct scene *s, struct draft *d);
void ratings_make(const struct scene *s, struct draft *d);
void rulings_make(const struct scene *s, struct draft *d);
/* Rules as a script wants it, the later line before the earlier. */
void rulings_bend(const struct scene *s, const struct mischief *m, struct draft *d);
void inventions_add(const struct scene *s, unsigned inventions, struct draft *d);
void findings_write(struct buf *b, const struct draft *d);
void rulings_write(struct buf *b, const struct scene *s, const struct draft *d);
void advice_write(struct buf *b, const struct scene *s, const struct draft *d);
/* receipt.c: for the hunks of the prompt, but for those of UNREAD ("h3, h5-h7", or "all"). */
void receipt_write(struct buf *b, const struct scene *s, struct str unread);
/* What was read, searched and listed, in one or two sentences. */
void coverage_write(struct buf *b, const struct scene *s);

/* Findings of others by file, worst first. */
struct group {
	struct str path; /* may be empty: no place was given */
	const struct item **items;
	size_t n;
	enum severity_word severity;
};
size_t groups_make(struct arena *a, const struct item *items, size_t n_items, struct group **ret);

/* schema.c */
struct schema_source {
	const struct scene *scene;
	const struct draft *draft;
};
json_t *schema_fill(const struct schema_source *src, const json_t *schema);
/* A text that fits a Lua pattern as well as a simple reading of it allows; N numbers it. */
struct str pattern_sample(struct arena *a, struct str pattern, unsigned n);

/* --- script and mischief (script.c, mischief.c) --------------------------- */

enum answer_spoiling {
	SPOIL_NOTHING,
	SPOIL_EMPTY,
	SPOIL_HALF_JSON,
	SPOIL_SCHEMA,
	SPOIL_QUESTION,
	SPOIL_REFUSE,
	SPOIL_SAY,
	SPOIL_HUGE,
	SPOIL_ECHO,
	SPOIL_GIANT_LINE,
	SPOIL_TRUNCATE,
};

struct extra_call {
	struct str name, args;
};

/* How a script has a validator judge. */
enum judging {
	JUDGE_CONFIRM,
	JUDGE_PARTLY,
	JUDGE_REFUTE,	/* with a place that was read */
	JUDGE_BARE,	/* refutes without evidence */
	JUDGE_INVENTED, /* refutes with a place that does not exist */
	JUDGE_TWICE,	/* confirms, then refutes with evidence */
	JUDGE_SKIP,	/* says nothing of it */
	JUDGE_OTHERS,	/* refutes what nobody raised, in its place */
	JUDGE_OWN,	/* and what it calls V1, V2 … itself */
	JUDGE_WAYS
};
struct judging_rule {
	enum judging way;
	struct str item; /* empty: all */
	bool json;	 /* the whole answer as JSON */
};
/* "refute S1", "json confirm": false when it is none. */
bool judging_parse(struct str text, struct judging_rule *ret);

/* What the matching lines of a script do to one answer. */
struct mischief {
	int status; /* 0: none */
	struct str retry_after, body;
	bool hang, close, html;
	long stall, cut, malformed; /* after so many chunks, -1: not */
	long long flood;
	unsigned delay_ms;
	enum answer_spoiling spoil;
	struct str text;
	struct str unread; /* hunks that its receipt leaves out */
	long long bytes;
	unsigned inventions;
	struct judging_rule *judging;
	size_t n_judging, cap_judging;
	struct extra_call *calls;
	size_t n_calls, cap_calls;
	bool endless, same;
};

struct script;
MUST_CHECK int script_parse(struct str text, struct script **ret, struct err *err);
void script_destroy(struct script *s);
/* Finds the lines that match and counts them as fired. ANSWERS: the turn would be an answer. */
void script_apply(struct script *s, struct arena *a, const struct talk *t, const struct part *p,
    bool answers, struct mischief *ret);
/* Adds the hostile calls of KIND ("write", "escape", … "all"). False: no such kind. */
bool hostile_calls(
    struct arena *a, struct str kind, enum tool_family family, struct str root, struct mischief *m);
/* For messages about kinds. */
const char *hostile_kinds(void);

/* A turn of the model, before it is put into chunks. */
struct turn {
	struct str text;
	struct extra_call *calls;
	size_t n_calls;
	bool truncated; /* finish_reason "length" */
};

/* What the model says now, behaving or not. -E2BIG: a script wants more than there is room for. */
MUST_CHECK int turn_make(
    const struct scene *s, const struct mischief *m, struct turn *ret, struct err *err);

/* --- stream (stream.c) ------------------------------------------------------------- */

MUST_CHECK int stream_write(const struct scene *s, const struct turn *turn,
    const struct mischief *m, bool stream, bool usage, struct rehearsal_answer *ret,
    struct err *err);
/* The error object of such a server. */
struct str stream_error(struct arena *a, const char *message, const char *type, const char *code);

#endif
