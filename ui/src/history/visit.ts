/* When somebody was here before: a visit is over when nobody looked for half an hour. Pure. */
export interface Visit {
	seen: number; /* ms, of this one: when somebody looked last */
	before: number; /* of the one before; 0: there was none */
}

const AWAY = 30 * 60_000;

export function visited(was: Visit | null, now: number): Visit {
	if (!was) return { seen: now, before: 0 };
	return { seen: now, before: now - was.seen > AWAY ? was.seen : was.before };
}
