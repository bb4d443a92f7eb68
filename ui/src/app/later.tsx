/* A part of the page that is loaded when it is first shown. */
import type { ComponentChildren, ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Button } from "../ui/button";
import { S } from "./strings";

type Loader = () => Promise<ComponentType<any>>;
const loaded = new Map<Loader, ComponentType<any>>();

/* WAIT is shown until it is there. */
export function Later({ load, props, quiet, wait }: { load: Loader; props?: Record<string, unknown>; quiet?: boolean; wait?: ComponentChildren }) {
	const [, turn] = useState(0);
	const [failed, setFailed] = useState(false);
	const Part = loaded.get(load);
	useEffect(() => {
		if (Part) return;
		let over = false;
		load().then(
			(c) => {
				loaded.set(load, c);
				if (!over) turn((n) => n + 1);
			},
			() => !over && setFailed(true),
		);
		return () => {
			over = true;
		};
	}, [load, failed]);
	if (Part) return <Part {...props} />;
	if (failed && !quiet)
		return (
			<div class="page is-narrow">
				<h1>{S.later.failed}</h1>
				<p class="lead">{S.later.why}</p>
				<p><Button onClick={() => location.reload()}>{S.bars.reload}</Button></p>
			</div>
		);
	return <>{wait}</>;
}
