/*
 * Messages made of blocks (text, thinking, tool_use, tool_result) and the live events in between:
 * what `claude -p --output-format stream-json` prints, and qwen after its example.
 */
#ifndef ADAPTER_BLOCKS_H
#define ADAPTER_BLOCKS_H

#include "adapter/calls.h"

/* `stream_event`: text and thinking as they are written. Each message has its own text. */
void blocks_stream(struct session *s, const json_t *doc);
/* `assistant`: the calls in a message that is whole. */
void blocks_assistant(struct session *s, struct calls *calls, const json_t *doc);
/* `user`: the results of calls. */
void blocks_user(struct session *s, struct calls *calls, const json_t *doc);

#endif
