/* A run's steps as layers from left to right. Pure; made once for a plan, states only restyle it. */
import type { Step } from "./types";

export const NODE_W = 180;
export const NODE_H = 44;
export const GAP_X = 64;
export const GAP_Y = 14;
export const STACK_ABOVE = 12;
export const DRAWN = 300; /* nodes; more of them are a list */

export interface Node {
	id: string;
	label: string;
	steps: string[]; /* more than one: a stack */
	layer: number;
	x: number;
	y: number;
}

export interface Edge {
	from: string;
	to: string;
	path: string; /* of SVG */
}

export interface Graph {
	nodes: Node[];
	edges: Edge[];
	width: number;
	height: number;
}

/* The longest way from a start; a circle, which a plan has not, ends where it began. */
export function layers(steps: Step[]): Map<string, number> {
	const by = new Map(steps.map((s) => [s.step, s]));
	const depth = new Map<string, number>();
	const visit = (name: string, trail: Set<string>): number => {
		const known = depth.get(name);

		if (known !== undefined)
			return known;
		if (trail.has(name))
			return 0;
		trail.add(name);
		let at = 0;

		for (const n of by.get(name)?.needs ?? [])
			if (by.has(n))
				at = Math.max(at, visit(n, trail) + 1);
		trail.delete(name);
		depth.set(name, at);
		return at;
	};

	for (const s of steps)
		visit(s.step, new Set());
	return depth;
}

/* More than twelve of one kind in a layer with the same needs are one node until it is opened. */
function bundle(steps: Step[], depth: Map<string, number>, opened: ReadonlySet<string>): Node[] {
	const stacks = new Map<string, Step[]>();

	for (const s of steps) {
		const key = `${depth.get(s.step)}|${s.role}|${s.kind}|${(s.needs ?? []).join(",")}`;
		const had = stacks.get(key);

		if (had)
			had.push(s);
		else
			stacks.set(key, [s]);
	}
	const nodes: Node[] = [];

	for (const [key, list] of stacks) {
		const layer = depth.get(list[0]!.step) ?? 0;

		if (list.length > STACK_ABOVE && !opened.has(key))
			nodes.push({
				id: key, layer, x: 0, y: 0, steps: list.map((s) => s.step),
				label: `${list[0]!.role === "angle" ? "Angles" : "Agents"} \u00d7${list.length}`,
			});
		else
			for (const s of list)
				nodes.push({ id: s.step, label: s.label, steps: [s.step], layer, x: 0, y: 0 });
	}
	return nodes;
}

/* Edges that another way says already are left out: a chain is drawn as a chain. */
export function reduced(steps: Step[]): Map<string, string[]> {
	const needs = new Map(steps.map((s) => [s.step, s.needs ?? []]));
	const reach = new Map<string, Set<string>>();
	const walk = (name: string): Set<string> => {
		let set = reach.get(name);

		if (set)
			return set;
		set = new Set();
		reach.set(name, set);
		for (const n of needs.get(name) ?? []) {
			set.add(n);
			for (const far of walk(n))
				set.add(far);
		}
		return set;
	};

	return new Map(steps.map((s) => [
		s.step,
		(s.needs ?? []).filter((n) => needs.has(n) &&
			!(s.needs ?? []).some((o) => o !== n && walk(o).has(n))),
	]));
}

export function layout(steps: Step[], opened: ReadonlySet<string> = new Set()): Graph {
	const depth = layers(steps);
	const nodes = bundle(steps, depth, opened);
	const nodeOf = new Map(nodes.flatMap((n) => n.steps.map((s) => [s, n] as const)));
	const links = new Map<string, [Node, Node]>();

	for (const [to, froms] of reduced(steps))
		for (const from of froms) {
			const a = nodeOf.get(from), b = nodeOf.get(to);

			if (a && b && a !== b)
				links.set(`${a.id}>${b.id}`, [a, b]);
		}
	const size = place(nodes, [...links.values()]);

	return {
		nodes, ...size,
		edges: [...links.values()].map(([a, b]) => ({ from: a.id, to: b.id, path: curve(a, b) })),
	};
}

function place(nodes: Node[], links: Array<[Node, Node]>): { width: number; height: number } {
	const columns: Node[][] = [];

	for (const n of nodes)
		(columns[n.layer] ??= []).push(n);
	const filled = columns.filter(Boolean);
	const tall = Math.max(1, ...filled.map((c) => c.length));
	const height = tall * (NODE_H + GAP_Y) - GAP_Y;

	filled.forEach((column, at) => {
		/* In the order of what they come from, so that lines cross less. */
		const middle = (n: Node): number => {
			const from = links.filter(([, b]) => b === n).map(([a]) => a.y);

			return from.length ? from.reduce((x, y) => x + y, 0) / from.length : -1;
		};

		if (at)
			column.sort((a, b) => middle(a) - middle(b));
		const top = (height - (column.length * (NODE_H + GAP_Y) - GAP_Y)) / 2;

		column.forEach((n, i) => {
			n.x = at * (NODE_W + GAP_X);
			n.y = top + i * (NODE_H + GAP_Y);
		});
	});
	return { width: filled.length * (NODE_W + GAP_X) - GAP_X, height };
}

function curve(a: Node, b: Node): string {
	const x1 = a.x + NODE_W, y1 = a.y + NODE_H / 2, x2 = b.x, y2 = b.y + NODE_H / 2;
	const bend = Math.max(24, (x2 - x1) / 2);

	return `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`;
}

/* Where an arrow key leads from node ID. */
export function walk(g: Graph, id: string, key: string): string | null {
	const at = g.nodes.find((n) => n.id === id);
	const nearest = (list: Node[]): string | null =>
		list.sort((a, b) => Math.abs(a.y - at!.y) - Math.abs(b.y - at!.y))[0]?.id ?? null;
	const byId = (x: string): Node => g.nodes.find((n) => n.id === x)!;

	if (!at)
		return g.nodes[0]?.id ?? null;
	if (key === "ArrowRight")
		return nearest(g.edges.filter((e) => e.from === id).map((e) => byId(e.to)));
	if (key === "ArrowLeft")
		return nearest(g.edges.filter((e) => e.to === id).map((e) => byId(e.from)));
	const column = g.nodes.filter((n) => n.x === at.x).sort((a, b) => a.y - b.y);
	const i = column.indexOf(at) + (key === "ArrowDown" ? 1 : -1);

	return column[i]?.id ?? null;
}
