/*
 * Libraries that say no where there is no memory, and the many places that would have to hear it:
 * values of jansson, handles of libuv. They ask for memory the way we do, so none of them can leave
 * half a document behind. SQLite is not among them; it hands what it did not get back as an error,
 * and store/group.h waits.
 */
#ifndef SYS_MEMORY_H
#define SYS_MEMORY_H

/* Before the first value and the first loop. */
void memory_or_end(void);

#endif
