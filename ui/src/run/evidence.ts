/* Evidence in the order that somebody asks for. Pure. */

export interface Row {
	id: string; /* "E7" */
	place: string;
	state: string;
	trust: string;
	verdict: string; /* of the claim; "" where none is said */
	uses: number;
}

export type Order = "id" | "place" | "state" | "verdict" | "uses";
export const ORDERS: Array<[Order, string]> = [["id", "Number"], ["place", "Place"], ["state", "Check"], ["verdict", "Claim"], ["uses", "Used"]];

/* What needs a look comes first. */
const states = ["missing", "changed", "moved", "not checked", "resolves"];
const verdicts = ["refuted", "weakened", "not reviewed", "", "upheld"];

const rank = (list: string[], word: string): number => {
	const i = list.indexOf(word);

	return i < 0 ? list.length : i;
};
const number = (id: string): number => Number(id.replace(/\D/g, "")) || 0;

/* "src/a.c:9" before "src/a.c:10". */
function byPlace(a: string, b: string): number {
	const [pa, la] = split(a), [pb, lb] = split(b);

	return pa.localeCompare(pb, "en") || la - lb;
}

function split(place: string): [string, number] {
	const m = /^(.*?):(\d+)/.exec(place);

	return m ? [m[1]!, Number(m[2])] : [place, 0];
}

export function ordered<T extends Row>(rows: readonly T[], by: Order): T[] {
	const compare: Record<Order, (a: T, b: T) => number> = {
		id: () => 0,
		place: (a, b) => byPlace(a.place, b.place),
		state: (a, b) => rank(states, a.state) - rank(states, b.state),
		verdict: (a, b) => rank(verdicts, a.verdict) - rank(verdicts, b.verdict),
		uses: (a, b) => b.uses - a.uses,
	};

	return [...rows].sort((a, b) => compare[by](a, b) || number(a.id) - number(b.id));
}

/* Orders in which something would stand elsewhere. */
export function orders(rows: readonly Row[]): Order[] {
	return ORDERS.map(([o]) => o).filter((o) => o === "id" || ordered(rows, o).some((r, i) => r !== ordered(rows, "id")[i]));
}
