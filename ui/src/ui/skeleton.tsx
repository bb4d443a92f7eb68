/* Rows to come; not before it takes 120 ms, so that a quick answer does not flicker. */
import { S } from "../app/strings";
import { useEffect, useState } from "preact/hooks";

export function Skeleton({ rows }: { rows: number }) {
	const [shown, show] = useState(false);
	useEffect(() => {
		const timer = setTimeout(() => show(true), 120);
		return () => clearTimeout(timer);
	}, []);
	return (
		<div class={"skeleton" + (shown ? "" : " is-early")} role="status">
			<span class="vh">{S.words.loading}</span>
			{Array.from({ length: rows }, (_, i) => <div key={i} aria-hidden="true" />)}
		</div>
	);
}
