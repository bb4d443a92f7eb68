#include "store/pages_torn.h"

#include "base/arena.h"
#include "store/pages.h"
#include "store/pages_read.h"
#include "store/pages_set.h"
#include "store/pages_sum.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool torn_beginning(const char *path, off_t size)
{
	unsigned char header[JOURNAL_HEADER];
	struct journal_begin j = { 0 };
	int fd = pages_open(path, "-journal");

	if (fd < 0)
		return false;
	if (pages_read(fd, header, sizeof(header), 0) == 0)
		j = journal_begin(header);
	close(fd);
	/* more than that is nobody's beginning, and not to be called nothing */
	return j.page_size && !j.pages && size <= (off_t)j.page_size;
}

/* --- a log without its header --------------------------------------------------------------- */

struct headless {
	int db, log;
	struct log_sum sum; /* only what a frame says of it */
	unsigned char *frame, *page;
};

static off_t place(const struct headless *h, uint32_t i)
{
	return LOG_HEADER + (off_t)(LOG_FRAME_HEADER + h->sum.size) * i;
}

/* How many frames there are up to the last that ends a transaction, and pages behind that one. */
static uint32_t frames_told(const struct headless *h, uint32_t *ret_pages)
{
	unsigned char header[LOG_FRAME_HEADER];
	uint32_t told = 0;

	for (uint32_t i = 0; pages_read(h->log, header, sizeof(header), place(h, i)) == 0; i++)
		if (log_is_commit(&h->sum, header)) {
			told = i + 1;
			*ret_pages = frame_pages(header);
		}
	return told;
}

/* The frame at hand, in the database? Sums of pages are put there only. */
static bool is_stored(const struct headless *h, uint32_t number)
{
	size_t n = h->sum.size;

	return pages_read(h->db, h->page, n, (off_t)n * (number - 1)) == 0 &&
	       memcmp(h->page, h->frame + LOG_FRAME_HEADER, n - PAGES_RESERVED) == 0;
}

/* Backwards, since of a page it is the last that counts. */
static bool are_stored(const struct headless *h, uint32_t told, uint32_t pages)
{
	struct page_set seen = { 0 };
	bool stored = true;

	while (stored && told-- > 0) {
		stored = pages_read(
			     h->log, h->frame, LOG_FRAME_HEADER + h->sum.size, place(h, told)) == 0;
		uint32_t number = stored ? frame_page(h->frame) : 0;

		if (number > pages || page_set_has(&seen, number))
			continue;
		page_set_add(&seen, number);
		stored = number && is_stored(h, number);
	}
	page_set_fini(&seen);
	return stored;
}

static bool look(struct headless *h)
{
	unsigned char header[PAGE_HEADER], first[LOG_FRAME_HEADER];
	uint32_t pages = 0;
	struct stat st;

	if (pages_read(h->log, first, sizeof(first), LOG_HEADER) == -ENODATA)
		return true;
	if (pages_read(h->db, header, sizeof(header), 0) < 0 || fstat(h->db, &st) < 0)
		return false;
	h->sum = log_of_frame(first, page_layout(header).size);
	if (!h->sum.size)
		return false;
	uint32_t told = frames_told(h, &pages);

	/* frames of no log say nothing, and what they say may be anything */
	if (!told || pages > st.st_size / h->sum.size)
		return false;
	h->frame = xalloc(LOG_FRAME_HEADER + h->sum.size);
	h->page = xalloc(h->sum.size);
	bool stored = are_stored(h, told, pages);

	free(h->frame);
	free(h->page);
	return stored;
}

bool torn_log_header(const char *path)
{
	struct headless h = { .db = pages_open(path, ""), .log = pages_open(path, "-wal") };
	bool stored = h.db >= 0 && h.log >= 0 && look(&h);

	if (h.db >= 0)
		close(h.db);
	if (h.log >= 0)
		close(h.log);
	return stored;
}
