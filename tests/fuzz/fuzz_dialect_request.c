/* A request of any dialect becomes one of every other, or is refused with a reason. */
#include "dialect/dialect.h"

#include "must.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is written can be read by the next one, and means a request to him, too. */
static void check(enum dialect d, const json_t *chat)
{
	json_t *doc = dialect_from_chat(d, chat), *again;
	char *text = json_dump(doc);
	const char *why = NULL;

	must(text);
	again = json_parse(str_from(text), NULL);
	if (again) { /* else it is nested too deep for any of us */
		must(dialect_is_request(d, again));
		json_decref(dialect_to_chat(d, again, true, &why));
		json_decref(again);
	}
	free(text);
	json_decref(doc);
}

/* The first byte says whose request it is, the rest is its body. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *why = NULL;
	json_t *doc, *chat;

	if (!size)
		return 0;
	enum dialect from = (enum dialect)(data[0] % DIALECTS);

	doc = json_parse_loosely((struct str){ (const char *)data + 1, size - 1 });
	chat = dialect_to_chat(from, doc, data[0] & 16, &why);
	must(chat || why);
	for (enum dialect d = DIALECT_CHAT; chat && d < DIALECTS; d++)
		check(d, chat);
	json_decref(chat);
	json_decref(doc);
	return 0;
}
