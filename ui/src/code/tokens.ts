/* A text in pieces of one kind each. Pure: what a grammar found comes as a tree, what is painted is a list. */

/* "" is a text with nothing special about it; the others are colours (run.css). */
export const KINDS = ["", "kw", "str", "num", "fn", "type", "com", "add", "del"] as const;
export type Kind = (typeof KINDS)[number];
export type Token = [text: string, kind: Kind];

export interface Found {
	scope?: string | undefined;
	children: Array<Found | string>;
}

const scopes = new Map<string, Kind>(Object.entries({
	keyword: "kw", literal: "num", number: "num", symbol: "num", string: "str", regexp: "str", char: "str", comment: "com", quote: "com", doctag: "com",
	"title.class": "type", type: "type", built_in: "type", title: "fn", section: "fn", attr: "fn", attribute: "fn", "selector-class": "fn",
	"selector-id": "fn", meta: "kw", tag: "", name: "kw", "selector-tag": "kw", bullet: "kw", code: "str", link: "str", addition: "add", deletion: "del",
}));

/* The longest beginning of a scope that has a colour: "title.class.inherited" is a "title.class". */
export function kindOf(scope: string, outer: Kind): Kind {
	for (let s = scope; s; s = s.slice(0, Math.max(0, s.lastIndexOf(".")))) {
		const kind = scopes.get(s);

		if (kind !== undefined)
			return kind;
	}
	return outer;
}

export function flatten(root: Found): Token[] {
	const all: Token[] = [];
	const walk = (node: Found, kind: Kind): void => {
		for (const child of node.children)
			if (typeof child !== "string")
				walk(child, child.scope ? kindOf(child.scope, kind) : kind);
			else if (all.length && all[all.length - 1]![1] === kind)
				all[all.length - 1]![0] += child;
			else if (child)
				all.push([child, kind]);
	};

	walk(root, "");
	return all;
}

/* The same by line; a piece that goes over several is in each of them. */
export function byLine(tokens: Token[]): Token[][] {
	const lines: Token[][] = [[]];

	for (const [text, kind] of tokens)
		text.split("\n").forEach((part, i) => {
			if (i)
				lines.push([]);
			if (part)
				lines[lines.length - 1]!.push([part, kind]);
		});
	return lines;
}
