/* The frame around every page: header, rail or bottom bar, main, and what lies above all of it. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Button, IconButton, LinkButton } from "../ui/button";
import { Confirms } from "../ui/dialog";
import { Glyph } from "../ui/glyph";
import { Icon, type IconName } from "../ui/icon";
import { tip } from "../ui/tip";
import { Toasts } from "../ui/toast";
import { Bars } from "./bars";
import { frame, useFrame } from "./frame";
import { hint } from "./keys";
import { launchUrl, layer, open, Layers } from "./layers";
import { Pill } from "./pill";
import { route, visits, type PageName } from "./router";
import { live, recent } from "./runs";
import { attention } from "./attention";
import { S } from "./strings";

const places: { page: PageName; href: string; icon: IconName; label: string; command?: string }[] = [
	{ page: "home", href: "/", icon: "home", label: S.nav.home, command: "home" },
	{ page: "runs", href: "/runs", icon: "runs", label: S.nav.runs, command: "runs" },
	{ page: "flows", href: "/flows", icon: "flows", label: S.nav.flows, command: "flows" },
	{ page: "agents", href: "/agents", icon: "agents", label: S.nav.agents, command: "agents" },
	{ page: "settings", href: "/settings", icon: "settings", label: S.nav.settings },
];

function isHere(page: PageName): "page" | "true" | undefined {
	const p = route.value.page;
	if (p === page) return "page";
	if ((page === "runs" && (p === "run" || p === "compare")) || (page === "flows" && p === "flow")) return "true";
	return undefined;
}

function Rail() {
	const n = live.value.length;
	return (
		<nav class="rail" aria-label={S.nav.main}>
			<ul>
				{places.map((p) => (
					<li key={p.page}>
						<a href={p.href} aria-current={isHere(p.page)} {...tip(p.label, p.command)}>
							<Icon name={p.icon} />
							<span class="rail-label">{p.label}</span>
							{p.page === "runs" && n > 0 && <span class="rail-count"><span class="vh">{S.shell.live} </span>{n}</span>}
						</a>
					</li>
				))}
			</ul>
			{recent.value.length > 0 && (
				<section class="rail-recent" aria-labelledby="rail-recent">
					<h2 id="rail-recent">{S.nav.recent}</h2>
					<ul>
						{[...live.value, ...recent.value].slice(0, 8).map((r) => (
							<li key={r.id}>
								<a href={"/runs/" + r.id} aria-current={route.value.page === "run" && r.id.startsWith(route.value.id) ? "page" : undefined} title={r.question}>
									<Glyph name={r.status} size={12} />
									<span class="rail-label">{r.question || r.title}</span>
								</a>
							</li>
						))}
					</ul>
				</section>
			)}
		</nav>
	);
}

function BottomBar() {
	const item = (page: PageName) => {
		const p = places.find((x) => x.page === page)!;
		return (
			<a key={page} href={p.href} aria-current={isHere(page)}>
				<Icon name={p.icon} size={20} />
				<span>{p.label}</span>
			</a>
		);
	};
	return (
		<nav class="bottom" aria-label={S.nav.main}>
			{item("home")}
			{item("runs")}
			<a href={launchUrl()} class="bottom-new" aria-label={S.run.flow} onClick={(e) => { e.preventDefault(); open("launch"); }}>
				<Icon name="plus" size={20} />
			</a>
			{item("flows")}
			<button type="button" aria-haspopup="dialog" onClick={() => open("more")}>
				<Icon name="more" size={20} />
				<span>{S.nav.more}</span>
			</button>
		</nav>
	);
}

function Crumbs() {
	const c = frame.value.crumbs;
	if (c.length < 2) return null; /* the heading says it */
	const up = c.length > 1 ? c[c.length - 2] : undefined;
	return (
		<nav class="crumbs" aria-label={S.shell.path}>
			{up?.href && <a class="crumb-up" href={up.href}><Icon name="left" />{up.label}</a>}
			<ol>
				{c.map((x, i) => (
					<li key={x.label}>{x.href && i < c.length - 1 ? <a href={x.href}>{x.label}</a> : <span>{x.label}</span>}</li>
				))}
			</ol>
		</nav>
	);
}

function Flag() {
	const n = attention.value.length;
	if (n === 0) return null;
	return (
		<button type="button" class="flag" aria-haspopup="dialog" {...tip(S.attention)} onClick={() => open("attention")}>
			<Icon name="flag" />
			{n}
			<span class="vh">{S.attention.toLowerCase()}</span>
		</button>
	);
}

function Header() {
	const f = frame.value;
	return (
		<header class="top">
			<a class="brand" href="/" aria-label={S.app + ", " + S.nav.home}>{S.app}</a>
			<Crumbs />
			{f.short && <div class="top-short">{f.short}</div>}
			<div class="top-end">
				<button type="button" class="search" aria-haspopup="dialog" onClick={() => open("palette")}>
					<Icon name="search" />
					<span>{S.search}</span>
					<kbd aria-hidden="true">{hint("palette")}</kbd>
				</button>
				<Pill />
				<Flag />
				{f.actions && <div class="top-actions">{f.actions}</div>}
				<IconButton class="top-help" icon="help" label={S.shell.help} command="help" onClick={() => open("keys")} />
				<LinkButton class="top-new" kind={route.value.page === "home" || route.value.page === "new" || route.value.page === "run" ? "plain" : "filled"} href={launchUrl()} command="new" onClick={(e: MouseEvent) => {
					if (e.metaKey || e.ctrlKey) return;
					e.preventDefault();
					open("launch");
				}}>{S.run.flow}</LinkButton>
			</div>
		</header>
	);
}

/* A new page takes the focus to its heading, so that reading goes on there. */
function useArrival(): void {
	const before = useRef(visits.value);
	const visit = visits.value;
	useEffect(() => {
		if (before.current === visit) return;
		before.current = visit;
		const from = document.activeElement;
		let last: HTMLElement | null = null;
		let frames = 0;
		let same = 0;
		let over = false;
		/* The page may still be loading, and the old one be there for a moment. Who moved on meanwhile is left alone. */
		const look = (): void => {
			if (over) return;
			const h = document.querySelector<HTMLElement>("#main h1");
			const at = document.activeElement;
			same = h === last ? same + 1 : 0;
			if (h && same === 0 && (at === from || at === document.body || at === last || !at)) {
				h.tabIndex = -1;
				h.focus({ preventScroll: true });
			}
			last = h;
			if ((!h || same < 20) && ++frames < 300) requestAnimationFrame(look);
		};
		if (!layer.value) requestAnimationFrame(look);
		return () => {
			over = true;
		};
	}, [visit]);
}

export function Shell({ children }: { children: ComponentChildren }) {
	useArrival();
	const embed = route.value.query.get("embed") === "1";
	return (
		<>
			<div class={"shell" + (embed ? " is-embedded" : "")}>
				<a class="skip" href="#main" onClick={(e) => { e.preventDefault(); document.getElementById("main")?.focus(); }}>{S.skip}</a>
				{!embed && <Header />}
				{!embed && <Rail />}
				<main id="main" tabIndex={-1}>
					<Bars />
					{children}
				</main>
				{!embed && <BottomBar />}
			</div>
			<Layers />
			<Confirms />
			<Toasts />
		</>
	);
}

export function Missing() {
	useFrame({ title: S.shell.notFound, crumbs: [] }, []);
	return (
		<div class="page is-narrow">
			<h1>{S.shell.nothing}</h1>
			<p class="lead"><code>{route.value.path}</code></p>
			<p><LinkButton href="/runs">{S.nav.runs}</LinkButton> <Button kind="quiet" onClick={() => open("palette")}>{S.search}</Button></p>
		</div>
	);
}
