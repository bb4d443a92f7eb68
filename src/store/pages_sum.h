/* A page of a database file, and a frame of its log, as SQLite's file format has them. Pure. */
#ifndef STORE_PAGES_SUM_H
#define STORE_PAGES_SUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE_HEADER 100 /* bytes at the beginning of the first page */

struct page_layout {
	uint32_t size; /* of a page; 0: that is no database */
	bool sums;     /* its pages have room for them */
	uint32_t n;    /* pages that it should have; 0: that is not known */
};

/* HEADER: PAGE_HEADER bytes. */
struct page_layout page_layout(const unsigned char *header);
/* Puts the sum of page NUMBER into its last bytes. */
void page_seal(unsigned char *page, size_t size, uint32_t number);
/* It has the sum that it should have; or nothing was ever written to it. */
bool page_holds(const unsigned char *page, size_t size, uint32_t number);

/* A log: its header, and what its frames are held against, one after the other. */
#define LOG_HEADER 32
#define LOG_FRAME_HEADER 24

struct log_sum {
	uint32_t size; /* of a page */
	uint32_t salt[2], sum[2];
	bool big; /* words of the sums are big-endian */
};

/* False: there is no log yet, or its header does not hold. */
bool log_begin(struct log_sum *l, const unsigned char *header);
/* FRAME: LOG_FRAME_HEADER and a page. True: it is the next one of the log. */
bool log_next(struct log_sum *l, const unsigned char *frame);
/* FRAME, of which only the header is read, says that it is of this log and ends a transaction. */
bool log_is_commit(const struct log_sum *l, const unsigned char *frame);
/* What the first frame says of a log whose header does not hold: which it is, and no sums. */
struct log_sum log_of_frame(const unsigned char *frame, uint32_t size);
/* The number of its page, and how many the database has behind the transaction that FRAME ends. */
uint32_t frame_page(const unsigned char *frame);
uint32_t frame_pages(const unsigned char *frame);

/* The beginning of a rollback journal: what the file was before. */
#define JOURNAL_HEADER 28

struct journal_begin {
	uint32_t page_size; /* 0: that is no journal */
	uint32_t pages;	    /* of the database, before */
};

struct journal_begin journal_begin(const unsigned char *header);

#endif
