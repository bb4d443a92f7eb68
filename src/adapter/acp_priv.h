/* What the files of the ACP codec share. */
#ifndef ADAPTER_ACP_PRIV_H
#define ADAPTER_ACP_PRIV_H

#include "adapter/acp.h"
#include "adapter/session.h"

#define ACP_CALLS_MAX 256
#define ACP_ID_MAX 256 /* of a session or a request, in bytes; a longer one is no id */

/* What is waited for; also the id of our request, so a response to any other is none. */
enum acp_state {
	ACP_GREETED = 1, /* the response to initialize */
	ACP_OPENED,	 /* … to session/new */
	ACP_MODE_SET,	 /* … to session/set_mode */
	ACP_ANSWERED,	 /* … to session/prompt */
	ACP_OVER,
};

struct acp_call {
	char *id, *name;
	json_t *input; /* the last one that it told, or NULL */
	bool named;    /* it told its own name of the tool */
	bool executes; /* it runs a command … */
	bool may_run;  /* … that only reads */
	bool mutates, told, ended, refused;
};

struct agent_session {
	struct session base;
	const struct acp_profile *profile;
	enum acp_state state;
	char *prompt, *repo, *model; /* of the task */
	json_t *meta;
	char *id, *version;		      /* of its session, of itself; or NULL */
	struct acp_call calls[ACP_CALLS_MAX]; /* a ring of the last ones */
	size_t n_calls;
	bool turn;	    /* the model has said something since the last call */
	bool stale;	    /* a call followed the text: the next text begins anew */
	bool refused;	    /* a call, and nothing was said since */
	enum ending ending; /* once the last word is there */
};

/* acp.c: the last word. Text so far is kept; REASON is made one line, and may be empty. */
void acp_end(struct agent_session *s, enum ending ending, struct str reason);

/* acp_wire.c: lines for the agent. They take PARAMS and RESULT. */
void acp_ask(struct agent_session *s, const char *method, json_t *params);
void acp_reply(struct agent_session *s, const json_t *id, json_t *result);
void acp_decline(struct agent_session *s, const json_t *id);
/* Integer or short text: what a request may be called. */
bool acp_is_id(const json_t *id);

/* acp_update.c: what comes while it works */
void acp_on_notification(struct agent_session *s, const json_t *params);
void acp_on_permission(struct agent_session *s, const json_t *id, const json_t *params);
/* Does it offer MODE? RESULT is that of session/new. */
bool acp_offers_mode(const json_t *result, const char *mode);
/* Adds what a message tells about tokens, in any of the places where agents put that. */
void acp_add_usage(struct agent_session *s, const json_t *usage);

#endif
