/* Everything that can be done or opened, by its name. ">" keeps to actions, "#" to findings. */
import { useEffect, useId, useMemo, useRef, useState } from "preact/hooks";
import { catalogue, loadCatalogue } from "../launcher/catalogue";
import { score } from "../launcher/command";
import { IconButton } from "../ui/button";
import { Dialog } from "../ui/dialog";
import { Glyph } from "../ui/glyph";
import { Icon } from "../ui/icon";
import { asTrouble, get } from "../wire/api";
import type { List, SearchHit, Status } from "../wire/types";
import { away } from "./away";
import { providers, type Command, type Group } from "./commands";
import { when } from "./format";
import { hint } from "./keys";
import { close, open } from "./layers";
import { Marked } from "./marks";
import { prefs } from "./prefs";
import { go } from "./router";
import { runs } from "./runs";
import "./palette.css";
import { S } from "./strings";

interface Entry extends Omit<Command, "group"> {
	group: Group;
	status?: Status;
	snippet?: string;
	score: number;
}

const ORDER: Group[] = ["Actions here", "Agents of this run", "Findings", "Runs", "Flows", "Go to", "Settings"];

/* How well Q names TEXT: whole beginnings before beginnings of words before anything inside. */
export function rank(q: string, text: string): number {
	if (q === "") return 1;
	const t = text.toLowerCase();
	if (t.startsWith(q)) return 90;
	if (t.split(/[\s/:·-]+/).some((w) => w.startsWith(q))) return 80;
	if (t.includes(q)) return 60;
	const words = q.split(/\s+/);
	return words.length > 1 && words.every((w) => t.includes(w)) ? 50 : 0;
}

function local(q: string): Entry[] {
	const utc = prefs.value.times === "utc";
	const commands = providers.value.flatMap((p) => p.list()).map((c): Entry => ({ ...c, score: rank(q, c.label + " " + (c.detail ?? "")) }));
	const past = runs.value.items.map((r): Entry => ({
		id: "run." + r.id, group: "Runs", label: r.question || r.title, detail: `${r.flow} · ${r.started ? when(Date.parse(r.started), Date.now(), utc) : ""}`, status: r.status,
		run: () => go("/runs/" + r.id), score: r.id.startsWith(q) && q.length >= 4 ? 95 : rank(q, r.question + " " + r.flow),
	}));
	const flows = catalogue.value.flows.map((f): Entry => ({
		id: "flow." + f.name, group: "Flows", label: f.name, detail: f.summary, icon: "flows", run: () => open("launch", { flow: f.name }), score: score(q, f),
	}));
	return [...commands, ...past.filter((e) => e.score > 0).slice(0, q ? 8 : 5), ...(q ? flows : [])].filter((e) => e.score > 0);
}

function useFound(q: string, kind: "findings" | "all" | "none"): { found: Entry[]; wrong: string } {
	const [hits, setHits] = useState<SearchHit[]>([]);
	const [wrong, setWrong] = useState("");
	useEffect(() => {
		setHits([]);
		setWrong("");
		if (kind === "none" || q.length < 2 || away.value) return;
		const stop = new AbortController();
		const timer = setTimeout(() => {
			get<List<SearchHit>>(`/search?q=${encodeURIComponent(q)}&limit=20`, stop.signal).then((l) => setHits(l.items), (e: unknown) => !stop.signal.aborted && setWrong(asTrouble(e).what));
		}, 150);
		return () => {
			clearTimeout(timer);
			stop.abort();
		};
	}, [q, kind, away.value]);
	const found = hits
		.filter((h) => kind === "all" || h.kind === "finding")
		.slice(0, 8)
		.map((h): Entry => ({
			id: `hit.${h.run}.${h.step}.${h.kind}.${h.snippet}`, group: h.kind === "finding" ? "Findings" : "Runs", label: h.title, snippet: h.snippet, icon: h.kind === "finding" ? "flag" : "runs", score: 40,
			run: () => go(`/runs/${h.run}${h.kind === "question" ? "" : h.kind === "output" && h.step ? `?tab=agents&agent=${encodeURIComponent(h.step)}` : "?tab=report"}`),
		}));
	return { found, wrong };
}

export function Palette() {
	const [text, setText] = useState("");
	const [at, setAt] = useState(0);
	const list = useRef<HTMLDivElement>(null);
	const id = useId();
	useEffect(() => void loadCatalogue(), []);

	const mode = text.startsWith(">") ? "actions" : text.startsWith("#") ? "findings" : "all";
	const q = (mode === "all" ? text : text.slice(1)).trim().toLowerCase();
	const { found, wrong } = useFound(q, mode === "actions" ? "none" : mode === "findings" ? "findings" : "all");
	const entries = useMemo(() => {
		const own = mode === "findings" ? [] : local(q).filter((e) => mode === "all" || (e.group !== "Runs" && e.group !== "Flows"));
		const runsShown = new Set(own.map((e) => e.id.replace(/^run\./, "")));
		const all = [...own, ...found.filter((e) => !(e.group === "Runs" && runsShown.has(e.id.split(".")[1]!)))];
		const best = new Map<Group, number>();
		for (const e of all) best.set(e.group, Math.max(best.get(e.group) ?? 0, e.score));
		const groups = ORDER.filter((g) => best.has(g));
		if (q) groups.sort((a, b) => best.get(b)! - best.get(a)! || ORDER.indexOf(a) - ORDER.indexOf(b));
		return groups.flatMap((g) => all.filter((e) => e.group === g).sort((a, b) => (q ? b.score - a.score : 0)));
	}, [text, found, providers.value, runs.value, catalogue.value]);
	const here = Math.min(at, entries.length - 1);

	useEffect(() => list.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" }), [here, entries]);
	const run = (e: Entry | undefined): void => {
		if (!e) return;
		close();
		/* The dialog gives the focus back first; what opens next takes it from there. */
		setTimeout(() => e.run());
	};
	const pressed = (e: KeyboardEvent): void => {
		if (e.isComposing) return;
		const n = entries.length;
		if (e.key === "ArrowDown" && n) setAt((here + 1) % n);
		else if (e.key === "ArrowUp" && n) setAt((here - 1 + n) % n);
		else if (e.key === "Home" && n && e.ctrlKey) setAt(0);
		else if (e.key === "End" && n && e.ctrlKey) setAt(n - 1);
		else if (e.key === "Enter") run(entries[here]);
		else if (e.key === "k" && (e.ctrlKey || e.metaKey)) close();
		else return;
		e.preventDefault();
		e.stopPropagation();
	};
	const note = away.value ? S.palette.here : wrong && S.palette.broken(wrong);
	let group = "";
	return (
		<Dialog title={S.palette.title} bare class="is-palette" onClose={close}>
			<div class="palette-head">
				<Icon name="search" />
				<input class="palette-field" type="text" data-focus role="combobox" aria-expanded={entries.length > 0} aria-controls={id} aria-autocomplete="list" aria-activedescendant={entries.length ? id + here : undefined}
					aria-label={S.palette.title} placeholder={S.palette.like} autocomplete="off" spellcheck={false} value={text} onInput={(e) => { setText(e.currentTarget.value); setAt(0); }} onKeyDown={pressed} />
				<kbd aria-hidden="true">Esc</kbd>
				<IconButton class="palette-close" icon="close" label={S.close} onClick={close} />
			</div>
			{note && <p class="palette-note" role="status">{note}</p>}
			{entries.length === 0 && <p class="palette-none" role="status">{S.palette.nothing(text)}</p>}
			<div ref={list} id={id} class="palette-list" role="listbox" aria-label={S.palette.results}>
				{entries.flatMap((e, i) => {
					const head = e.group !== group ? [<div key={"g" + e.group} role="presentation" class="palette-group">{e.group}</div>] : [];
					group = e.group;
					return [...head, (
						<div key={e.id} id={id + i} role="option" aria-selected={i === here} class="palette-item" onClick={() => run(e)} onPointerMove={(p) => { if (p.movementX || p.movementY) setAt(i); }}>
							{e.status ? <Glyph name={e.status} /> : <Icon name={e.icon ?? "right"} />}
							<span class="palette-label"><span class="clip">{e.label}</span>{e.snippet ? <small class="clip"><Marked text={e.snippet} /></small> : e.detail && <small class="clip">{e.detail}</small>}</span>
							{e.key && hint(e.key) && <kbd>{hint(e.key)}</kbd>}
						</div>
					)];
				})}
			</div>
			<footer class="palette-foot"><span><kbd>&gt;</kbd> {S.palette.actions}</span><span><kbd>#</kbd> {S.palette.findings}</span><span><kbd>↑</kbd> <kbd>↓</kbd> {S.palette.move}</span><span><kbd>↵</kbd> {S.palette.open}</span></footer>
		</Dialog>
	);
}
