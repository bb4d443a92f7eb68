#include "perm.h"

/* Whoever writes or administers may change an entry. */
bool perm_may_change(uint32_t have)
{
	return have & (PERM_WRITE | PERM_ADMIN);
}

/* Reads, and neither writes nor administers. */
bool perm_is_reader(uint32_t have)
{
	return have & (PERM_READ | PERM_WRITE | PERM_ADMIN) == PERM_READ;
}

/* The highest of BITS bits, which are 1 to 32. */
uint32_t perm_highest(unsigned bits)
{
	return UINT32_C(1) << bits - 1;
}
