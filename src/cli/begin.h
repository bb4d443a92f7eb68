/*
 * libuv aborts where it gets no descriptors or threads for itself, and it asks for them when it
 * first needs them. So it needs them at the start, and not before it was seen that there are some.
 * Where it aborts all the same (the kernel has no memory for one more watch, uv__io_poll in libuv
 * 1.44), the process ends as it does without memory: a line on stderr, EXIT_MEMORY. Mistakes of
 * ours and of libraries still end it by SIGABRT.
 */
#ifndef CLI_BEGIN_H
#define CLI_BEGIN_H

#include "base/err.h"

#include <uv.h>

/* LOOP, with the pool behind it; FIRST is what that has to do first, and may be under way. */
MUST_CHECK int begin_loop(uv_loop_t *loop, uv_work_t *first, struct err *err);

#endif
