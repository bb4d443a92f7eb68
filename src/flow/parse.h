/* What the files that read a flow share. */
#ifndef FLOW_PARSE_H
#define FLOW_PARSE_H

#include "flow/errors.h"
#include "flow/yaml.h"

struct parse {
	struct arena *arena;
	struct flow *flow;
	struct flow_errors *errors;
	struct flow_step **steps; /* top level so far */
	size_t n_steps, cap_steps;
};

/* One key of a mapping: who may have it, and who reads it. */
struct key {
	const char *name;
	unsigned kinds; /* steps: set of KIND_BIT; 0: any */
	void (*read)(struct parse *p, const struct yaml_node *value, void *target);
	const char *help; /* one line, for docs and `flows new` */
};

#define KIND_BIT(k) (1u << (k))

/* The tables, each ending with a NULL name; docs/flows.md lists exactly these keys. */
extern const struct key flow_keys[], step_keys[], spine_keys[], case_keys[], input_keys[],
    report_keys[];

/*
 * Reads the members of MAP by TABLE into TARGET. Unknown keys are errors with the nearest known
 * one; so is a node that is no map.
 */
void parse_map(struct parse *p, const struct yaml_node *map, const struct key *table, unsigned kind,
    const char *what, void *target);

/* parse_step.c */
struct flow_step *parse_step(
    struct parse *p, const struct yaml_node *node, struct flow_step *parent, int default_kind);
void parse_add_step(struct parse *p, struct flow_step *step);
/* Sets what no key has set, by kind. */
void parse_step_defaults(struct flow_step *s);
struct source parse_source(const struct yaml_node *node);

/* spine.c */
void parse_spine(struct parse *p, const struct yaml_node *node);

/* check.c */
void check_flow(struct parse *p);

#endif
