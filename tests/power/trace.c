#include "disk.h"

#include "base/arena.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void trace_init(struct trace *t)
{
	*t = (struct trace){ 0 };
	for (unsigned i = 0; i < NAMES_MAX; i++)
		t->current[i] = NO_FILE;
}

void trace_fini(struct trace *t)
{
	for (size_t i = 0; i < t->n; i++) {
		free(t->ops[i].bytes);
		image_free(t->ops[i].loss);
	}
	free(t->ops);
}

unsigned trace_name(struct trace *t, const char *name)
{
	for (unsigned i = 0; i < t->n_names; i++)
		if (strcmp(t->names[i], name) == 0)
			return i;
	if (t->n_names == NAMES_MAX || strlen(name) >= NAME_SIZE) {
		fprintf(stderr, "power: more names than there were: %s\n", name);
		abort();
	}
	snprintf(t->names[t->n_names], NAME_SIZE, "%s", name);
	return t->n_names++;
}

static struct op *push(struct trace *t, enum op_kind kind)
{
	if (t->n == t->cap) {
		t->cap = t->cap ? 2 * t->cap : 1024;
		t->ops = xrealloc(t->ops, t->cap * sizeof(*t->ops));
	}
	t->ops[t->n] = (struct op){ .kind = kind };
	return &t->ops[t->n++];
}

void trace_create(struct trace *t, unsigned name)
{
	struct op *op = push(t, OP_CREATE);

	op->name = name;
	op->file = t->current[name] = t->n_files++;
}

void trace_write(struct trace *t, uint32_t file, uint64_t at, const void *bytes, size_t n)
{
	struct op *op = push(t, OP_WRITE);

	op->file = file;
	op->at = at;
	op->n = n;
	op->bytes = xalloc(n);
	memcpy(op->bytes, bytes, n);
}

void trace_truncate(struct trace *t, uint32_t file, uint64_t size)
{
	struct op *op = push(t, OP_TRUNCATE);

	op->file = file;
	op->at = size;
}

void trace_sync(struct trace *t, uint32_t file)
{
	push(t, OP_SYNC)->file = file;
}

void trace_unlink(struct trace *t, unsigned name)
{
	push(t, OP_UNLINK)->name = name;
	t->current[name] = NO_FILE;
}

void trace_sync_dir(struct trace *t)
{
	push(t, OP_SYNC_DIR);
}

void trace_loss(struct trace *t, struct image *image)
{
	push(t, OP_LOSS)->loss = image;
	for (unsigned i = 0; i < NAMES_MAX; i++) {
		struct image_file *f = &image->files[i];

		t->current[i] = f->there ? f->file : NO_FILE;
	}
}

static uint64_t hash_bytes(uint64_t h, const void *p, size_t n)
{
	const unsigned char *b = p;

	for (size_t i = 0; i < n; i++)
		h = (h ^ b[i]) * 0x100000001b3u;
	return h;
}

uint64_t trace_hash(const struct trace *t)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (size_t i = 0; i < t->n; i++) {
		const struct op *op = &t->ops[i];

		h = hash_bytes(h, &op->kind, sizeof(op->kind));
		h = hash_bytes(h, &op->file, sizeof(op->file));
		h = hash_bytes(h, &op->at, sizeof(op->at));
		h = hash_bytes(h, op->bytes, op->n);
	}
	return h;
}
