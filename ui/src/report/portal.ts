/* Renders a part of the tree into an element that stands elsewhere. */
import { render, type ComponentChild, type VNode } from "preact";
import { useEffect } from "preact/hooks";
import { h } from "preact";

function Portal({ of, into }: { of: ComponentChild; into: Element }) {
	useEffect(() => {
		render(of, into);
	});
	useEffect(() => () => render(null, into), [into]);
	return null;
}

export function createPortal(of: ComponentChild, into: Element): VNode<any> {
	return h(Portal, { of, into });
}
