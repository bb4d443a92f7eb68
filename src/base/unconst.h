/*
 * A pointer without its const, for interfaces that promise not to write but do not say so in their
 * types: execve(2), struct iovec, jansson's iterators. Never a way to write.
 */
#ifndef BASE_UNCONST_H
#define BASE_UNCONST_H

static inline void *unconst(const void *p)
{
	union {
		const void *c;
		void *v;
	} u = { p };

	return u.v;
}

#endif
