/* Calls of tools: one line, and behind it what they were asked and what they said. */
import type { ComponentChildren } from "preact";
import { useSignal } from "@preact/signals";
import { Button } from "../ui/button";
import { Icon, type IconName } from "../ui/icon";
import { hitsByFile, inputFields, pretty, toolKind, verbOf, type ToolKind } from "./blocks";
import type { ToolBlock } from "./types";
import { brief, bytes } from "./words";

const icons: Record<ToolKind, IconName> = {
	read: "runs", search: "search", list: "folder", shell: "keyboard", fetch: "external",
	write: "close", other: "right",
};

const SHOWN = 24; /* lines of a text before the rest is asked for */

export function Tool({ block, open, flip }: { block: ToolBlock; open: boolean; flip: () => void }) {
	const kind = toolKind(block.name);
	const bad = block.state === "failed" || block.state === "denied";
	const word = kind === "write" || block.state === "denied" ? "blocked" : block.state === "failed" ? "failed" : "";

	return (
		<div class={`tool is-${block.state}${bad ? " is-bad" : ""}`}>
			<button type="button" class="tool-line" aria-expanded={open} onClick={flip}>
				<Icon name={open ? "down" : "right"} size={12} />
				<Icon name={icons[kind]} size={16} />
				<span class="tool-what"><b>{verbOf(block)}</b> {block.subject}</span>
				{word && <span class="tool-word">{word}</span>}
				<span class="tool-summary">{block.state === "running" ? "running" : oneLine(block.summary)}</span>
				<span class="num tool-time">{block.ms !== null && block.ms !== undefined ? brief(block.ms) : ""}</span>
			</button>
			{open && <Detail block={block} kind={kind} bad={bad} />}
		</div>
	);
}

function oneLine(s: string | null): string {
	const line = (s ?? "").split("\n", 1)[0]!.trim();

	return line.length > 100 ? `${line.slice(0, 99)}\u2026` : line;
}

/* What went wrong comes first, then what was asked. */
function Detail({ block, kind, bad }: { block: ToolBlock; kind: ToolKind; bad: boolean }) {
	const said = block.summary?.trim();
	const result = said ? <Said text={said} kind={kind} name={bad ? "Error" : "Result"} cut={block.cut} /> : null;

	return (
		<div class="tool-detail">
			{bad && result}
			{kind === "shell" ? <Command input={block.input} /> : <Fields input={block.input} />}
			{!bad && result}
			{block.state === "running" && <p class="meta">It has not answered yet.</p>}
		</div>
	);
}

function Command({ input }: { input: unknown }) {
	const o = (input ?? {}) as Record<string, unknown>;
	const line = typeof o.command === "string" ? o.command : Array.isArray(o.command) ? o.command.join(" ") : null;

	if (!line)
		return <Fields input={input} />;
	return <Text name="Command" text={`$ ${line}`} />;
}

function Fields({ input }: { input: unknown }) {
	const fields = inputFields(input);

	if (!fields.length)
		return null;
	return (
		<dl class="fields">
			{fields.map((f) => (
				<div key={f.name}>
					<dt>{f.name}</dt>
					<dd>{f.value.includes("\n") || f.value.length > 160 ? <Text text={f.value} /> : <code>{f.value}</code>}</dd>
				</div>
			))}
		</dl>
	);
}

function Said({ text, kind, name, cut }: { text: string; kind: ToolKind; name: string; cut?: number | undefined }) {
	const hits = kind === "search" ? hitsByFile(text) : null;

	if (hits)
		return (
			<div class="hits">
				{[...hits].map(([file, lines]) => (
					<div key={file}>
						<p class="hit-file"><code>{file}</code> <span class="num">{lines.length}</span></p>
						<pre class="code">{lines.map((l) => `${l.line.padStart(5)}  ${l.text}`).join("\n")}</pre>
					</div>
				))}
			</div>
		);
	return <Text name={name} text={text} cut={cut} />;
}

/* A text of any length; what the server kept back is said. */
export function Text({ text, name, cut }: { text: string; name?: string; cut?: number | undefined }) {
	const all = useSignal(false);
	const lines = text.split("\n");
	const shown = all.value ? text : lines.slice(0, SHOWN).join("\n");
	const rest = lines.length - SHOWN;

	return (
		<div class="text-box">
			{name && <p class="label">{name}</p>}
			<pre class="code">{shown}</pre>
			{rest > 0 && !all.value && (
				<Button small kind="quiet" onClick={() => (all.value = true)}>Show {rest} more lines</Button>
			)}
			{!!cut && <p class="meta">The first part of {bytes(cut)}; the raw view has all of it.</p>}
		</div>
	);
}

export function Json({ value }: { value: unknown }) {
	return <Text text={pretty(value)} />;
}

export function Fold({ label, side, open, flip, children }: {
	label: ComponentChildren; side?: ComponentChildren; open: boolean; flip: () => void; children: ComponentChildren;
}) {
	return (
		<div class="fold">
			<button type="button" class="tool-line" aria-expanded={open} onClick={flip}>
				<Icon name={open ? "down" : "right"} size={12} />
				<span class="tool-what">{label}</span>
				<span class="num tool-time">{side}</span>
			</button>
			{open && <div class="tool-detail">{children}</div>}
		</div>
	);
}
