/* Citations inside HTML of the server get their popover. */
import { useEffect, useRef } from "preact/hooks";
import { useView } from "./context";
import { attachCites } from "./cites";

export function useCites<T extends HTMLElement = HTMLDivElement>() {
	const view = useView();
	const root = useRef<T>(null);

	useEffect(() => (root.current ? attachCites(root.current, view.store.id) : undefined), []);
	return root;
}
