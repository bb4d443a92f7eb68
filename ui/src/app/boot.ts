/* What the server wrote into the page before any script ran: the report of the run it is about. */
let report: { path: string; html: DocumentFragment } | null = null;

/* Takes what stands in MAIN away, so that the page can be built there. */
export function takeServed(main: Element): void {
	if (!main.firstElementChild) return;
	const html = document.createDocumentFragment();
	html.append(...main.childNodes);
	report = { path: location.pathname, html };
}

/* The report as it was served with the page at PATH; once, then it is the caller's. */
export function servedReport(path: string): DocumentFragment | null {
	if (report?.path !== path) return null;
	const html = report.html;
	report = null;
	return html;
}
