#include "store/pages_sum.h"

#include "store/pages.h"

#include <string.h>

#define LOG_MAGIC 0x377f0682u /* the last bit: words are big-endian */
#define LOG_FORMAT 3007000u

static uint32_t be32(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static uint32_t le32(const unsigned char *p)
{
	return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

static void put_le32(unsigned char *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (unsigned char)(v >> 8 * i);
}

/* N is a multiple of 8. */
static void add_words(uint32_t sum[2], const unsigned char *p, size_t n, bool big)
{
	uint32_t a = sum[0], b = sum[1];

	for (size_t i = 0; i < n; i += 8) {
		a += (big ? be32(p + i) : le32(p + i)) + b;
		b += (big ? be32(p + i + 4) : le32(p + i + 4)) + a;
	}
	sum[0] = a;
	sum[1] = b;
}

/* --- pages -------------------------------------------------------------------------------- */

struct page_layout page_layout(const unsigned char *h)
{
	struct page_layout l = { 0 };

	if (memcmp(h, "SQLite format 3", 16) != 0)
		return l;
	l.size = (uint32_t)h[16] << 8 | h[17];
	l.size = l.size == 1 ? 65536 : l.size;
	if (l.size < 512 || (l.size & (l.size - 1)))
		l.size = 0;
	l.sums = l.size && h[20] == PAGES_RESERVED;
	if (memcmp(h + 24, h + 92, 4) == 0) /* the number is of the same change as the rest */
		l.n = (uint32_t)h[28] << 24 | (uint32_t)h[29] << 16 | (uint32_t)h[30] << 8 | h[31];
	return l;
}

static void sum_page(const unsigned char *page, size_t size, uint32_t number, uint32_t ret[2])
{
	ret[0] = number;
	ret[1] = ~number;
	add_words(ret, page, size - PAGES_RESERVED, false);
}

void page_seal(unsigned char *page, size_t size, uint32_t number)
{
	uint32_t sum[2];

	sum_page(page, size, number, sum);
	put_le32(page + size - 8, sum[0]);
	put_le32(page + size - 4, sum[1]);
}

static bool is_empty(const unsigned char *page, size_t size)
{
	return page[0] == 0 && memcmp(page, page + 1, size - 1) == 0;
}

bool page_holds(const unsigned char *page, size_t size, uint32_t number)
{
	uint32_t sum[2];

	sum_page(page, size, number, sum);
	return (le32(page + size - 8) == sum[0] && le32(page + size - 4) == sum[1]) ||
	       is_empty(page, size);
}

/* --- the log ------------------------------------------------------------------------------ */

bool log_begin(struct log_sum *l, const unsigned char *h)
{
	uint32_t magic = be32(h);

	*l = (struct log_sum){ .size = be32(h + 8), .big = magic & 1 };
	if ((magic & ~1u) != LOG_MAGIC || be32(h + 4) != LOG_FORMAT || l->size < 512 ||
	    l->size > 65536)
		return false;
	l->salt[0] = be32(h + 16);
	l->salt[1] = be32(h + 20);
	add_words(l->sum, h, 24, l->big);
	return be32(h + 24) == l->sum[0] && be32(h + 28) == l->sum[1];
}

static bool is_of_this_log(const struct log_sum *l, const unsigned char *frame)
{
	return be32(frame + 8) == l->salt[0] && be32(frame + 12) == l->salt[1];
}

bool log_next(struct log_sum *l, const unsigned char *frame)
{
	uint32_t sum[2] = { l->sum[0], l->sum[1] };

	if (!is_of_this_log(l, frame))
		return false;
	add_words(sum, frame, 8, l->big);
	add_words(sum, frame + LOG_FRAME_HEADER, l->size, l->big);
	if (be32(frame + 16) != sum[0] || be32(frame + 20) != sum[1])
		return false;
	memcpy(l->sum, sum, sizeof(sum));
	return true;
}

bool log_is_commit(const struct log_sum *l, const unsigned char *frame)
{
	return is_of_this_log(l, frame) && be32(frame + 4) != 0;
}

struct log_sum log_of_frame(const unsigned char *frame, uint32_t size)
{
	return (struct log_sum){ .size = size, .salt = { be32(frame + 8), be32(frame + 12) } };
}

uint32_t frame_page(const unsigned char *frame)
{
	return be32(frame);
}

uint32_t frame_pages(const unsigned char *frame)
{
	return be32(frame + 4);
}

/* --- the journal -------------------------------------------------------------------------- */

struct journal_begin journal_begin(const unsigned char *h)
{
	static const unsigned char magic[] = { 0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7 };

	if (memcmp(h, magic, sizeof(magic)) != 0)
		return (struct journal_begin){ 0 };
	return (struct journal_begin){ .page_size = be32(h + 24), .pages = be32(h + 16) };
}
