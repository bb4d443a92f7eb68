/* Home: the question, what needs somebody, what runs, what ran. */
import { attention, type Attention } from "../app/attention";
import { now } from "../app/clock";
import { at, clock, count, fully, outcome, settled, when } from "../app/format";
import { useFrame } from "../app/frame";
import { launchUrl, open } from "../app/layers";
import { askPermission, mayOffer } from "../app/notices";
import { prefs } from "../app/prefs";
import { live, loadRuns, recent, runs } from "../app/runs";
import { useRetry } from "../app/retry";
import { S } from "../app/strings";
import { Button, LinkButton } from "../ui/button";
import { Chip } from "../ui/chip";
import { Glyph } from "../ui/glyph";
import { TroubleBox } from "../ui/trouble";
import { useListKeys } from "../ui/list";
import { Skeleton } from "../ui/skeleton";
import type { RunSummary } from "../wire/types";
import { Composer } from "./composer";
import "./home.css";

export function FlowSize({ run: r }: { run: RunSummary }) {
	return <span class="flow-size">{r.flow}<span> · {r.size}</span></span>;
}

export function When({ at: t }: { at: string | null }) {
	if (!t) return <span />;
	const ms = Date.parse(t);
	const utc = prefs.value.times === "utc";
	return <time dateTime={t} title={fully(ms, utc)}>{when(ms, Date.now(), utc)}</time>;
}

function Elapsed({ run: r }: { run: RunSummary }) {
	if (r.took_ms !== null) return <>{clock(r.took_ms)}</>;
	return <>{r.started ? clock(now.value - Date.parse(r.started)) : ""}</>;
}

function LiveRow({ run: r }: { run: RunSummary }) {
	return (
		<li class="row is-live">
			<Glyph name={r.status} beats={r.tokens_out ?? 0} />
			<a href={"/runs/" + r.id} class="row-main">
				<b class="clip">{r.question || r.title}</b>
				<span class="row-sub clip"><FlowSize run={r} /> · {at(r)} · {r.model}</span>
			</a>
			<span class="row-progress">
				<span class="num">{settled(r.agents)} of {r.agents.all} finished{r.agents.failed > 0 && <span class="is-failed tone"> · {r.agents.failed} failed</span>}</span>
				<Progress run={r} />
			</span>
			<span class="row-time num"><Elapsed run={r} /></span>
		</li>
	);
}

export function Progress({ run: r }: { run: RunSummary }) {
	const all = Math.max(1, r.agents.all);
	const bad = r.agents.failed;
	const good = settled(r.agents) - bad;
	return (
		<svg class="progress" viewBox={`0 0 ${all} 1`} preserveAspectRatio="none" role="img" aria-label={`${good + bad} of ${r.agents.all} agents finished`}>
			<rect class="progress-good" width={good} height="1" />
			<rect class="progress-bad" x={good} width={bad} height="1" />
		</svg>
	);
}

function RecentRow({ run: r }: { run: RunSummary }) {
	return (
		<li class="row">
			<Glyph name={r.status} />
			<a href={"/runs/" + r.id} class="row-main">
				<b class="clip">{r.question || r.title}</b>
				<span class="row-sub clip"><FlowSize run={r} /> · {outcome(r)}</span>
			</a>
			<span class="row-chips">{r.partial && r.status === "completed" && <Chip tone="attention">{S.words.partial}</Chip>}{r.resumed > 0 && <Chip>{S.words.resumed}</Chip>}</span>
			<span class="row-time num"><When at={r.started} /></span>
			<span class="row-time num is-took"><Elapsed run={r} /></span>
		</li>
	);
}

export function AttentionRow({ of: a }: { of: Attention }) {
	const retry = useRetry();
	if (!a.run)
		return (
			<li class="row">
				<Glyph name="attention" />
				<a href={a.href} class="row-main"><b class="clip">{S.home.notReady}</b><span class="row-sub clip">{a.text}</span></a>
				<LinkButton small href={a.href}>{S.words.openDoctor}</LinkButton>
			</li>
		);
	return (
		<li class="row">
			<Glyph name={a.kind === "failed" ? "failed" : "attention"} />
			<a href={a.href} class="row-main">
				<b class="clip">{a.run.question || a.run.title}</b>
				<span class="row-sub clip"><FlowSize run={a.run} /> · <span class={"tone is-" + (a.kind === "failed" ? "failed" : "attention")}>{a.kind === "failed" ? outcome(a.run) : S.home.still}</span></span>
			</a>
			<span class="row-chips" />
			<span class="row-time num"><When at={a.run.started} /></span>
			{a.kind === "failed" ? <Button small disabled={retry.busy} onClick={() => void retry.failed(a.run!)}>{S.home.retryFailed}</Button> : <LinkButton small href={a.href}>{S.words.open}</LinkButton>}
		</li>
	);
}

function Nothing() {
	return (
		<div class="empty">
			<p><b>{S.words.noRuns}</b> {S.home.begin}</p>
			<pre class="line"><code>tutti run research "polling or webhooks?"</code></pre>
			<LinkButton href={launchUrl()} onClick={(e) => { e.preventDefault(); open("launch"); }}>{S.run.flow}</LinkButton>
		</div>
	);
}

export function Home() {
	useFrame({ title: "", crumbs: [] }, []);
	const list = useListKeys();
	const r = runs.value;
	const needs = attention.value;
	const ended = recent.value.slice(0, 12);
	return (
		<div class="page home">
			<h1 class="vh">{S.nav.home}</h1>
			<Composer focus />
			<div ref={list} class="home-lists">
				{needs.length > 0 && (
					<section aria-labelledby="needs">
						<h2 id="needs" class="list-head">{S.attention} <span>{needs.length}</span></h2>
						<ul class="rows">{needs.slice(0, 5).map((a) => <AttentionRow key={a.id + a.kind} of={a} />)}</ul>
						{needs.length > 5 && <p><Button kind="quiet" small onClick={() => open("attention")}>{count(needs.length - 5, "more", "more")}</Button></p>}
					</section>
				)}
				{live.value.length > 0 && (
					<section aria-labelledby="live">
						<div class="list-head">
							<h2 id="live">{S.home.live} <span>{live.value.length}</span></h2>
							{mayOffer() && <Button kind="quiet" small icon="bell" onClick={() => void askPermission()}>{S.home.notify(live.value.length)}</Button>}
						</div>
						<ul class="rows">{live.value.map((x) => <LiveRow key={x.id} run={x} />)}</ul>
					</section>
				)}
				{r.error && !r.loaded ? <TroubleBox trouble={r.error} retry={loadRuns} /> : null}
				{!r.loaded && !r.error && <Skeleton rows={6} />}
				{ended.length > 0 && (
					<section aria-labelledby="recent">
						<h2 id="recent" class="list-head">{S.nav.recent} <a href="/runs">{S.home.all}</a></h2>
						<ul class="rows">{ended.map((x) => <RecentRow key={x.id} run={x} />)}</ul>
					</section>
				)}
				{r.loaded && r.items.length === 0 && <Nothing />}
			</div>
		</div>
	);
}
