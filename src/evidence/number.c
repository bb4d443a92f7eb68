/* Names that are unique in a run, for findings and for what they rest on. */
#include "evidence/priv.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/map.h"

/* "S1", or "data/S1" where S1 is taken, or "data/2/S1" where that is taken, too. */
static struct str free_name(struct arena *a, const struct map *taken, const struct finding *f)
{
	struct str name = f->id;

	for (unsigned again = 1; map_get(taken, name); again++)
		name = str_from(
		    again == 1
			? arena_printf(a, "%.*s/%.*s", STR_ARG(f->step), STR_ARG(f->id))
			: arena_printf(a, "%.*s/%u/%.*s", STR_ARG(f->step), again, STR_ARG(f->id)));
	return name;
}

static void name_findings(struct arena *a, struct evidence **sets, size_t n)
{
	struct map taken;

	map_init(&taken, a);
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < sets[i]->n_findings; k++) {
			struct finding *f = sets[i]->findings[k];

			f->uid = free_name(a, &taken, f);
			map_put(&taken, f->uid, f);
		}
	}
}

static void name_cites(struct arena *a, struct evidence **sets, size_t n)
{
	struct map seen;
	unsigned next = 1;

	map_init(&seen, a);
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < sets[i]->n_cites; k++) {
			struct citation *c = sets[i]->cites[k], *had;
			struct str key = str_from(arena_printf(a, "%.*s:%u:%u:%.*s",
			    STR_ARG(c->path), c->line, c->end, STR_ARG(c->quote)));

			had = map_get(&seen, key);
			if (had) {
				c->id = had->id;
				continue;
			}
			c->id = str_from(arena_printf(a, "E%u", next++));
			map_put(&seen, key, c);
		}
	}
}

void evidence_number(struct arena *a, struct evidence **sets, size_t n)
{
	name_findings(a, sets, n);
	name_cites(a, sets, n);
}

struct str evidence_items(struct arena *a, struct evidence *const *sets, size_t n)
{
	struct buf b;

	buf_init(&b, MIB(8));
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < sets[i]->n_findings; k++) {
			const struct finding *f = sets[i]->findings[k];

			buf_printf(&b, "%.*s [%s] %.*s", STR_ARG(f->uid),
			    severity_name(f->severity), STR_ARG(str_take(f->title, 300)));
			if (f->n_cites)
				buf_printf(&b, " (%.*s:%u)", STR_ARG(f->cites[0]->path),
				    f->cites[0]->line);
			buf_addc(&b, '\n');
		}
	}
	struct str s = arena_dup(a, buf_str(&b));

	buf_fini(&b);
	return s;
}
