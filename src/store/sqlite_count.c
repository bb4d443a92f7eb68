/* What there is of what in SQLite. */
#include "store/sqlite_priv.h"

static const char *const count_sql =
    "SELECT 'runs', status, count(*) FROM runs GROUP BY status"
    " UNION ALL"
    " SELECT 'tasks', CASE WHEN status = 'ended' THEN ending ELSE status END AS state, count(*)"
    " FROM tasks GROUP BY state"
    " UNION ALL SELECT 'tokens', 'in', coalesce(sum(tokens_in), 0) FROM runs WHERE parent IS NULL"
    " UNION ALL SELECT 'tokens', 'out', coalesce(sum(tokens_out), 0) FROM runs WHERE parent IS NULL"
    " LIMIT 64";

int sqlite_counts(struct store *s, struct arena *a, struct count_row **ret, size_t *ret_n)
{
	struct query q = sql_query(s, count_sql);
	struct count_row *rows = arena_array(a, COUNTS_MAX, sizeof(*rows));
	size_t n = 0;
	int rc;

	while ((rc = sql_step(&q)) == 1 && n < COUNTS_MAX) {
		rows[n].what = sql_get_str(&q, a);
		rows[n].state = sql_get_str(&q, a);
		rows[n++].n = sql_get_int(&q);
	}
	*ret = rows;
	*ret_n = n;
	return sql_done(&q, rc < 0 ? rc : 0);
}
