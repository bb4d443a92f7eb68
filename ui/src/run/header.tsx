/* What a run is, how far it got, and what can be done about it. */
import { useComputed, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { shownAt } from "../app/away";
import { bindAll } from "../app/keys";
import { launchUrl, open as openLayer } from "../app/layers";
import { askPermission, mayOffer, permission } from "../app/notices";
import { go } from "../app/router";
import { runs } from "../app/runs";
import { API, asTrouble, del, post } from "../wire/api";
import { Button } from "../ui/button";
import { confirm } from "../ui/dialog";
import { Glyph } from "../ui/glyph";
import { Icon } from "../ui/icon";
import { Menu, type Item } from "../ui/menu";
import { tip } from "../ui/tip";
import { copy, toast, toastError } from "../ui/toast";
import { linkTo, useView, type View } from "./context";
import { outcome, progress, tokensOf, took } from "./roster";
import type { RunDoc } from "./types";
import { allCitations, citeSigns, clock, DOT, flowTitle, isOver, plural, remaining, span, title, tokens } from "./words";

export function Header() {
	const view = useView();
	const doc = view.doc;
	const live = doc.status === "running";
	const name = flowTitle(doc);

	return (
		<header class="run-head">
			<div class="run-first">
				<HeadGlyph />
				<h1 tabIndex={-1}>{name}<span class="run-size">{title(doc.size)}{doc.fast ? ", fast" : ""}</span></h1>
				{!isAbove(view) && <div class="run-actions"><Actions /></div>}
			</div>
			<Question text={doc.question} />
			<Facts doc={doc} />
			{live ? <Progress doc={doc} /> : <Outcome doc={doc} />}
		</header>
	);
}

/* On a phone they stand in the header of the page, where there is one. */
export function isAbove(view: View): boolean {
	return view.room.value === "phone" && !view.place.value.embed;
}

export function Actions() {
	return useView().doc.status === "running" ? <LiveActions /> : <OverActions />;
}

function HeadGlyph() {
	const view = useView();
	const turns = useComputed(() => (view.doc.status === "running"
		? view.doc.steps.reduce((n, s) => n + view.store.turn(s.step).value, 0) : 0));

	return <Glyph name={view.doc.status} beats={turns.value} size={20} />;
}

function Question({ text }: { text: string }) {
	const whole = useSignal(false);
	const long = useSignal(false);
	const p = useRef<HTMLParagraphElement>(null);

	useEffect(() => {
		long.value = !!p.current && p.current.scrollHeight > p.current.clientHeight + 2;
	}, [text]);
	if (!text)
		return null;
	return (
		<p class="run-question">
			<span class={whole.value ? "" : "is-cut"} ref={p}>{text}</span>
			{(long.value || whole.value) && (
				<Button small kind="quiet" aria-expanded={whole.value} onClick={() => (whole.value = !whole.value)}>
					{whole.value ? "Less" : "More"}
				</Button>
			)}
		</p>
	);
}

function Facts({ doc }: { doc: RunDoc }) {
	const view = useView();
	const time = useComputed(() => {
		const ms = view.store.took(shownAt.value);

		return doc.status === "running" ? span(ms) : `took ${took(ms)}`;
	});
	const t = tokensOf(doc);
	const where = [doc.repo_name, doc.commit ? `@${doc.commit.slice(0, 7)}` : ""].join("");
	const tree = doc.dirty ? `${plural(doc.dirty, "changed file")} in the snapshot` : "";

	return (
		<ul class="run-facts">
			{where && <li title={doc.repo}>{where}{doc.dirty ? <span {...tip(tree)}> (dirty)</span> : null}</li>}
			{doc.branch && <li>{doc.branch}</li>}
			{doc.model && <li>{doc.model}</li>}
			<li>{plural(doc.agents.all, "agent")}</li>
			<li class="num">{time}</li>
			{t.n > 0 && <li class="num" {...tip(tokenTip(doc))}>{tokens(t.n)} tok{t.open ? "+" : ""}</li>}
			{doc.focus && <li>focus: {doc.focus}</li>}
			{doc.provided && <li><a href={`/runs/${doc.provided.run}`} {...tip(`${doc.provided.flow}: ${doc.provided.question}`)}>with an earlier report</a></li>}
			{doc.resumed > 0 && <li>resumed</li>}
			{doc.proof && <li class={doc.proof_ok ? "" : "is-failed"} {...tip(doc.proof)}>{doc.proof_ok ? "read-only proven" : "read-only not proven"}</li>}
		</ul>
	);
}

function tokenTip(doc: RunDoc): string {
	if (doc.tokens_in === null && doc.tokens_out === null)
		return "Counted as the agents report them.";
	return `${(doc.tokens_in ?? 0).toLocaleString("en")} in, ${(doc.tokens_out ?? 0).toLocaleString("en")} out`;
}

function Progress({ doc }: { doc: RunDoc }) {
	const view = useView();
	const p = progress(doc);
	const left = useComputed(() => remaining(doc, shownAt.value));
	const running = doc.agents.running;
	const part = (n: number): string => `${p.all ? (100 * n) / p.all : 0}%`;

	return (
		<div class="run-progress">
			<div class="run-meter" role="progressbar" aria-label="Agents that have finished" aria-valuemin={0} aria-valuemax={p.all} aria-valuenow={p.done} aria-valuetext={p.text}>
				<i class="is-good" style={{ width: part(p.done - p.failed) }} />
				<i class="is-bad" style={{ width: part(p.failed) }} />
			</div>
			<p class="num">
				{view.stopping.value ? `stopping, ${plural(running, "agent")} left` : p.text}
				{!view.stopping.value && left.value && <>{DOT}{left}</>}
			</p>
			<Notify />
		</div>
	);
}

/* Asked once, where it makes sense, and never by itself. */
function Notify() {
	void permission.value;
	if (!mayOffer())
		return null;
	return (
		<Button small kind="quiet" icon="bell" class="run-notify"
			onClick={() => void askPermission().then((yes) => yes && toast("You will be told when it finishes."))}>
			Notify me when this finishes
		</Button>
	);
}

function Outcome({ doc }: { doc: RunDoc }) {
	const n = doc.agents;
	const c = doc.citations;
	const text = outcome(doc);

	return (
		<div class={`run-outcome is-${doc.status}`}>
			{text && <p class="outcome-text">{text}</p>}
			<ul class="run-counts">
				<li>{doc.status}{doc.ended ? ` ${clock(doc.ended)}` : ""}</li>
				<li>
					{plural(n.all, "agent")}: <Count n={n.completed} sign="✓" word="completed" tone="good" />
					<Count n={n.failed} sign="✕" word="failed" tone="bad" />
					<Count n={n.cancelled} sign="■" word="cancelled" tone="changed" />
					<Count n={n.skipped} sign="⊘" word="skipped" tone="quiet" />
				</li>
				{c && allCitations(c) > 0 && (
					<li>
						citations: {(Object.keys(citeSigns) as Array<keyof typeof c>).map((k) => (
							<Count key={k} n={c[k]} sign={citeSigns[k]!.sign} word={citeSigns[k]!.word} tone={citeSigns[k]!.tone} />
						))}
					</li>
				)}
				{doc.partial && <li class="is-attention">partial</li>}
			</ul>
		</div>
	);
}

function Count({ n, sign, word, tone }: { n: number; sign: string; word: string; tone: string }) {
	if (!n)
		return null;
	return <span class={`count ${tone} num`} {...tip(`${n} ${word}`)}>{n} <span aria-hidden="true">{sign}</span><span class="vh"> {word}, </span></span>;
}

/* --- actions ------------------------------------------------------------------------------------- */

async function tell(what: Promise<unknown>, said: string): Promise<boolean> {
	try {
		await what;
		toast(said);
		return true;
	} catch (e) {
		toastError(asTrouble(e));
		return false;
	}
}

export async function cancel(view: View): Promise<void> {
	const doc = view.doc, n = doc.agents.running, t = tokensOf(doc);
	const yes = await confirm({
		title: "Cancel this run?", yes: "Cancel run", danger: true,
		text: (
			<>
				<p>{n ? `${plural(n, "agent")} running` : "No agent is running"}{t.n ? `, ${tokens(t.n)} tokens used` : ""}.</p>
				<p>What has finished is kept and can be resumed.</p>
			</>
		),
	});

	if (!yes)
		return;
	view.stopping.value = true;
	try {
		await post(`/runs/${doc.id}/cancel`, { why: "cancelled by you" });
	} catch (e) {
		view.stopping.value = false;
		toastError(asTrouble(e));
	}
}

function LiveActions() {
	const view = useView();
	const actions = useRef<HTMLButtonElement>(null);

	useEffect(() => bindAll({ "run.actions": () => actions.current?.click() }), []);
	return (
		<>
			{view.room.value !== "phone" && (
				<Button onClick={() => void cancel(view)} disabled={view.stopping.value}>
					{view.stopping.value ? "Stopping…" : "Cancel run"}
				</Button>
			)}
			<ExportMenu />
			<Menu label="" name="Actions" icon="more" caret={false} innerRef={actions} command="run.actions" items={() => [
				{
					label: view.store.paused.value ? "Resume updates" : "Pause updates", icon: "pause", command: "run.pause",
					go: () => view.store.pause(!view.store.paused.value),
				},
				...common(view),
				{ label: "Cancel run…", icon: "close", danger: true, rule: true, go: () => void cancel(view) },
			]} />
		</>
	);
}

function OverActions() {
	const view = useView();
	const doc = view.doc;
	const actions = useRef<HTMLButtonElement>(null);
	const again = { flow: doc.flow, size: doc.size, q: doc.question, repo: doc.repo, ...(doc.focus ? { focus: doc.focus } : {}), ...(doc.fast ? { fast: "1" } : {}), ...(doc.provided ? { provided: doc.provided.run } : {}) };
	const failed = doc.agents.failed + doc.agents.cancelled;

	const phone = view.room.value === "phone";
	const rerun = (): Item[] => [
		{ label: phone ? "Run again, same input" : "Same input", icon: "repeat", go: () => void sameAgain(doc) },
		{ label: "Edit and run…", icon: "slash", go: () => openLayer("launch", again) },
		{
			label: doc.status === "completed" ? "Retry failed steps" : "Resume", icon: "play",
			disabled: failed ? undefined : "Nothing failed",
			go: () => void tell(doc.status === "completed" ? retryFailed(doc) : post(`/runs/${doc.id}/resume`, {}), "It goes on."),
		},
		{ label: "Other model…", icon: "agents", go: () => openLayer("launch", { ...again, model: "" }) },
		...(doc.report && doc.next.length ? doc.next.slice(0, 3).map((f, i): Item => ({
			label: `Follow up with ${f}…`, icon: "flows", rule: i === 0,
			go: () => openLayer("launch", { flow: f, q: doc.question, repo: doc.repo, provided: doc.id }),
		})) : []),
	];

	useEffect(() => bindAll({ "run.actions": () => actions.current?.click() }), []);
	return (
		<>
			{!phone && <Menu label="Re-run" items={rerun} />}
			<Button icon="compare" class="is-wide" onClick={() => go(`/compare?b=${doc.id}`)}>Compare…</Button>
			<ExportMenu />
			<Menu label="" name="Actions" icon="more" caret={false} innerRef={actions} command="run.actions" items={() => [
				...(phone ? rerun() : []),
				...common(view),
				{ label: "Compare…", icon: "compare", go: () => go(`/compare?b=${doc.id}`) },
				{ label: "Launcher with this input", icon: "external", href: launchUrl(again) },
				{ label: "Delete…", icon: "trash", danger: true, rule: true, go: () => void remove(doc) },
			]} />
		</>
	);
}

async function retryFailed(doc: RunDoc): Promise<void> {
	for (const s of doc.steps)
		if (s.status === "failed" || s.status === "cancelled")
			await post(`/runs/${doc.id}/retry`, { step: s.step });
}

async function sameAgain(doc: RunDoc): Promise<void> {
	try {
		const r = await post<{ id: string }>("/runs", {
			flow: doc.flow, question: doc.question, size: doc.size, repo: doc.repo, fast: doc.fast,
			...(doc.focus ? { focus: doc.focus } : {}), ...(doc.model ? { model: doc.model } : {}),
			...(doc.agent ? { agent: doc.agent } : {}), ...(doc.provided ? { provided: doc.provided.run } : {}),
		}, { "Idempotency-Key": crypto.randomUUID() });

		go(`/runs/${r.id}`);
	} catch (e) {
		toastError(asTrouble(e));
	}
}

async function remove(doc: RunDoc): Promise<void> {
	const yes = await confirm({
		title: "Delete this run?", yes: "Delete", danger: true,
		text: <p>{doc.title} ({doc.id}) with its report, its log and the files it read goes for good.</p>,
	});

	if (yes && await tell(del(`/runs/${doc.id}`), "Deleted."))
		go("/runs");
}

function common(view: View): Item[] {
	const doc = view.doc;
	/* A pane of another program has no other way to them. */
	const recent = view.place.value.embed ? runs.value.items.filter((r) => r.id !== doc.id).slice(0, 6) : [];

	return [
		...recent.map((r): Item => ({ label: r.question || r.title, detail: `${r.flow}, ${r.status}`, href: `/runs/${r.id}?embed=1` })),
		{ label: "Copy link", icon: "link", command: "run.copy", go: () => void copy(linkTo({ tab: view.tab.value })) },
		{ label: "Copy as command", icon: "copy", go: () => void copy(doc.command) },
		{ label: "Copy run id", icon: "copy", go: () => void copy(doc.id) },
	];
}

export function ExportMenu({ small = false }: { small?: boolean }) {
	const view = useView();
	const doc = view.doc;
	const button = useRef<HTMLButtonElement>(null);
	const form = (as: string, label: string, detail: string): Item => ({
		label, detail, icon: "download", download: true, href: `${API}/runs/${doc.id}/report?as=${as}&download=1`,
		disabled: doc.report ? undefined : "Once there is a report",
	});

	useEffect(() => bindAll({ "run.export": () => button.current?.click() }), []);
	return (
		<Menu label={view.room.value === "phone" ? <Icon name="download" /> : "Export"} name="Export" innerRef={button} small={small} caret={view.room.value !== "phone"} command="run.export" items={() => [
			form("html", "One-file page", "HTML, readable anywhere"),
			form("md", "Markdown", "for an issue or a wiki"),
			form("json", "JSON", "docs/report.schema.json"),
			form("sarif", "SARIF", "for code scanning"),
			form("junit", "JUnit", "for a build server"),
			{ label: "Event log", detail: isOver(doc.status) ? "JSON lines" : "JSON lines, so far", icon: "download", rule: true, href: `${API}/runs/${doc.id}/events?after=0`, download: true },
		]} />
	);
}
