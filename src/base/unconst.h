/*
 * A pointer without its const, for interfaces that promise not to write but do not say so in their
 * types: execve(2), struct iovec, jansson's iterators. Also for what we allocated ourselves and
 * give back. Never a way to write, but for one place that says why (store/pages.c).
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
