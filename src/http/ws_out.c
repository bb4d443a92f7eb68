#include "http/ws_out.h"

#include "base/arena.h"
#include "base/unconst.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>

#define TEXT_FRAME 0x81 /* FIN, and opcode 1 */
#define AT_ONCE 32	/* frames that are handed to the kernel in one call */

struct frame {
	struct list list;
	unsigned char head[10];
	size_t n_head, sent; /* of head and text together */
	struct shared *text;
};

void ws_out_init(struct ws_out *o)
{
	list_init(&o->frames);
	o->bytes = 0;
}

static void frame_free(struct frame *f)
{
	list_remove(&f->list);
	shared_put(f->text);
	free(f);
}

void ws_out_fini(struct ws_out *o)
{
	while (!list_empty(&o->frames))
		frame_free(list_item(o->frames.next, struct frame, list));
	o->bytes = 0;
}

static void add(struct ws_out *o, struct frame *f)
{
	list_push(&o->frames, &f->list);
	o->bytes += f->n_head + f->text->bytes.n;
}

static void write_head(struct frame *f, uint64_t n)
{
	size_t more = n < 126 ? 0 : n <= UINT16_MAX ? 2 : 8;

	f->head[0] = TEXT_FRAME;
	f->head[1] = (unsigned char)(more == 0 ? n : more == 2 ? 126 : 127);
	for (size_t i = 0; i < more; i++)
		f->head[2 + i] = (unsigned char)(n >> 8 * (more - 1 - i));
	f->n_head = 2 + more;
}

void ws_out_text(struct ws_out *o, struct shared *text)
{
	struct frame *f = xalloc(sizeof(*f));

	f->text = shared_ref(text);
	write_head(f, text->bytes.n);
	add(o, f);
}

void ws_out_bytes(struct ws_out *o, struct str bytes)
{
	struct frame *f = xalloc(sizeof(*f));

	f->text = shared_copy(bytes);
	add(o, f);
}

static size_t gather(const struct ws_out *o, struct iovec *v)
{
	size_t n = 0;

	list_each (&o->frames, it) {
		struct frame *f = list_item(it, struct frame, list);
		size_t head = f->sent < f->n_head ? f->n_head - f->sent : 0;
		struct str rest = str_skip(f->text->bytes, head ? 0 : f->sent - f->n_head);

		if (n + 2 > 2 * (size_t)AT_ONCE)
			break;
		if (head)
			v[n++] = (struct iovec){ f->head + f->sent, head };
		if (rest.n)
			v[n++] = (struct iovec){ unconst(rest.p), rest.n };
	}
	return n;
}

static void took(struct ws_out *o, size_t n)
{
	o->bytes -= n;
	list_each_safe (&o->frames, it, next) {
		struct frame *f = list_item(it, struct frame, list);
		size_t rest = f->n_head + f->text->bytes.n - f->sent;

		if (n < rest) {
			f->sent += n;
			return;
		}
		n -= rest;
		frame_free(f);
	}
}

int ws_out_send(struct ws_out *o, int fd)
{
	struct iovec v[2 * AT_ONCE];
	struct msghdr m = { .msg_iov = v };
	ssize_t n = 0;

	while (o->bytes) {
		m.msg_iovlen = gather(o, v);
		n = sendmsg(fd, &m, MSG_NOSIGNAL);
		if (n < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : -errno;
		took(o, (size_t)n);
	}
	return 0;
}
