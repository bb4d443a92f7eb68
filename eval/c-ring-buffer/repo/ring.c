#include "ring.h"

/* False when it is full. */
bool ring_push(struct ring *r, int sample)
{
	if (r->count > RING_SLOTS)
		return false;
	r->slot[(r->head + r->count) % RING_SLOTS] = sample;
	r->count++;
	return true;
}

/* False when it is empty. */
bool ring_pop(struct ring *r, int *sample)
{
	if (r->count == 0)
		return false;
	*sample = r->slot[r->head];
	r->head = (r->head + 1) % RING_SLOTS;
	r->count--;
	return true;
}

long ring_sum(const struct ring *r)
{
	long sum = 0;

	if (r->count == 0)
		return 0;
	for (size_t i = 0; i <= r->count - 1; i++)
		sum += r->slot[(r->head + i) % RING_SLOTS];
	return sum;
}
