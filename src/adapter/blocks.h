/*
 * Messages made of blocks (text, thinking, tool_use, tool_result) and the live events in between:
 * what `claude -p --output-format stream-json` prints, and qwen after its example.
 */
#ifndef ADAPTER_BLOCKS_H
#define ADAPTER_BLOCKS_H

#include "adapter/session.h"

/* A violation unless it is plan. */
void blocks_check_mode(struct session *s, struct str mode);
/* `system`, `init`: its tools, and its mode and version, which stand under those keys. */
void blocks_init(struct session *s, const json_t *doc, const char *mode, const char *version);
/* It asks its model again: calls so far come to nothing, and the text is VOID or goes on. */
void blocks_retry(struct session *s, bool is_void, struct str why);

/* --- for tables ------------------------------------------------------------------------------ */

/* `stream_event`: text and thinking as they are written. Each message has its own text. */
void blocks_stream(struct agent_session *own, json_t *doc);
/* `assistant`: the calls in a message that is whole. */
void blocks_assistant(struct agent_session *own, json_t *doc);
/* `user`: the results of calls. */
void blocks_user(struct agent_session *own, json_t *doc);

#endif
