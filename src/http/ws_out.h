/*
 * What is to be sent over a WebSocket: whole frames, in order. Texts are held by reference, so that
 * one which goes to many is there once, however slow they are.
 */
#ifndef HTTP_WS_OUT_H
#define HTTP_WS_OUT_H

#include "base/list.h"
#include "base/shared.h"

struct ws_out {
	struct list frames;
	size_t bytes; /* that are not sent yet */
};

void ws_out_init(struct ws_out *o);
void ws_out_fini(struct ws_out *o);
/* A text message in one frame, not masked (RFC 6455, 5.2); takes a reference of its own. */
void ws_out_text(struct ws_out *o, struct shared *text);
/* Frames that are encoded already; copied. */
void ws_out_bytes(struct ws_out *o, struct str bytes);
/* Sends what the socket takes. 0, or a negative errno: nothing more can be sent. */
int ws_out_send(struct ws_out *o, int fd);

#endif
