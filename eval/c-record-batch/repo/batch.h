/* Batches as they come from the network: a count, then that many records. */
#ifndef BATCH_H
#define BATCH_H

#include <stddef.h>
#include <stdint.h>

struct record {
	uint32_t id, flags;
	uint64_t value;
};

struct record *batch_decode(const uint8_t *bytes, size_t n, uint32_t *count);
uint64_t *batch_totals(size_t rows, size_t columns);

#endif
