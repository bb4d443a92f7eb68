/*
 * What is launched, chosen rather than typed: the same form as a dialog and as a page. Every change is
 * shown as what it would run, by asking the daemon rather than by guessing here.
 */
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { away } from "../app/away";
import { capital, clock, count, short, span } from "../app/format";
import type { Preset } from "../app/layers";
import { loadDoctor } from "../app/attention";
import { go } from "../app/router";
import { runs } from "../app/runs";
import { S } from "../app/strings";
import { Button, Key, LinkButton } from "../ui/button";
import { Glyph } from "../ui/glyph";
import { Icon } from "../ui/icon";
import { Skeleton } from "../ui/skeleton";
import { copy } from "../ui/toast";
import { TroubleBox } from "../ui/trouble";
import { asTrouble, post } from "../wire/api";
import type { Flow, LaunchRequest, Preview, Size, Trouble } from "../wire/types";
import { catalogue, categories, choice, choose, flowNamed, loadCatalogue } from "./catalogue";
import { commandLine, score } from "./command";
import { launch } from "./send";
import "./launcher.css";

export interface Values {
	question: string;
	flow: string;
	size: Size | "auto";
	fast: boolean;
	focus: string;
	repo: string;
	at: string;
	base: string;
	model: string;
	inputs: Record<string, string>;
	provided: string;
}

/* Kept while the dialog is closed: Escape loses nothing. */
let draft: Values | null = null;

function begin(p: Preset): Values {
	const c = choice.value;
	const was = draft;
	return {
		question: p.q ?? was?.question ?? "",
		flow: p.flow || was?.flow || c.flow,
		size: (p.size as Size | "auto" | undefined) ?? was?.size ?? c.size,
		fast: p.fast !== undefined ? p.fast === "1" || p.fast === "true" : (was?.fast ?? c.fast),
		focus: p.focus ?? was?.focus ?? "",
		repo: p.repo || was?.repo || c.repo,
		at: p.at ?? was?.at ?? "",
		base: p.base ?? was?.base ?? "",
		model: p.model ?? was?.model ?? c.model,
		inputs: was?.inputs ?? {},
		provided: p.provided ?? "",
	};
}

export function toRequest(v: Values, flow: Flow | null): LaunchRequest {
	const r: LaunchRequest = { flow: v.flow, question: v.question.trim(), size: v.size };
	const inputs: Record<string, string> = {};
	for (const i of flow?.inputs ?? []) {
		if (i.name === "question") continue;
		const x = (i.name === "base" ? v.base : v.inputs[i.name])?.trim();
		if (!x) continue;
		if (i.name === "base") r.base = x;
		else inputs[i.name] = x;
	}
	if (Object.keys(inputs).length) r.inputs = inputs;
	if (v.focus.trim()) r.focus = v.focus.trim();
	if (v.fast) r.fast = true;
	const repo = v.repo.trim() || catalogue.value.repositories[0]?.path;
	if (repo) r.repo = repo;
	if (v.at.trim()) r.at = v.at.trim();
	if (v.model.trim()) r.model = v.model.trim();
	if (v.provided) r.provided = v.provided;
	return r;
}

/* What is missing, by the name of its field. */
export function missing(v: Values, flow: Flow | null): Record<string, string> {
	const out: Record<string, string> = {};
	if (!flow) out.flow = S.launch.noFlow;
	if (!v.repo.trim() && catalogue.value.loaded && catalogue.value.repositories.length === 0) out.repo = S.launch.noRepository;
	for (const i of flow?.inputs ?? []) {
		const x = i.name === "question" ? v.question : i.name === "base" ? v.base : (v.inputs[i.name] ?? "");
		if (i.required && !x.trim()) out[i.name] = S.launch.missing(i.label);
	}
	return out;
}

function usePreview(v: Values, flow: Flow | null): { preview: Preview | null; trouble: Trouble | null } {
	const [state, set] = useState<{ preview: Preview | null; trouble: Trouble | null }>({ preview: null, trouble: null });
	const key = JSON.stringify([v.flow, v.size, v.fast, v.focus, v.repo, v.at, v.base, v.model, v.provided, away.value]);
	useEffect(() => {
		if (away.value) return;
		if (!flow || !toRequest(v, flow).repo) return set({ preview: null, trouble: null });
		let over = false;
		const timer = setTimeout(() => {
			const r = toRequest(v, flow);
			if (!r.question) r.question = flow.inputs.find((i) => i.name === "question")?.placeholder || "-";
			post<Preview>("/preview", r).then(
				(preview) => !over && set({ preview, trouble: null }),
				(e: unknown) => !over && set({ preview: null, trouble: asTrouble(e) }),
			);
		}, 150);
		return () => {
			over = true;
			clearTimeout(timer);
		};
	}, [key, flow]);
	return state;
}

interface FormProps {
	preset: Preset;
	close?: () => void; /* of the dialog */
}

export function LaunchForm({ preset, close }: FormProps) {
	const [v, setV] = useState(() => begin(preset));
	const [errors, setErrors] = useState<Record<string, string>>({});
	const [trouble, setTrouble] = useState<Trouble | null>(null);
	const [busy, setBusy] = useState(false);
	const form = useRef<HTMLFormElement>(null);
	const flow = flowNamed(v.flow);
	const { preview, trouble: refused } = usePreview(v, flow);

	useEffect(() => {
		void loadCatalogue();
		if (!close) form.current?.querySelector<HTMLElement>("[data-focus]")?.focus();
	}, []);
	const set = (part: Partial<Values>): void => {
		const next = { ...v, ...part };
		draft = next;
		setV(next);
		setTrouble(null);
		if (Object.keys(errors).length) setErrors(missing(next, flowNamed(next.flow)));
	};
	const submit = async (): Promise<void> => {
		if (busy || away.value) return;
		const bad = missing(v, flow);
		setErrors(bad);
		if (Object.keys(bad).length) {
			requestAnimationFrame(() => form.current?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus());
			return;
		}
		setBusy(true);
		try {
			const answer = await launch(toRequest(v, flow));
			choose({ flow: v.flow, size: v.size, fast: v.fast, repo: v.repo, model: v.model });
			draft = null;
			close?.();
			go(answer.url);
		} catch (e) {
			setTrouble(asTrouble(e));
			setBusy(false);
		}
	};

	const question = flow?.inputs.find((i) => i.name === "question");
	const others = (flow?.inputs ?? []).filter((i) => i.name !== "question");
	return (
		<form ref={form} class="launch" noValidate onSubmit={(e) => { e.preventDefault(); void submit(); }}
			onKeyDown={(e) => { if (e.key === "Enter" && (e.ctrlKey || e.metaKey) && !e.isComposing) { e.preventDefault(); void submit(); } }}>
			<div class="launch-scroll">
				<Labelled label={question?.label ?? S.words.question} error={errors.question}>
					{(id) => <textarea {...id} class="field" rows={2} data-focus placeholder={question?.placeholder} value={v.question} onInput={(e) => set({ question: e.currentTarget.value })} />}
				</Labelled>
				{others.map((i) => (
					<Labelled key={i.name} label={i.label} error={errors[i.name]} optional={!i.required}>
						{(id) => <input {...id} class="field" type="text" spellcheck={i.type === "text"} placeholder={i.placeholder} value={i.name === "base" ? v.base : (v.inputs[i.name] ?? "")}
							onInput={(e) => (i.name === "base" ? set({ base: e.currentTarget.value }) : set({ inputs: { ...v.inputs, [i.name]: e.currentTarget.value } }))} />}
					</Labelled>
				))}
				<Where v={v} set={set} error={errors.repo} />
				{v.provided && <HandedOn run={v.provided} preview={preview} drop={() => set({ provided: "" })} leave={close} />}
				<FlowPicker value={v.flow} onChange={(name) => set({ flow: name })} error={errors.flow} leave={close} />
				<Options v={v} set={set} flow={flow} />
				<WhatRuns flow={flow} preview={preview} trouble={away.value ? null : refused} />
				{trouble && <TroubleBox trouble={trouble} />}
			</div>
			<footer class="launch-foot">
				<Button kind="quiet" icon="copy" onClick={() => void copy(commandLine(toRequest(v, flow)), S.words.commandCopied)}>{S.launch.copy}</Button>
				<p class="launch-sum">{away.value ? S.launch.away : sum(preview)}</p>
				{close && <Button onClick={close}>{S.cancel}</Button>}
				<Button kind="filled" type="submit" disabled={busy || away.value}>{busy ? S.run.starting : <>{S.run.short}<Key command="composer.run" /></>}</Button>
			</footer>
		</form>
	);
}

function sum(p: Preview | null): string {
	if (!p) return "";
	const n = p.agents.filter((a) => a.included).length;
	const most = n + p.agents.filter((a) => a.included === null).length;
	const e = p.estimate;
	return `${most > n ? S.launch.between(n, most) : count(n, "agent")} · ${S.launch.readOnly} · ${e ? S.launch.estimate(span(e.low_ms, e.high_ms), short(e.tokens), count(e.runs, "past run")) : S.words.noHistory}`;
}

/* Which report goes along: by its id until the daemon has said more of it. */
function HandedOn({ run, preview, drop, leave }: { run: string; preview: Preview | null; drop: () => void; leave?: (() => void) | undefined }) {
	const p = preview?.provided;
	return (
		<p class="launch-note">
			<Icon name="repeat" /> {S.launch.handedOn} <a href={"/runs/" + run} onClick={leave}>{p ? `${p.flow}: ${p.question}` : run}</a>{p?.cut && S.launch.inPart}{" "}
			<Button kind="quiet" small onClick={drop}>{S.launch.leaveOut}</Button>
		</p>
	);
}

interface IdProps {
	id: string;
	"aria-invalid"?: true;
	"aria-describedby"?: string;
}

function Labelled({ label, error, optional, children }: { label: string; error?: string | undefined; optional?: boolean; children: (id: IdProps) => ComponentChildren }) {
	const id = useId();
	return (
		<div class="launch-field">
			<label for={id}>{label}{optional && <small> {S.words.optional}</small>}</label>
			<div>
				{children({ id, ...(error ? { "aria-invalid": true as const, "aria-describedby": id + "e" } : {}) })}
				{error && <p id={id + "e"} class="problem">{error}</p>}
			</div>
		</div>
	);
}

function Where({ v, set, error }: { v: Values; set: (p: Partial<Values>) => void; error?: string | undefined }) {
	const known = catalogue.value.repositories;
	const own = known[0]?.path ?? "";
	const path = v.repo || own;
	const [free, setFree] = useState(false);
	const r = known.find((x) => x.path === path);
	const other = free || (catalogue.value.loaded && !r);
	return (
		<Labelled label={S.words.repository} error={error}>
			{(id) => (
				<div class="launch-where">
					{other ? (
						<input {...id} class="field" type="text" placeholder="/home/you/repository" spellcheck={false} value={v.repo} onInput={(e) => set({ repo: e.currentTarget.value })} />
					) : (
						<select {...id} class="field" value={path} onChange={(e) => (e.currentTarget.value === "…" ? (setFree(true), set({ repo: "" })) : set({ repo: e.currentTarget.value }))}>
							{!catalogue.value.loaded && <option value="">{S.words.loading}</option>}
							{known.map((x) => <option key={x.path} value={x.path}>{x.name} — {x.path}</option>)}
							<option value="…">{S.launch.otherPath}</option>
						</select>
					)}
					<label class="launch-at">at <input class="field" type="text" aria-label={S.words.commit} placeholder={r ? `working tree${r.commit ? ` (${r.commit.slice(0, 7)})` : ""}` : "working tree"} spellcheck={false} value={v.at} onInput={(e) => set({ at: e.currentTarget.value })} /></label>
					{other && known.length > 0 && <Button kind="quiet" small onClick={() => { setFree(false); set({ repo: own }); }}>{S.launch.known}</Button>}
				</div>
			)}
		</Labelled>
	);
}

/* --- flows ------------------------------------------------------------------------------------- */

function FlowPicker({ value, onChange, error, leave }: { value: string; onChange: (name: string) => void; error?: string | undefined; leave?: (() => void) | undefined }) {
	const c = catalogue.value;
	const [filter, setFilter] = useState("");
	const chosen = flowNamed(value);
	const [tab, setTab] = useState<string | null>(null);
	const id = useId();
	const now = tab ?? chosen?.category ?? "analysis";
	const hits = filter ? c.flows.filter((f) => score(filter.toLowerCase(), f) > 0) : c.flows;
	const shown = filter && !hits.some((f) => f.category === now) ? (hits[0]?.category ?? now) : now;
	const rows = hits.filter((f) => f.category === shown);
	const tabs = useRef<HTMLDivElement>(null);

	const move = (e: KeyboardEvent): void => {
		const all = categories.value;
		const i = all.indexOf(shown);
		const to = e.key === "ArrowRight" ? i + 1 : e.key === "ArrowLeft" ? i - 1 : e.key === "Home" ? 0 : e.key === "End" ? all.length - 1 : null;
		if (to === null) return;
		e.preventDefault();
		setTab(all[(to + all.length) % all.length]!);
		requestAnimationFrame(() => tabs.current?.querySelector<HTMLElement>("[aria-selected=true]")?.focus());
	};
	if (c.error) return <TroubleBox trouble={c.error} retry={() => void loadCatalogue()} />;
	return (
		<section class="flows-pick" aria-label={S.words.flow}>
			<div class="flows-bar">
				<div ref={tabs} role="tablist" aria-label={S.words.categories} class="tabs" onKeyDown={move}>
					{categories.value.map((k) => (
						<button key={k} type="button" role="tab" id={id + k} aria-selected={k === shown} aria-controls={id + "p"} tabIndex={k === shown ? 0 : -1} class="tab" onClick={() => setTab(k)}>
							{capital(k)}
							{filter && <span class="filter-count">{hits.filter((f) => f.category === k).length}</span>}
						</button>
					))}
				</div>
				<label class="search-field"><Icon name="search" /><span class="vh">{S.words.filterFlows}</span>
					<input class="field" type="search" placeholder={S.words.filterFlows} value={filter} onInput={(e) => { setFilter(e.currentTarget.value.trim()); setTab(null); }} />
				</label>
			</div>
			<div role="tabpanel" id={id + "p"} aria-labelledby={id + shown} class="flows-list" aria-invalid={error ? true : undefined} tabIndex={-1}>
				{!c.loaded && <Skeleton rows={4} />}
				{c.loaded && rows.length === 0 && <p class="flows-none">{S.words.noFlowMatches(filter)} <Button kind="quiet" small onClick={() => setFilter("")}>{S.words.clearSearch}</Button></p>}
				{rows.map((f) => (
					<label key={f.name} class="flow-row">
						<input type="radio" name={id + "flow"} value={f.name} checked={f.name === value} onChange={() => onChange(f.name)} />
						<span class="flow-name">{f.name}</span>
						<span class="flow-what">{f.summary}</span>
						<span class="flow-agents num" title="agents: small / medium / large">{f.agents.small} / {f.agents.medium} / {f.agents.large}</span>
					</label>
				))}
			</div>
			{chosen && <p class="flows-chosen"><b>{chosen.title}.</b> {chosen.when_to_use} <a href={"/flows/" + chosen.name} onClick={leave}>{S.launch.about}</a></p>}
		</section>
	);
}

/* --- size and the rest -------------------------------------------------------------------------- */

const SIZES: (Size | "auto")[] = ["small", "medium", "large", "auto"];

function Options({ v, set, flow }: { v: Values; set: (p: Partial<Values>) => void; flow: Flow | null }) {
	const id = useId();
	const models = [...new Set(runs.value.items.map((r) => r.model).filter(Boolean))];
	return (
		<>
			<fieldset class="launch-field sizes">
				<legend>{S.words.size}</legend>
				<div class="segments">
					{SIZES.map((s) => (
						<label key={s} class="segment">
							<input type="radio" class="vh" name={id + "size"} checked={v.size === s} onChange={() => set({ size: s })} />
							<span>{capital(s)}{s !== "auto" && flow && <small> {count(flow.agents[s], "agent")}</small>}</span>
						</label>
					))}
				</div>
			</fieldset>
			<div class="launch-field">
				<span aria-hidden="true">{S.words.fast}</span>
				<label class="check"><input type="checkbox" checked={v.fast} onChange={(e) => set({ fast: e.currentTarget.checked })} /><span><span class="vh">{S.words.fast}: </span>{S.words.fastMeans}</span></label>
			</div>
			<Labelled label={S.launch.focus} optional>
				{(f) => <input {...f} class="field" type="text" placeholder={S.launch.focusLike} value={v.focus} onInput={(e) => set({ focus: e.currentTarget.value })} />}
			</Labelled>
			<Labelled label={S.words.model}>
				{(f) => (
					<>
						<input {...f} class="field" type="text" list={id + "models"} spellcheck={false} placeholder={S.launch.firstModel} value={v.model} onInput={(e) => set({ model: e.currentTarget.value })} />
						<datalist id={id + "models"}>{[...new Set([...models, "rehearsal"])].map((m) => <option key={m} value={m} />)}</datalist>
					</>
				)}
			</Labelled>
		</>
	);
}

function WhatRuns({ flow, preview, trouble }: { flow: Flow | null; preview: Preview | null; trouble: Trouble | null }) {
	if (trouble)
		return (
			<div class="launch-trouble">
				<TroubleBox trouble={trouble} />
				{(trouble.code === "not_ready" || trouble.code === "unreachable") && <LinkButton small href="/agents" onClick={() => loadDoctor()}>{S.words.openDoctor}</LinkButton>}
			</div>
		);
	if (!flow || !preview) return null;
	const more = preview.agents.filter((a) => !a.included);
	const inside = preview.agents.filter((a) => a.included);
	return (
		<section class="launch-roster" aria-label={S.launch.whatRuns}>
			<div class="launch-field">
				<span>{S.nav.agents}</span>
				<div>
					<p>{capital(preview.size)}{preview.size_reason ? `: ${preview.size_reason}` : ""}</p>
					<ul class="agents">
						{inside.map((a) => <li key={a.step} title={a.persona ?? ""}>{a.label}{a.reason && <small>{a.reason}</small>}</li>)}
						{more.map((a) => <li key={a.step} class="is-out" title={a.reason ?? ""}>{a.label}<small>{a.reason ?? a.size}</small></li>)}
					</ul>
					{flow.past && <p class="muted">{S.launch.past(count(flow.past.runs, "past run"), clock(flow.past.median_ms))}</p>}
				</div>
			</div>
			{preview.warnings.map((w) => <p key={w} class="launch-note"><Glyph name="attention" silent /> {w}</p>)}
		</section>
	);
}
