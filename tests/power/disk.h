/*
 * What a disk may hold after the power went. A trace is everything that was asked of it, in order:
 * files made, written, cut, removed, and what was waited for. Cut anywhere, each sector that nobody
 * waited for is there, or is not, or is half there; sizes and names are old or new.
 */
#ifndef TESTS_POWER_DISK_H
#define TESTS_POWER_DISK_H

#include "rng.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NAMES_MAX 8
#define NAME_SIZE 32
#define NO_FILE UINT32_MAX

enum op_kind {
	OP_CREATE,   /* NAME is the new FILE */
	OP_WRITE,    /* BYTES at AT */
	OP_TRUNCATE, /* to AT bytes */
	OP_SYNC,     /* of FILE: its bytes and its size are waited for */
	OP_UNLINK,   /* NAME is gone */
	OP_SYNC_DIR, /* names are waited for */
	OP_LOSS,     /* the power went once before: LOSS is what was left */
};

struct op {
	enum op_kind kind;
	uint32_t file;
	unsigned name;
	uint64_t at;
	size_t n;
	unsigned char *bytes;
	struct image *loss;
};

/* What is under each name, and nothing under way. */
struct image {
	struct image_file {
		bool there;
		uint32_t file;
		unsigned char *bytes;
		size_t n;
	} files[NAMES_MAX];
};

struct trace {
	struct op *ops;
	size_t n, cap;
	char names[NAMES_MAX][NAME_SIZE];
	unsigned n_names;
	uint32_t n_files;
	uint32_t current[NAMES_MAX]; /* the file under each name, or NO_FILE */
};

void trace_init(struct trace *t);
void trace_fini(struct trace *t);
/* The number of NAME, a new one at need. */
unsigned trace_name(struct trace *t, const char *name);
void trace_create(struct trace *t, unsigned name);
void trace_write(struct trace *t, uint32_t file, uint64_t at, const void *bytes, size_t n);
void trace_truncate(struct trace *t, uint32_t file, uint64_t size);
void trace_sync(struct trace *t, uint32_t file);
void trace_unlink(struct trace *t, unsigned name);
void trace_sync_dir(struct trace *t);
/* The power went, and the disk holds IMAGE, which becomes the trace's. */
void trace_loss(struct trace *t, struct image *image);
/* The same for the same seed: of all that was asked for. */
uint64_t trace_hash(const struct trace *t);

/* A disk that has done the first POS of a trace. */
struct disk;

struct disk *disk_create(const struct trace *t);
void disk_free(struct disk *d);
/* Goes on to TO, which is not before where it is. */
void disk_advance(struct disk *d, size_t to);
/* From here on it says that it has done what is waited for, and has not. */
void disk_lie(struct disk *d);
/* What is left when the power goes where D stands. New. */
struct image *disk_cut(struct disk *d, uint64_t seed);
void image_free(struct image *im);
/* The files below DIR. */
void image_store(const struct image *im, const struct trace *t, const char *dir);

#endif
