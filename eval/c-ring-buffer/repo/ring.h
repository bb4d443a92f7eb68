/* A queue of samples in a fixed array. One thread. */
#ifndef RING_H
#define RING_H

#include <stdbool.h>
#include <stddef.h>

#define RING_SLOTS 16

struct ring {
	int slot[RING_SLOTS];
	size_t head, count;
};

bool ring_push(struct ring *r, int sample);
bool ring_pop(struct ring *r, int *sample);
long ring_sum(const struct ring *r);

#endif
