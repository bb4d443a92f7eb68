#ifndef PERM_H
#define PERM_H

#include <stdbool.h>
#include <stdint.h>

#define PERM_READ 1u
#define PERM_WRITE 2u
#define PERM_ADMIN 4u

bool perm_may_change(uint32_t have);
bool perm_is_reader(uint32_t have);
uint32_t perm_highest(unsigned bits);

#endif
