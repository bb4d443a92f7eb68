/* Citations inside HTML of the server get their popover. */
import { useEffect, useRef } from "preact/hooks";
import { useView } from "./context";
import { attachCites, sourceOf } from "./cites";

export function useCites<T extends HTMLElement = HTMLDivElement>() {
	const view = useView();
	const root = useRef<T>(null);

	useEffect(() => (root.current ? attachCites(root.current, sourceOf(view.doc)) : undefined), []);
	return root;
}
