/* Integer key -> pointer. Open addressing; deletion leaves no tombstones. */
#ifndef BASE_IMAP_H
#define BASE_IMAP_H

#include <stddef.h>
#include <stdint.h>

struct imap_slot {
	int64_t key;
	void *value; /* NULL: free */
};

struct imap {
	struct imap_slot *slots;
	size_t n, cap;
};

void imap_fini(struct imap *m);
void *imap_get(const struct imap *m, int64_t key);
/* VALUE is not NULL. Replaces. */
void imap_put(struct imap *m, int64_t key, void *value);
/* The value that was there, or NULL. */
void *imap_remove(struct imap *m, int64_t key);

/* In no particular order; the map must not change meanwhile. */
#define imap_each(m, it)                                                                \
	for (struct imap_slot *it = (m)->slots; it && it < (m)->slots + (m)->cap; it++) \
		if (it->value)

#endif
