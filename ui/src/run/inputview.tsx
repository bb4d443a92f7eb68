/* With what a run was started: enough to start it again by hand. */
import { Button } from "../ui/button";
import { copy } from "../ui/toast";
import { useView } from "./context";
import { Json } from "./tools";
import { title } from "./words";

/* Rows that name another run. */
const LINKS = ["Made from", "With the report of"];

export function Input() {
	const view = useView();
	const d = view.doc;
	const rows: Array<[string, string | null | undefined]> = [
		["Flow", d.flow], ["Size", title(d.size) + (d.size_reason ? ` (${d.size_reason})` : "")],
		["Fast", d.fast ? "yes" : null], ["Focus", d.focus], ["Repository", d.repo],
		["Commit", d.commit], ["Branch", d.branch],
		["Changed files", d.dirty ? `${d.dirty}, in the snapshot` : null], ["Agent", d.agent], ["Model", d.model],
		["Made from", d.parent], ["With the report of", d.provided?.run], ["Run", d.id],
	];

	return (
		<div class="input-tab" tabIndex={0}>
			<section>
				<h2>Question</h2>
				<p class="input-question">{d.question || "None."}</p>
			</section>
			<section>
				<h2>Command</h2>
				<div class="command">
					<pre>{d.command}</pre>
					<Button small icon="copy" onClick={() => void copy(d.command)}>Copy</Button>
				</div>
			</section>
			<section>
				<h2>Facts</h2>
				<dl class="run-input">
					{rows.filter(([, v]) => v).map(([name, v]) => (
						<div key={name}><dt>{name}</dt><dd>{LINKS.includes(name) ? <a href={`/runs/${v}`}>{v}</a> : v}</dd></div>
					))}
				</dl>
			</section>
			{d.proof && (
				<section>
					<h2>Proof</h2>
					<p class={d.proof_ok ? "" : "is-failed"}>{d.proof}</p>
				</section>
			)}
			{d.options && Object.keys(d.options).length > 0 && (
				<section>
					<h2>Options</h2>
					<Json value={d.options} />
				</section>
			)}
			{d.signals && Object.keys(d.signals).length > 0 && (
				<section>
					<h2>Signals of the repository</h2>
					<Json value={d.signals} />
				</section>
			)}
		</div>
	);
}
