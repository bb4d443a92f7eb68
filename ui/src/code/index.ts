/* The door to it: what paints is loaded when there is something to paint. */
export const CODE = ".block > pre:not([data-painted]), pre.lines:not([data-painted])";

export function paintCode(root: ParentNode): void {
	if (root.querySelector(CODE))
		void import("./paint").then((m) => m.paintAll(root), () => {}); /* without colours it can be read, too */
}
