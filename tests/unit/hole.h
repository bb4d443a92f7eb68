/*
 * Holes in the fence: test_fence_holes compiles src/sandbox again with this file before each source
 * (-include), so that a rule can be left out while everything runs. The product has none of it.
 */
#ifndef TESTS_HOLE_H
#define TESTS_HOLE_H

#include <stdbool.h>
#include <stdint.h>

struct fence_row;

bool hole_open(const char *rule);
uint64_t hole_bits(const char *kind);
bool hole_row(const struct fence_row *row);

#define FENCE_HOLE(rule) hole_open(rule)
#define FENCE_HOLE_BITS(kind) hole_bits(kind)
#define FENCE_HOLE_ROW(row) hole_row(row)

#endif
