/* What an answer, or an error in place of one, amounts to. Words, not guesses about intent. */
#include "adapter/adapter.h"

#define ASKED_MAX 1500 /* a report that ends in a question is still a report */
#define REFUSED_MAX 1000
#define REFUSED_WITHIN 300 /* a refusal begins with it */

static bool has_nocase(struct str s, const char *word)
{
	struct str w = str_from(word);

	for (size_t i = 0; i + w.n <= s.n; i++)
		if (str_eq_nocase((struct str){ s.p + i, w.n }, w))
			return true;
	return false;
}

static bool has_any(struct str s, const char *const *words)
{
	for (; *words; words++)
		if (has_nocase(s, *words))
			return true;
	return false;
}

/* Something of the asked form is in it: an item, a heading, a list of places. */
static bool has_substance(struct str s)
{
	return str_starts(s, STR("#")) || str_contains(s, STR("\n#")) ||
	       str_contains(s, STR("```")) || str_starts(s, STR("{")) || str_starts(s, STR("["));
}

/* The beginning of S in OUT with straight apostrophes: models write either kind. */
static struct str straighten(struct str s, char out[REFUSED_WITHIN])
{
	static const struct str curly = { "\xe2\x80\x99", 3 };
	size_t n = 0;

	for (; s.n && n < REFUSED_WITHIN; n++) {
		bool is_curly = str_starts(s, curly);

		out[n] = is_curly ? '\'' : s.p[0];
		s = str_skip(s, is_curly ? curly.n : 1);
	}
	return (struct str){ out, n };
}

enum ending answer_classify(struct str answer)
{
	static const char *const refusals[] = { "i can't help with", "i cannot help with",
		"i can't assist", "i cannot assist", "i'm sorry, but i", "i am unable to help",
		"i'm unable to help", "i must decline", "i won't be able to", "i cannot comply",
		NULL };
	struct str s = str_trim(answer);
	char start[REFUSED_WITHIN];

	if (!s.n)
		return ENDING_EMPTY;
	if (has_substance(s))
		return ENDING_ANSWERED;
	if (s.n <= REFUSED_MAX && has_any(straighten(s, start), refusals))
		return ENDING_REFUSED;
	if (s.n <= ASKED_MAX && s.p[s.n - 1] == '?')
		return ENDING_ASKED;
	return ENDING_ANSWERED;
}

enum ending endpoint_classify(int http_status, struct str message)
{
	static const char *const quota[] = { "quota", "insufficient_", "billing", "out of credit",
		"balance", "payment", "budget", NULL };
	static const char *const length[] = { "context length", "context_length", "context window",
		"maximum context", "too many tokens", "prompt is too long", NULL };

	if (http_status == 402 ||
	    (http_status != 0 && http_status < 500 && has_any(message, quota)))
		return ENDING_QUOTA;
	if (http_status == 429)
		return ENDING_RATE_LIMITED;
	if (http_status == 401 || http_status == 403 || http_status == 404)
		return ENDING_DENIED;
	if (http_status == 413 || (http_status == 400 && has_any(message, length)))
		return ENDING_TRUNCATED;
	return ENDING_ENDPOINT_DOWN;
}
