import type { RunDocument } from "../wire/types";

export default function Report({ run }: { run: RunDocument }) {
	return <h1 tabIndex={-1}>{run.title}</h1>;
}
