/*
 * The question, with at most five tools. A slash names a flow and runs it with what is chosen;
 * everything more particular is the launcher's.
 */
import { signal } from "@preact/signals";
import { useEffect, useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { away } from "../app/away";
import { bind } from "../app/keys";
import { at, bytes, capital, count, isCommand } from "../app/format";
import { open } from "../app/layers";
import { stored, store } from "../app/prefs";
import { go } from "../app/router";
import { recent } from "../app/runs";
import { S } from "../app/strings";
import { agentsOf, catalogue, choice, choose, flowNamed, loadCatalogue, repository } from "../launcher/catalogue";
import { complete, read, type Completion, type Written } from "../launcher/command";
import { launch } from "../launcher/send";
import { Button, Key } from "../ui/button";
import { Menu, type Item } from "../ui/menu";
import { tip } from "../ui/tip";
import { toast } from "../ui/toast";
import { asTrouble } from "../wire/api";
import type { LaunchRequest, Size, Trouble } from "../wire/types";

const SIZES: (Size | "auto")[] = ["small", "medium", "large", "auto"];
const PASTE = 4096;

const draftKey = (repo: string): string => "tutti.draft." + repo;

interface Props {
	label?: string;
	focus?: boolean;
}

/* The text of the field lives here while the page is left and come back to. */
const texts = new Map<string, string>();

function useDraft(scope: string) {
	const [text, set] = useState(() => texts.get(scope) ?? stored<string>(draftKey(scope), ""));
	const timer = useRef(0);
	useEffect(() => set(texts.get(scope) ?? stored<string>(draftKey(scope), "")), [scope]);
	const change = (t: string): void => {
		set(t);
		texts.set(scope, t);
		clearTimeout(timer.current);
		timer.current = window.setTimeout(() => store(draftKey(scope), t || null), 400);
	};
	return [text, change] as const;
}

export function request(w: Written, attached: string | null, provided?: string): LaunchRequest {
	const c = choice.value;
	const r: LaunchRequest = {
		flow: w.kind === "command" ? w.flow : c.flow,
		question: attached ? w.question + "\n\n" + attached : w.question,
		size: w.size ?? c.size,
	};
	if (w.fast ?? c.fast) r.fast = true;
	if (w.focus) r.focus = w.focus;
	if (repository.value) r.repo = repository.value.path;
	if (c.model) r.model = c.model;
	if (provided) r.provided = provided;
	return r;
}

const sent = signal<string[]>(stored<string[]>("tutti.sent", []));

/* An earlier run, whose report goes along. */
type Taken = { id: string; title: string } | undefined;

export function Composer({ label = "Question", focus }: Props) {
	const [taken, setTaken] = useState<Taken>(undefined);
	const field = useRef<HTMLTextAreaElement>(null);
	const [text, setText] = useDraft(repository.value?.path ?? "");
	const [busy, setBusy] = useState(false);
	const [trouble, setTrouble] = useState<Trouble | null>(null);
	const [attached, setAttached] = useState<string | null>(null);
	const [list, setList] = useState<{ items: Completion[]; at: number } | null>(null);
	const id = useId();

	useEffect(() => void loadCatalogue(), []);
	useEffect(() => bind("search", () => field.current?.focus()), []);
	useEffect(() => {
		if (focus && matchMedia("(pointer: fine)").matches) field.current?.focus();
	}, []);
	useLayoutEffect(() => {
		const f = field.current!;
		if (CSS.supports("field-sizing", "content")) return;
		f.style.height = "auto";
		f.style.height = f.scrollHeight + 2 + "px";
	}, [text]);

	const flows = catalogue.value.flows;
	const written = read(text, flows);

	const suggest = (value: string, caret: number): void => {
		const items = complete(value.slice(0, caret), flows, capital);
		setList(items.length ? { items: items.slice(0, 30), at: 0 } : null);
	};
	const write = (value: string): void => {
		setText(value);
		setTrouble(null);
	};
	const take = (c: Completion): void => {
		const f = field.current!;
		const rest = f.value.slice(f.selectionStart);
		const value = f.value.slice(0, c.from) + c.value + rest.replace(/^\S*\s?/, "");
		f.focus();
		put(value, c.from + c.value.length);
	};
	/* At once: who types on must not meet a caret that jumps. */
	const put = (value: string, caret: number): void => {
		const f = field.current!;
		f.value = value;
		f.setSelectionRange(caret, caret);
		write(value);
		suggest(value, caret);
	};
	const run = async (): Promise<void> => {
		if (busy || away.value) return;
		if (written.kind === "empty" || written.problem) {
			field.current?.focus();
			if (written.kind === "empty") setTrouble({ code: "bad_request", what: S.composer.missing });
			return;
		}
		if (catalogue.value.loaded && !repository.value) return askMore();
		setBusy(true);
		try {
			const answer = await launch(request(written, attached, taken?.id));
			sent.value = [text, ...sent.value.filter((s) => s !== text)].slice(0, 20);
			store("tutti.sent", sent.value);
			if (written.kind === "command") choose({ flow: written.flow });
			setText("");
			setTaken(undefined);
			go(answer.url);
		} catch (e) {
			setTrouble(asTrouble(e));
			field.current?.focus();
		} finally {
			setBusy(false);
		}
	};
	const pressed = (e: KeyboardEvent): void => {
		if (e.isComposing) return;
		if (e.key === "Enter" && (e.ctrlKey || e.metaKey)) {
			e.preventDefault();
			void run();
			return;
		}
		if (list) {
			const n = list.items.length;
			if (e.key === "ArrowDown" || e.key === "ArrowUp") {
				e.preventDefault();
				setList({ ...list, at: (list.at + (e.key === "ArrowDown" ? 1 : n - 1)) % n });
				return;
			}
			if (e.key === "Enter" || e.key === "Tab") {
				e.preventDefault();
				take(list.items[list.at]!);
				return;
			}
			if (e.key === "Escape") {
				e.preventDefault();
				e.stopPropagation();
				setList(null);
				return;
			}
		}
		if (e.key === "ArrowUp" && text === "" && sent.value[0]) {
			e.preventDefault();
			write(sent.value[0]);
		}
	};
	const pasted = (e: ClipboardEvent): void => {
		const s = e.clipboardData?.getData("text/plain") ?? "";
		if (s.length <= PASTE) return;
		e.preventDefault();
		setAttached(s);
		toast(S.composer.attached, { undo: () => { setAttached(null); setText(field.current!.value + s); } });
	};
	/* What cannot be said here is asked in the launcher. */
	const askMore = (): void =>
		open("launch", { q: written.question, ...(written.kind === "command" ? { flow: written.flow } : {}), ...(taken ? { provided: taken.id } : {}) });
	const slash = (): void => {
		const f = field.current!;
		f.focus();
		put(text.startsWith("/") ? text : "/" + text, 1);
	};

	const said = written.kind === "unknown" && !list ? { code: "", what: written.problem! } : written.problem && written.question && !list ? { code: "", what: written.problem } : trouble;
	const where = repository.value ? at({ repo_name: repository.value.name, commit: repository.value.commit }) : S.composer.here;
	return (
		<form class="composer" aria-label={label} onSubmit={(e) => { e.preventDefault(); void run(); }}>
			<div class="composer-box">
				<label class="vh" for={id}>{label}</label>
				<textarea ref={field} id={id} class="composer-field" rows={2} value={text} enterkeyhint="enter" autocomplete="off"
					placeholder={taken ? S.composer.followUp : S.composer.ask(where)}
					aria-autocomplete="list" aria-haspopup="listbox" aria-controls={list ? id + "l" : undefined} aria-activedescendant={list ? `${id}l${list.at}` : undefined}
					aria-describedby={id + "p"} aria-invalid={said ? true : undefined}
					onInput={(e) => { const f = e.currentTarget; write(f.value); suggest(f.value, f.selectionStart); }}
					onKeyDown={pressed} onPaste={pasted} onBlur={() => setTimeout(() => setList(null), 120)} />
				{taken && (
					<p class="composer-attached">
						<span class="chip clip">{S.composer.withReport(taken.title)}</span>
						<Button kind="quiet" small onClick={() => setTaken(undefined)}>{S.composer.remove}</Button>
					</p>
				)}
				{attached && (
					<p class="composer-attached">
						<span class="chip">{S.composer.pasted(bytes(new Blob([attached]).size))}</span>
						<Button kind="quiet" small onClick={() => setAttached(null)}>{S.composer.remove}</Button>
					</p>
				)}
				<div class="composer-tools">
					<Scope take={setTaken} />
					<Button kind="quiet" icon="slash" onClick={slash} class="composer-commands" aria-label={S.composer.commands} {...tip("", "composer.commands")}><span>{S.composer.commands.toLowerCase()}</span></Button>
					<Button kind="quiet" icon="flows" class="composer-flows" aria-label={S.nav.flows} onClick={askMore}>
						<span>{S.nav.flows}</span>
					</Button>
					<Settings />
					<Button kind="filled" type="submit" class="composer-run" disabled={busy || away.value}>{busy ? S.run.starting : <>{S.run.short}<Key command="composer.run" /></>}</Button>
				</div>
				{list && <Suggestions list={list} id={id + "l"} take={take} />}
			</div>
			<div id={id + "p"} class="composer-under">
				{said ? <Said trouble={said} near={written.near} take={(n) => { write("/" + n + " "); field.current?.focus(); }} />
					: away.value ? <span>{S.composer.away}</span> : <What written={written} />}
			</div>
		</form>
	);
}

function Suggestions({ list, id, take }: { list: { items: Completion[]; at: number }; id: string; take: (c: Completion) => void }) {
	const ref = useRef<HTMLUListElement>(null);
	useEffect(() => ref.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" }), [list.at]);
	let group = "";
	return (
		<ul ref={ref} id={id} class="suggestions" role="listbox" aria-label={S.composer.commands} tabIndex={0} onPointerDown={(e) => e.preventDefault()}>
			{list.items.flatMap((c, i) => {
				const head = c.group !== group ? [<li key={"g" + c.group + i} role="presentation" class="suggestions-group">{c.group}</li>] : [];
				group = c.group;
				return [...head, (
					<li key={c.label} id={id + i} role="option" aria-selected={i === list.at} class="suggestion" onPointerDown={(e) => { e.preventDefault(); take(c); }}>
						<b>{c.label}</b>
						<span>{c.detail}</span>
					</li>
				)];
			})}
		</ul>
	);
}

/* What would run if it were sent now. */
function What({ written }: { written: Written }) {
	const c = choice.value;
	const name = written.kind === "command" ? written.flow : c.flow;
	const size = written.size ?? c.size;
	const flow = flowNamed(name);
	const n = flow && agentsOf(flow, size);
	const r = repository.value;
	const parts = [name, size, n === null ? (size === "auto" ? S.composer.asNeeded : "") : count(n, "agent"), written.fast ?? c.fast ? "fast" : "", r ? at({ repo_name: r.name, commit: r.commit }) : ""];
	return <span>{parts.filter(Boolean).join(" · ")}{r && r.changed > 0 ? `, with ${count(r.changed, "changed file")}` : ""}</span>;
}

function Said({ trouble: t, near, take }: { trouble: Trouble; near: string[]; take: (n: string) => void }) {
	return (
		<span class="problem" role="alert">
			<span>
				{capital(t.what)}{t.why ? `. ${t.why}` : ""}
				{near.length > 0 && <>. {S.composer.didYouMean} {near.map((n, i) => <>{i > 0 && ", "}<button key={n} type="button" class="link" onClick={() => take(n)}>{n}</button></>)}?</>}
				{t.fix?.[0] && <> {isCommand(t.fix[0]) ? <code>{t.fix[0]}</code> : capital(t.fix[0])}</>}
			</span>
		</span>
	);
}

function Scope({ take }: { take: (t: Taken) => void }) {
	const r = repository.value;
	const items = (): Item[] => [
		...catalogue.value.repositories.map((x): Item => ({ label: x.name, detail: `${x.path}${x.branch ? ` · ${x.branch}` : ""}`, checked: x.path === r?.path, go: () => choose({ repo: x.path }) })),
		{ label: S.composer.elsewhere, icon: "folder", rule: true, go: () => open("launch") },
		...recent.value
			.filter((x) => x.status === "completed")
			.slice(0, 3)
			.map((x, i): Item => ({ label: S.composer.withReportOf(x.id), detail: x.question, icon: "repeat", rule: i === 0, go: () => take({ id: x.id, title: x.question || x.title }) })),
	];
	return <Menu kind="quiet" icon="plus" name={S.words.repository} label={<span class="clip">{r?.name ?? S.words.repository}</span>} items={items} class="composer-scope" />;
}

function Settings() {
	const c = choice.value;
	const items = (): Item[] => [
		...SIZES.map((s): Item => {
			const f = flowNamed(c.flow);
			const n = f && agentsOf(f, s);
			return { label: capital(s), detail: n === null ? S.composer.byChange : count(n, "agent"), checked: s === c.size, go: () => choose({ size: s }) };
		}),
		{ label: S.words.fast, detail: S.words.fastMeans, checked: c.fast, many: true, rule: true, go: () => choose({ fast: !c.fast }) },
		{ label: S.composer.more, icon: "settings", rule: true, go: () => open("launch") },
	];
	return <Menu kind="quiet" name={S.composer.settings} label={<span class="clip">{capital(c.size)}{c.fast ? " · fast" : ""}{c.model ? ` · ${c.model}` : ""}</span>} items={items} class="composer-settings" />;
}
