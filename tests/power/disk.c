#include "disk.h"

#include "base/arena.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct bytes {
	unsigned char *p;
	size_t n, cap;
};

struct indices {
	size_t *v, n, cap;
};

struct file {
	struct bytes kept;   /* what was waited for */
	struct indices open; /* writes and cuts since */
};

struct disk {
	const struct trace *t;
	size_t pos;
	bool lies;
	struct file *files;
	uint32_t names[NAMES_MAX]; /* as waited for */
	struct indices open;	   /* names made and removed since */
};

/* --- bytes -------------------------------------------------------------------------------- */

static void resize(struct bytes *b, size_t n)
{
	if (n > b->cap) {
		b->cap = n > 2 * b->cap ? n : 2 * b->cap;
		b->p = xrealloc(b->p, b->cap);
	}
	if (n > b->n)
		memset(b->p + b->n, 0, n - b->n);
	b->n = n;
}

static void put(struct bytes *b, uint64_t at, const unsigned char *p, size_t n)
{
	if (at + n > b->n)
		resize(b, at + n);
	memcpy(b->p + at, p, n);
}

static struct bytes copy(const unsigned char *p, size_t n)
{
	struct bytes b = { 0 };

	resize(&b, n);
	if (n)
		memcpy(b.p, p, n);
	return b;
}

static void push(struct indices *x, size_t i)
{
	if (x->n == x->cap) {
		x->cap = x->cap ? 2 * x->cap : 64;
		x->v = xrealloc(x->v, x->cap * sizeof(*x->v));
	}
	x->v[x->n++] = i;
}

/* --- a disk that goes on ------------------------------------------------------------------ */

struct disk *disk_create(const struct trace *t)
{
	struct disk *d = xalloc(sizeof(*d));

	d->t = t;
	d->files = xalloc((t->n_files + 1) * sizeof(*d->files));
	for (unsigned i = 0; i < NAMES_MAX; i++)
		d->names[i] = NO_FILE;
	return d;
}

void disk_free(struct disk *d)
{
	for (uint32_t i = 0; i < d->t->n_files; i++) {
		free(d->files[i].kept.p);
		free(d->files[i].open.v);
	}
	free(d->files);
	free(d->open.v);
	free(d);
}

void disk_lie(struct disk *d)
{
	d->lies = true;
}

static void apply(struct bytes *b, const struct op *op)
{
	if (op->kind == OP_WRITE)
		put(b, op->at, op->bytes, op->n);
	else
		resize(b, op->at);
}

static void sync_file(struct disk *d, struct file *f)
{
	for (size_t i = 0; i < f->open.n; i++)
		apply(&f->kept, &d->t->ops[f->open.v[i]]);
	f->open.n = 0;
}

static void apply_name(uint32_t *names, const struct op *op)
{
	names[op->name] = op->kind == OP_CREATE ? op->file : NO_FILE;
}

static void sync_names(struct disk *d)
{
	for (size_t i = 0; i < d->open.n; i++)
		apply_name(d->names, &d->t->ops[d->open.v[i]]);
	d->open.n = 0;
}

static void lose(struct disk *d, const struct image *left)
{
	d->open.n = 0;
	for (uint32_t i = 0; i < d->t->n_files; i++)
		d->files[i].open.n = 0;
	for (unsigned i = 0; i < NAMES_MAX; i++) {
		const struct image_file *f = &left->files[i];

		d->names[i] = f->there ? f->file : NO_FILE;
		if (!f->there)
			continue;
		resize(&d->files[f->file].kept, 0);
		put(&d->files[f->file].kept, 0, f->bytes, f->n);
	}
}

static void carry_out(struct disk *d, size_t i)
{
	const struct op *op = &d->t->ops[i];

	switch (op->kind) {
	case OP_CREATE:
	case OP_UNLINK:
		push(&d->open, i);
		break;
	case OP_WRITE:
	case OP_TRUNCATE:
		push(&d->files[op->file].open, i);
		break;
	case OP_SYNC:
		if (!d->lies)
			sync_file(d, &d->files[op->file]);
		break;
	case OP_SYNC_DIR:
		if (!d->lies)
			sync_names(d);
		break;
	case OP_LOSS:
		lose(d, op->loss);
		break;
	}
}

void disk_advance(struct disk *d, size_t to)
{
	for (; d->pos < to; d->pos++)
		carry_out(d, d->pos);
}

/* --- what is left ------------------------------------------------------------------------- */

/* How a disk writes back what nobody waited for. */
struct whim {
	struct rng rng;
	size_t sector;
	unsigned keeps; /* percent of the sectors that are there */
	unsigned tears; /* of those, percent that are half there */
};

static struct whim whim_of(uint64_t seed)
{
	static const unsigned keeps[] = { 0, 5, 30, 50, 70, 95, 100 };
	static const unsigned tears[] = { 0, 0, 2, 20 };
	struct whim w = { .rng = { seed } };

	w.sector = rng_chance(&w.rng, 70) ? 512 : 4096;
	w.keeps = keeps[rng_below(&w.rng, sizeof(keeps) / sizeof(keeps[0]))];
	w.tears = tears[rng_below(&w.rng, sizeof(tears) / sizeof(tears[0]))];
	return w;
}

/* What a sector of NEW came to in OLD: all of it, its beginning, or that and noise. */
static void keep_sector(struct whim *w, struct bytes *old, const struct bytes *new, size_t at)
{
	size_t n = new->n - at < w->sector ? new->n - at : w->sector, half = n;

	if (rng_chance(&w->rng, w->tears))
		half = rng_below(&w->rng, n + 1);
	put(old, at, new->p + at, half);
	if (half < n && rng_chance(&w->rng, 30)) {
		if (old->n < at + n)
			resize(old, at + n);
		for (size_t i = half; i < n; i++)
			if (old->p[at + i] != new->p[at + i]) /* who writes some keeps the others */
				old->p[at + i] = (unsigned char)rng_next(&w->rng);
	}
}

/* Whole sectors as they were in memory then; nothing from LIMIT on, which belongs to nobody. */
static void write_back(struct whim *w, struct bytes *left, const struct bytes *seen,
    const struct op *op, uint64_t limit)
{
	uint64_t at = op->at / w->sector * w->sector;

	for (; at < op->at + op->n; at += w->sector)
		if (at < limit && rng_chance(&w->rng, w->keeps))
			keep_sector(w, left, seen, at);
}

/*
 * Of a file, sectors in any order; its sizes in theirs: the first SIZES of what is open. A cut that
 * came about took the bytes behind it along.
 */
static struct bytes left_of(struct disk *d, const struct file *f, struct whim *w)
{
	struct bytes left = copy(f->kept.p, f->kept.n), seen = copy(f->kept.p, f->kept.n);
	size_t sizes = rng_below(&w->rng, f->open.n + 1), size = f->kept.n;
	uint64_t limit = UINT64_MAX;

	if (w->keeps == 100 && rng_chance(&w->rng, 50))
		sizes = f->open.n;
	for (size_t i = 0; i < f->open.n; i++) {
		const struct op *op = &d->t->ops[f->open.v[i]];

		apply(&seen, op);
		if (op->kind == OP_WRITE)
			write_back(w, &left, &seen, op, limit);
		else if (i < sizes && op->at < left.n)
			resize(&left, op->at);
		else if (i >= sizes && op->at < limit)
			limit = op->at;
		if (i < sizes)
			size = seen.n;
	}
	resize(&left, size);
	free(seen.p);
	return left;
}

/* Of what happened to each name, the first few. */
static void names_left(struct disk *d, struct whim *w, uint32_t names[NAMES_MAX])
{
	memcpy(names, d->names, sizeof(d->names));
	for (unsigned name = 0; name < d->t->n_names; name++) {
		size_t n = 0, some;

		for (size_t i = 0; i < d->open.n; i++)
			n += d->t->ops[d->open.v[i]].name == name;
		some = rng_below(&w->rng, n + 1);
		for (size_t i = 0; i < d->open.n && some; i++) {
			const struct op *op = &d->t->ops[d->open.v[i]];

			if (op->name != name)
				continue;
			apply_name(names, op);
			some--;
		}
	}
}

struct image *disk_cut(struct disk *d, uint64_t seed)
{
	struct image *im = xalloc(sizeof(*im));
	struct whim w = whim_of(seed);
	uint32_t names[NAMES_MAX];

	names_left(d, &w, names);
	for (unsigned i = 0; i < NAMES_MAX; i++) {
		if (names[i] == NO_FILE)
			continue;
		struct bytes b = left_of(d, &d->files[names[i]], &w);

		im->files[i] = (struct image_file){ true, names[i], b.p, b.n };
	}
	return im;
}

void image_free(struct image *im)
{
	for (unsigned i = 0; im && i < NAMES_MAX; i++)
		free(im->files[i].bytes);
	free(im);
}

void image_store(const struct image *im, const struct trace *t, const char *dir)
{
	for (unsigned i = 0; i < t->n_names; i++) {
		const struct image_file *f = &im->files[i];
		char path[512];

		if (!f->there)
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, t->names[i]);
		int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

		if (fd < 0 || write(fd, f->bytes, f->n) != (ssize_t)f->n) {
			fprintf(stderr, "power: cannot write %s\n", path);
			abort();
		}
		close(fd);
	}
}
