/* Which findings of a report are shown. Pure: the report's cards say what they are. */

export interface Card {
	id: string;
	severity: string;
	verdict: string; /* upheld, weakened, refuted, not reviewed */
	agent: string;
	states: string[]; /* of its citations */
	path: string; /* of its first citation */
	isNew?: boolean; /* to somebody who read the report before */
}

export type Axis = "severity" | "verdict" | "agent" | "state";
export const AXES: Axis[] = ["severity", "verdict", "state", "agent"];

export type Choice = Record<Axis, ReadonlySet<string>> & { text: string; fresh: boolean };

export function nothing(): Choice {
	return {
		severity: new Set(), verdict: new Set(), agent: new Set(), state: new Set(), text: "", fresh: false,
	};
}

export function valuesOf(c: Card, axis: Axis): string[] {
	return axis === "state" ? c.states : [c[axis]];
}

/* Chosen words of one axis add up; axes narrow each other. EXCEPT is left out. */
export function passes(c: Card, choice: Choice, except?: Axis): boolean {
	const text = choice.text.trim().toLowerCase();

	if (choice.fresh && !c.isNew)
		return false;
	if (text && !`${c.id} ${c.path} ${c.agent}`.toLowerCase().includes(text))
		return false;
	return AXES.every((axis) => axis === except || !choice[axis].size ||
		valuesOf(c, axis).some((v) => choice[axis].has(v)));
}

const order = [
	"critical", "high", "medium", "low", "note", "not rated", "upheld", "weakened", "refuted",
	"not reviewed", "resolves", "moved", "changed", "missing", "not checked",
];

/* The words of an axis with how many cards each would show. */
export function tally(cards: Card[], choice: Choice, axis: Axis): Array<{ value: string; n: number }> {
	const n = new Map<string, number>();

	for (const c of cards)
		for (const v of new Set(valuesOf(c, axis)))
			n.set(v, (n.get(v) ?? 0) + (passes(c, choice, axis) ? 1 : 0));
	return [...n].filter(([v]) => v).map(([value, count]) => ({ value, n: count })).sort((a, b) => {
		const x = order.indexOf(a.value), y = order.indexOf(b.value);

		return x - y || b.n - a.n || a.value.localeCompare(b.value);
	});
}

export function toggled(choice: Choice, axis: Axis, value: string): Choice {
	const next = new Set(choice[axis]);

	if (!next.delete(value))
		next.add(value);
	return { ...choice, [axis]: next };
}

/* Whether the report may take the page: nobody is in the middle of something else. */
export function mayArrive(o: { opened: boolean; scrolledAt: number; now: number }): boolean {
	return !o.opened && o.now - o.scrolledAt > 30_000;
}
