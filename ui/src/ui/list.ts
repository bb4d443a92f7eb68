/* j k and the arrows over a list of links or buttons: what they reach is what Tab reaches, in its order. */
import { useEffect, useRef } from "preact/hooks";
import { bindAll } from "../app/keys";

const ROW = "a.row-main, [data-row]";

function rows(root: Element | null): HTMLElement[] {
	return root ? [...root.querySelectorAll<HTMLElement>(ROW)].filter((e) => e.offsetParent !== null) : [];
}

function at(list: HTMLElement[]): number {
	const f = document.activeElement;
	const row = f?.closest(".row, tr, li");
	return list.findIndex((e) => e === f || (row !== null && row !== undefined && row.contains(e)));
}

/* Returns the ref of what holds the rows. MORE: further commands of these lists. */
export function useListKeys(more: Record<string, (row: HTMLElement | null) => void> = {}) {
	const root = useRef<HTMLDivElement>(null);
	const extra = useRef(more);
	extra.current = more;
	useEffect(() => {
		const move = (to: (i: number, n: number) => number) => (e: KeyboardEvent): boolean | void => {
			const list = rows(root.current);
			const i = at(list);
			if (list.length === 0) return false;
			if (i < 0 && /^(Arrow|Home$|End$)/.test(e.key)) return false; /* the page scrolls */
			const next = list[Math.max(0, Math.min(list.length - 1, i < 0 ? 0 : to(i, list.length)))]!;
			next.focus();
			next.scrollIntoView({ block: "nearest" });
		};
		const own = Object.fromEntries(
			Object.keys(extra.current).map((id) => [id, () => {
				const list = rows(root.current);
				extra.current[id]!(list[at(list)] ?? null);
			}]),
		);
		return bindAll({
			"list.next": move((i) => i + 1),
			"list.previous": move((i) => i - 1),
			"list.first": move(() => 0),
			"list.last": move((_, n) => n - 1),
			...own,
		});
	}, []);
	return root;
}
