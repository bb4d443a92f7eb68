/*
 * The only door for markup. The page's policy refuses every string that did not pass it, and what
 * passes is what the server rendered: its renderer writes the tags, never the agent whose text it is.
 */
interface Policy {
	createHTML(s: string): string;
	createScriptURL(s: string): string;
}
declare global {
	interface Window {
		trustedTypes?: { createPolicy(name: string, of: Policy): Policy };
	}
}

const rules: Policy = {
	createHTML: (s) => s,
	createScriptURL: (s) => {
		const url = new URL(s, location.href);
		if (url.origin !== location.origin || !url.pathname.startsWith("/assets/")) throw new TypeError("not a script of ours");
		return url.href;
	},
};
const policy: Policy = typeof window !== "undefined" && window.trustedTypes ? window.trustedTypes.createPolicy("tutti", rules) : rules;

/* For dangerouslySetInnerHTML: HTML as the server rendered it. */
export function serverHtml(s: string): { __html: string } {
	return { __html: policy.createHTML(s) };
}

export function ownWorker(url: string): Worker {
	return new Worker(policy.createScriptURL(url), { type: "module" });
}
