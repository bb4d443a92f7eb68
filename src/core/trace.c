/* One readable line per decision, with the reason. Tests compare these texts literally. */
#include "base/buf.h"
#include "core/priv.h"

#include <stdlib.h>

static const char *status_word(uint32_t step, int status)
{
	if (status < 0)
		return "new";
	return step == CORE_NONE ? run_status_name((enum run_status)status)
				 : step_status_name((enum step_status)status);
}

static const char *effect_word(enum core_effect_type t)
{
	static const char *const words[] = {
		[CORE_OFFER] = "offer",
		[CORE_RUN] = "evaluate",
		[CORE_ASK] = "ask",
		[CORE_CHILD] = "launch",
		[CORE_KILL] = "kill",
		[CORE_REPORT] = "report",
	};

	return words[t];
}

struct str core_trace(struct arena *a, const struct core *c, const struct core_update *up)
{
	struct buf b;

	buf_init(&b, MIB(16));
	for (size_t k = 0; k < up->n_changes; k++) {
		const struct core_change *ch = &up->changes[k];
		struct str name = ch->step == CORE_NONE ? STR("run") : node_at(c, ch->step)->name;

		buf_printf(&b, "%.*s: %s -> %s", STR_ARG(name), status_word(ch->step, ch->from),
		    status_word(ch->step, ch->to));
		if (ch->reason.n)
			buf_printf(&b, " (%.*s)", STR_ARG(ch->reason));
		buf_addc(&b, '\n');
	}
	for (size_t k = 0; k < up->n_effects; k++) {
		const struct core_effect *fx = &up->effects[k];
		struct str name = fx->step == CORE_NONE ? STR("run") : node_at(c, fx->step)->name;

		buf_printf(&b, "  %s %.*s\n", effect_word(fx->type), STR_ARG(name));
	}
	if (up->wake_at)
		buf_printf(&b, "  wake at %lld\n", (long long)up->wake_at);
	struct str out = arena_dup(a, buf_str(&b));

	buf_fini(&b);
	return out;
}
