#ifndef HITS_H
#define HITS_H

#define PAGES 64
#define HITS_LISTS_MAX 32

struct visits {
	const unsigned *page;
	unsigned long n;
};

unsigned long hits_count(struct visits *lists, unsigned n);
unsigned long hits_of(unsigned page);

#endif
