/* An expression as instructions. */
#ifndef VIEW_REGEX_PRIV_H
#define VIEW_REGEX_PRIV_H

#include "base/limits.h"
#include "view/regex.h"

enum op {
	OP_CHAR,
	OP_ANY,
	OP_SET,
	OP_SPLIT,
	OP_JUMP,
	OP_BEGIN,
	OP_END,
	OP_WORD,
	OP_NO_WORD,
	OP_MATCH
};

#define SET_RANGES 32

struct set {
	bool negative;
	unsigned n;
	struct range {
		uint32_t from, to;
	} ranges[SET_RANGES];
};

struct instr {
	enum op op;
	uint32_t cp;   /* CHAR */
	unsigned x, y; /* SPLIT: both; JUMP: x; SET: index */
};

struct regex {
	struct instr *code;
	unsigned n;
	struct set *sets;
	unsigned n_sets;
	bool fold;
	/* of a search */
	struct way {
		unsigned pc;
		size_t start;
	} * now, *next;
	unsigned *stack;
	uint64_t *seen, round; /* by pc: in which round it was added */
};

/* In regex.c: whether CP is in the set. */
bool regex_is_in(const struct set *set, uint32_t cp);

#endif
