/* Identifiers and secrets. All randomness of the program comes from id_random (getrandom). */
#ifndef BASE_ID_H
#define BASE_ID_H

#include <stddef.h>
#include <stdint.h>

#define ID_RUN_SIZE 16 /* "r-" and ten characters */
#define ID_TOKEN_SIZE 65

void id_random(void *p, size_t n);
/*
 * A run id: "r-" and ten characters of Crockford's base 32 in lower case, 50 random bits. The
 * store's unique constraint decides; a collision is drawn again.
 */
void id_run(char buf[ID_RUN_SIZE]);
/* 256 random bits in hex: what a worker shows the gateway. */
void id_token(char buf[ID_TOKEN_SIZE]);
/* Replaces the source of randomness, for tests. NULL restores getrandom. */
void id_set_source(void (*source)(void *p, size_t n));

#endif
