/*
 * YAML as a tree with places: a small reader on libyaml's events for everything people write for us
 * (flows, configuration). Scalars stay text; what they mean is decided by whoever reads them, so
 * that `no` is a boolean only where a boolean is expected. Bounded: FLOW_FILE_MAX bytes,
 * FLOW_DEPTH_MAX deep, FLOW_NODES_MAX nodes with aliases counted as what they stand for. Tags,
 * duplicate keys, several documents and invalid UTF-8 are errors. Where a key is written twice the
 * tree holds the first value.
 */
#ifndef FLOW_YAML_H
#define FLOW_YAML_H

#include "flow/flow.h"

enum yaml_type { YAML_SCALAR, YAML_LIST, YAML_MAP };

struct yaml_node {
	enum yaml_type type;
	struct place at;	  /* of the text itself: for block scalars, of its first line */
	struct str text;	  /* YAML_SCALAR */
	bool quoted;		  /* or a block: text, whatever it looks like */
	struct yaml_pair *pairs;  /* YAML_MAP, in the order written */
	struct yaml_node **items; /* YAML_LIST */
	size_t n;
};

struct yaml_pair {
	struct str key;
	struct place at;
	struct yaml_node *value;
};

/* The document's root in A; NULL when it is empty or cannot be read, with the reason in ERRORS. */
struct yaml_node *yaml_parse(
    struct arena *a, const char *file, struct str text, struct flow_errors *errors);
/* The value of KEY in a map, or NULL (also when NODE is no map). */
struct yaml_node *yaml_get(const struct yaml_node *node, const char *key);
/* As JSON, plain scalars typed (null, true, false, integers, decimals). New reference. */
json_t *yaml_to_json(const struct yaml_node *node);

/* Readers: false and an error when the node is of another kind. NODE is not NULL. */
bool yaml_read_bool(const struct yaml_node *node, struct flow_errors *errors, bool *ret);
bool yaml_read_uint(
    const struct yaml_node *node, unsigned max, struct flow_errors *errors, unsigned *ret);
bool yaml_read_text(const struct yaml_node *node, struct flow_errors *errors, struct str *ret);
bool yaml_read_span(const struct yaml_node *node, struct flow_errors *errors, msec_t *ret);
/* A list of texts; a single text is a list of one. */
bool yaml_read_texts(
    struct arena *a, const struct yaml_node *node, struct flow_errors *errors, struct strs *ret);

/* "90s", "5m", "1h30m", "250ms" -> milliseconds, at most SPAN_MAX_MS. */
bool span_parse(struct str text, msec_t *ret);

#endif
