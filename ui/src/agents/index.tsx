/* What this machine has to work with, as `tutti doctor` says it, with what to do where something is missing. */
import { count, isCommand } from "../app/format";
import { useFrame } from "../app/frame";
import { S } from "../app/strings";
import { Button } from "../ui/button";
import { Glyph } from "../ui/glyph";
import { useLoad } from "../ui/load";
import { Skeleton } from "../ui/skeleton";
import { copy } from "../ui/toast";
import { TroubleBox } from "../ui/trouble";
import type { Check, Doctor } from "../wire/types";
import "./agents.css";

function groups(checks: readonly Check[]): [string, Check[]][] {
	const by = new Map<string, Check[]>();
	for (const c of checks) by.set(c.group, [...(by.get(c.group) ?? []), c]);
	return [...by.entries()];
}

export function Agents() {
	useFrame({ title: S.nav.agents, crumbs: [{ label: S.nav.agents }] }, []);
	const { data: d, error, busy, reload } = useLoad<Doctor>("/agents");
	return (
		<div class="page is-narrow doctor">
			<div class="page-head">
				<h1>{S.doctor.title}</h1>
				<Button onClick={reload} disabled={busy}>{busy ? S.doctor.looking : S.doctor.again}</Button>
			</div>
			{error && <TroubleBox trouble={error} retry={reload} />}
			{!d && !error && <Skeleton rows={8} />}
			{d && (
				<>
					<p class={"doctor-sum is-" + (d.ready ? "completed" : "failed")}>
						<Glyph name={d.ready ? "completed" : "failed"} silent />
						{d.ready ? S.doctor.ready(count(d.agents, "agent")) : S.doctor.notReady}
					</p>
					{!d.ready && <p class="lead">{S.doctor.rehearsal} <code>rehearsal</code></p>}
					<div aria-busy={busy}>
						{groups(d.checks).map(([name, of]) => (
							<section key={name} aria-labelledby={"g-" + name} class="doctor-group">
								<h2 id={"g-" + name}>{name}</h2>
								<ul>{of.map((c) => <Line key={c.text} c={c} calm={d.ready && name === "Agents"} />)}</ul>
							</section>
						))}
					</div>
					<p class="muted">{S.doctor.terminal} <code>tutti doctor</code></p>
				</>
			)}
		</div>
	);
}

/* CALM: another agent is there, so this one's absence is no failure. */
function Line({ c, calm }: { c: Check; calm: boolean }) {
	return (
		<li class="doctor-line">
			<Glyph name={c.ok ? "completed" : calm ? "skipped" : "failed"} silent />
			<div>
				<p><span class="vh">{c.ok ? S.doctor.has : S.doctor.lacks}</span>{c.text}</p>
				{c.fix && (isCommand(c.fix)
					? <p class="doctor-fix"><code>{c.fix}</code><Button kind="quiet" small icon="copy" onClick={() => void copy(c.fix, S.words.commandCopied)}>{S.flows.copy}</Button></p>
					: <p class="muted">{c.fix}</p>)}
			</div>
		</li>
	);
}
