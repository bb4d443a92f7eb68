/*
 * All definitions that a run can use: flows, personas and contract texts, by name. Later additions
 * win (built in, then the user's, then a trusted repository's); a broken text is kept with its
 * errors and hides nothing, and neither does a flow that is withheld. The library reads no files
 * itself: texts are handed in.
 */
#ifndef FLOW_LIBRARY_H
#define FLOW_LIBRARY_H

#include "flow/flow.h"

enum text_kind { TEXT_FLOW, TEXT_PERSONA, TEXT_CONTRACT, TEXT_KINDS };

enum contract_form { FORM_PRODUCE, FORM_REVIEW };

struct persona {
	struct str name, title, body;
	double temperature; /* negative: not given */
	const char *file, *origin;
	char hash[65]; /* SHA-256 of the text */
};

/* Why a flow of a repository is listed, but not used. */
enum withheld {
	WITHHELD_NOT,
	WITHHELD_NEW,	  /* nobody accepted it (accepted.h) */
	WITHHELD_CHANGED, /* somebody did, and then it changed */
};

struct flow_entry {
	const struct flow *flow;	  /* NULL when the file has errors, or is withheld */
	struct str name;		  /* from the file name when the text does not tell */
	const char *file, *origin;	  /* "built in", "user", "repository" */
	const struct flow_errors *errors; /* NULL when sound */
	enum withheld withheld;
};

/* One text of a library. All of it is the library's. */
struct library_text {
	enum text_kind kind;
	struct str name, text;
	const char *file, *origin;
	const struct flow *flow;	  /* TEXT_FLOW, sound */
	const struct persona *persona;	  /* TEXT_PERSONA, sound */
	const struct flow_errors *errors; /* NULL when sound */
	bool wins;			  /* it is what its name stands for */
};

struct library;

const char *text_kind_name(enum text_kind kind);
/* The kind called NAME, or -1. */
int text_kind_parse(struct str name);

struct library *library_create(void);
void library_destroy(struct library *lib);
/* Everything embedded in the binary (flows/, personas/, contracts/). */
void library_add_builtin(struct library *lib);
/*
 * Adds one text under the name its content (flow:, persona:) or file name gives. FILE and ORIGIN
 * are copied. Returns 0, or -EINVAL when the text is broken (it is listed with its errors).
 */
int library_add(struct library *lib, enum text_kind kind, const char *file, const char *origin,
    struct str text);
/*
 * Resolves references between texts (personas, contracts, `use`, `next`); call after adding. A flow
 * that refers to what does not exist is broken, too.
 */
void library_check(struct library *lib);
/*
 * Lists a flow that is not to be used. `next` may name it. It hides no other, with one exception:
 * one that is WITHHELD_CHANGED was what its name stood for, and is not silently replaced.
 */
void library_withhold(struct library *lib, struct str name, const char *file, enum withheld why);

/* Bytes it holds; a text can need a hundred times its length. */
size_t library_memory(const struct library *lib);
/* All texts, in the order of adding. */
size_t library_texts(const struct library *lib);
void library_text_at(const struct library *lib, size_t i, struct library_text *ret);
/*
 * What flow NAME uses: itself, its personas and contracts, the flows it uses with theirs, each once
 * and in a fixed order. *RET in A; 0 when there is no such flow or it is not sound.
 */
size_t library_uses(
    const struct library *lib, struct arena *a, struct str name, struct library_text **ret);

/* Entries in the order: built in by category and file order, then the others, then those withheld.
 */
size_t library_count(const struct library *lib);
const struct flow_entry *library_at(const struct library *lib, size_t i);
/*
 * The sound flow called NAME (also by unique prefix), or NULL with a four-part error: unknown
 * (with the nearest name) is -ENOENT, broken is -EINVAL, withheld is -EACCES.
 */
const struct flow *library_flow(const struct library *lib, struct str name, struct err *err);
const struct persona *library_persona(const struct library *lib, struct str name);
/* The text of a contract in one form; empty when there is none of that name. */
struct str library_contract(const struct library *lib, struct str name, enum contract_form form);

/*
 * A library like LIB, in which each flow that validates does so N times (flow/multiply.h). -E2BIG
 * when a flow becomes larger than a flow may be.
 */
MUST_CHECK int library_multiply(const struct library *lib, unsigned n, const struct strs *models,
    struct library **ret, struct err *err);

/*
 * The definition a run keeps: flow NAME, every flow it uses, their personas and contracts, as
 * {"flow":…, "texts":[{kind,file,text}…], "sha256":…}. The hash is over the canonical JSON of the
 * other members. New reference.
 */
json_t *library_freeze(const struct library *lib, struct str name, struct err *err);
/* A library with exactly the frozen texts; checks the hash (-EPROTO when it differs). */
MUST_CHECK int library_thaw(const json_t *frozen, struct library **ret, struct err *err);

#endif
