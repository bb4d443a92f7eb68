/* What can be done with a run in a list. Deleting waits ten seconds, so that it can be taken back. */
import { useEffect, useRef, useState } from "preact/hooks";
import { count } from "../app/format";
import { open } from "../app/layers";
import { go } from "../app/router";
import { isLive, removeRun } from "../app/runs";
import { S } from "../app/strings";
import { confirm } from "../ui/dialog";
import { forget } from "../ui/load";
import type { Item } from "../ui/menu";
import { copy, toast, toastError } from "../ui/toast";
import { API, asTrouble, del } from "../wire/api";
import type { RunSummary } from "../wire/types";

const UNDO = 10_000;

export function useRemoval() {
	const [gone, setGone] = useState<ReadonlySet<string>>(new Set());
	const waiting = useRef(new Map<string, number>());

	const really = (id: string): void => {
		waiting.current.delete(id);
		del("/runs/" + id).then(
			() => {
				removeRun(id);
				forget("/runs?");
			},
			(e: unknown) => {
				back([id]);
				toastError(asTrouble(e));
			},
		);
	};
	const back = (ids: string[]): void => setGone((g) => new Set([...g].filter((x) => !ids.includes(x))));

	/* Leaving the page means it: what was to be deleted is, the connection or not. */
	useEffect(() => {
		const leave = (): void => {
			for (const [id, timer] of waiting.current) {
				clearTimeout(timer);
				void fetch(`${API}/runs/${id}`, { method: "DELETE", keepalive: true });
				removeRun(id);
			}
			waiting.current.clear();
			forget("/runs?");
		};
		addEventListener("pagehide", leave);
		return () => {
			removeEventListener("pagehide", leave);
			leave();
		};
	}, []);

	const remove = async (of: readonly RunSummary[]): Promise<boolean> => {
		const one = of.length === 1 ? of[0]! : null;
		const yes = await confirm({
			title: one ? S.history.deleteOne : S.history.deleteMany(count(of.length, "run")),
			text: (
				<>
					{of.slice(0, 6).map((r) => <p key={r.id}><b>{r.question || r.title}</b><br /><small class="muted">{r.flow} · {r.id}</small></p>)}
					{of.length > 6 && <p>{S.history.andMore(of.length - 6)}</p>}
					<p>{S.history.goesWithIt}</p>
				</>
			),
			yes: S.history.delete,
			danger: true,
		});
		if (!yes) return false;
		const ids = of.map((r) => r.id);
		setGone((g) => new Set([...g, ...ids]));
		for (const id of ids) waiting.current.set(id, window.setTimeout(() => really(id), UNDO));
		toast(one ? S.history.deletedOne : S.history.deletedMany(count(of.length, "run")), {
			ms: UNDO - 250,
			undo: () => {
				for (const id of ids) clearTimeout(waiting.current.get(id));
				for (const id of ids) waiting.current.delete(id);
				back(ids);
			},
		});
		return true;
	};
	return { gone, remove };
}

export function rerun(r: RunSummary): void {
	open("launch", { flow: r.flow, size: r.size, q: r.question, repo: r.repo, model: r.model, fast: r.fast ? "1" : "0", focus: r.focus ?? "" });
}

export function rowItems(r: RunSummary, all: readonly RunSummary[], removal: ReturnType<typeof useRemoval>): Item[] {
	const other = all.find((x) => x.id !== r.id && x.flow === r.flow && x.question === r.question) ?? all.find((x) => x.id !== r.id && x.flow === r.flow);
	const [a, b] = other && (other.started ?? "") < (r.started ?? "") ? [other, r] : [r, other];
	const ended = !isLive(r);
	const report = ended && r.status === "completed" ? undefined : S.history.noReport;
	const as = (kind: string, label: string): Item => ({ label, icon: "download", href: `/api/v1/runs/${r.id}/report?as=${kind}&download=1`, download: true });
	return [
		{ label: S.words.open, icon: "right", go: () => go("/runs/" + r.id) },
		{ label: S.history.again, icon: "repeat", go: () => rerun(r) },
		{ label: S.history.followUp, icon: "flows", detail: S.history.asEvidence, disabled: report, go: () => open("launch", { provided: r.id, repo: r.repo }) },
		{ label: S.history.compareWith, icon: "compare", detail: other ? S.history.with(other.id.slice(0, 8), other.flow) : undefined, disabled: other ? undefined : S.history.noOther, go: () => go(`/compare?a=${a!.id}&b=${b!.id}`) },
		{ label: S.words.copyLink, icon: "link", go: () => void copy(`${location.origin}/runs/${r.id}`, S.words.linkCopied) },
		...(report
			? [{ label: S.words.export, icon: "download" as const, disabled: report, rule: true }]
			: [{ ...as("md", S.history.exportAs.md), rule: true }, as("html", S.history.exportAs.html), as("json", S.history.exportAs.json), as("sarif", S.history.exportAs.sarif)]),
		{ label: S.history.deleteAsk, icon: "trash", rule: true, danger: true, disabled: ended ? undefined : S.history.running, go: () => void removal.remove([r]) },
	];
}
