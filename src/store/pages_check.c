/* A database file and its log, held against their sums. */
#include "store/pages.h"

#include "base/arena.h"
#include "store/pages_read.h"
#include "store/pages_set.h"
#include "store/pages_sum.h"
#include "store/pages_torn.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LOOKS 5		/* at what does not fit, while somebody may be writing it */
#define LOOKED_AT 10	/* flaws; where there are more of them, it is no writer */
#define LOOK_NS 2000000 /* between two of them */
#define FLAWS_MAX 100	/* that are named one by one */

struct check {
	int fd;
	struct page_layout layout;
	unsigned char *page;
	struct page_set in_log; /* of which a commit of the log has the content */
	uint32_t log_size;	/* of a page; 0: there is no log */
	pages_flaw_fn flaw;
	void *ctx;
	unsigned long long flaws;
	struct pages_found *found;
};

/* NUMBER: which of them; 0: there is one. */
static void tell(struct check *c, const char *what, unsigned long long number, const char *why)
{
	char where[64];

	if (c->flaws++ >= FLAWS_MAX)
		return;
	snprintf(where, sizeof(where), number ? "%s %llu" : "%s", what, number);
	c->flaw(c->ctx, where, why);
}

static void wait_a_little(void)
{
	const struct timespec pause = { .tv_nsec = LOOK_NS };

	nanosleep(&pause, NULL);
}

/* --- pages -------------------------------------------------------------------------------- */

static bool page_fits(struct check *c, uint32_t number)
{
	size_t size = c->layout.size;

	int looks = c->flaws < LOOKED_AT ? LOOKS : 1;

	for (int look = 0; look < looks; look++) {
		if (look)
			wait_a_little();
		if (pages_read(c->fd, c->page, size, (off_t)size * (number - 1)) == 0 &&
		    page_holds(c->page, size, number))
			return true;
	}
	return false;
}

/* What the log has nobody reads from here, and whoever opens the database next writes it anew. */
static void tell_page(struct check *c, uint32_t number, const char *why)
{
	if (page_set_has(&c->in_log, number))
		c->found->torn++;
	else
		tell(c, "page", number, why);
}

static void check_pages(struct check *c, off_t bytes)
{
	uint32_t n = (uint32_t)(bytes / c->layout.size);

	c->found->pages = n;
	if (bytes % c->layout.size)
		tell_page(c, n + 1, "it is cut off");
	if (!c->layout.sums) {
		tell(c, "page", 1, "it does not say that pages have sums");
		return;
	}
	for (uint32_t i = 1; i <= n; i++)
		if (!page_fits(c, i))
			tell_page(c, i, "it is not as it was written");
	for (uint32_t i = n + 1 + (bytes % c->layout.size != 0); i <= c->layout.n; i++)
		tell_page(c, i, "it is not there");
}

/* --- the log ------------------------------------------------------------------------------ */

/* The pages of frames FROM to TO, which are a transaction. */
static void mark_all(struct check *c, const struct log_sum *l, off_t from, off_t to)
{
	unsigned char header[LOG_FRAME_HEADER];

	for (; from <= to; from += (off_t)(LOG_FRAME_HEADER + l->size))
		if (pages_read(c->fd, header, sizeof(header), from) == 0)
			page_set_add(&c->in_log, frame_page(header));
}

/*
 * Whoever opens the database takes the log up to the first frame that does not hold. Behind it may
 * be what was left of an earlier log, or of a transaction that did not come to its end. A commit of
 * this log with another one behind it is neither: it was told to somebody, and would be lost. Of
 * the last one that cannot be known.
 */
static void check_frames(struct check *c, struct log_sum *l, unsigned char *frame)
{
	unsigned long long number = 1, lost = 0, commits = 0;
	off_t n = (off_t)(LOG_FRAME_HEADER + l->size), begin = LOG_HEADER;
	bool holds = true;

	for (off_t at = LOG_HEADER; pages_read(c->fd, frame, (size_t)n, at) == 0;
	     at += n, number++) {
		bool commit = log_is_commit(l, frame);

		holds = holds && log_next(l, frame);
		c->found->log += holds;
		if (holds && commit) {
			mark_all(c, l, begin, at);
			begin = at + n;
		} else if (commit && ++commits == 1) {
			lost = number;
		}
	}
	if (commits)
		tell(c, "frame of the log", lost,
		    commits > 1
			? "it was committed, and something before it does not hold"
			: "what was written last does not hold: the power went before it was"
			  " whole, or it is damaged");
}

static void tell_header(struct check *c, const char *path)
{
	tell(c, "header of the log", 0,
	    torn_log_header(path)
		? "it does not hold: the power went while a log was begun, or it is damaged; the"
		  " database has all that the log had"
		: "it is not as it was written");
}

static int check_log(struct check *c, const char *path)
{
	unsigned char header[LOG_HEADER], *frame;
	struct log_sum l;

	c->fd = pages_open(path, "-wal");
	if (c->fd < 0)
		return c->fd == -ENOENT ? 0 : c->fd;
	if (pages_read(c->fd, header, sizeof(header), 0) == 0) {
		if (log_begin(&l, header)) {
			c->log_size = l.size;
			frame = xalloc(LOG_FRAME_HEADER + l.size);
			check_frames(c, &l, frame);
			free(frame);
		} else {
			tell_header(c, path);
		}
	}
	close(c->fd);
	return 0;
}

/* --- together ------------------------------------------------------------------------------ */

static int check_file(struct check *c, const char *path)
{
	unsigned char header[PAGE_HEADER];
	struct stat st;
	int rc;

	if (fstat(c->fd, &st) < 0)
		return -errno;
	if (st.st_size == 0 || torn_beginning(path, st.st_size))
		return 0;
	rc = pages_read(c->fd, header, sizeof(header), 0);
	if (rc && rc != -ENODATA)
		return rc;
	if (!rc)
		c->layout = page_layout(header);
	if (!c->layout.size && page_set_has(&c->in_log, 1))
		c->layout = (struct page_layout){ .size = c->log_size, .sums = true };
	if (!c->layout.size) {
		tell(c, "page", 1, "it is not the beginning of a database");
		return 0;
	}
	c->page = xalloc(c->layout.size);
	check_pages(c, st.st_size);
	free(c->page);
	return 0;
}

int pages_check(
    const char *path, pages_flaw_fn flaw, void *ctx, struct pages_found *ret, struct err *err)
{
	struct check c = { .flaw = flaw, .ctx = ctx, .found = ret };
	int rc;

	*ret = (struct pages_found){ 0 };
	rc = check_log(&c, path);
	if (rc == 0) {
		c.fd = pages_open(path, "");
		rc = c.fd < 0 ? c.fd : check_file(&c, path);
		if (c.fd >= 0)
			close(c.fd);
	}
	page_set_fini(&c.in_log);
	if (rc == 0)
		return 0;
	err_set(err, rc, "cannot read %s", path);
	err_why(err, "%s", err_name(rc));
	return rc;
}
