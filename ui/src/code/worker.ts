/*
 * Grammars, and nothing else, in a thread of their own: what is read was written by anybody, and an expression
 * that never ends must not hold up the page. The page ends the thread when it takes too long.
 */
import hljs from "highlight.js/lib/core";
import bash from "highlight.js/lib/languages/bash";
import c from "highlight.js/lib/languages/c";
import cpp from "highlight.js/lib/languages/cpp";
import diff from "highlight.js/lib/languages/diff";
import go from "highlight.js/lib/languages/go";
import ini from "highlight.js/lib/languages/ini";
import java from "highlight.js/lib/languages/java";
import javascript from "highlight.js/lib/languages/javascript";
import json from "highlight.js/lib/languages/json";
import python from "highlight.js/lib/languages/python";
import rust from "highlight.js/lib/languages/rust";
import typescript from "highlight.js/lib/languages/typescript";
import xml from "highlight.js/lib/languages/xml";
import yaml from "highlight.js/lib/languages/yaml";
import type { Language } from "./languages";
import { flatten, type Found, type Token } from "./tokens";

const grammars: Record<Language, typeof c> = { bash, c, cpp, diff, go, ini, java, javascript, json, python, rust, typescript, xml, yaml };

for (const [name, grammar] of Object.entries(grammars))
	hljs.registerLanguage(name, grammar);

/* Its tree is taken, never its markup. */
export function tokensOf(code: string, language: Language): Token[] {
	const result = hljs.highlight(code, { language, ignoreIllegals: true });

	return flatten((result as unknown as { _emitter: { rootNode: Found } })._emitter.rootNode);
}

export interface Asked {
	code: string;
	language: Language;
}

if (typeof self !== "undefined" && "postMessage" in self)
	self.onmessage = (e: MessageEvent<Asked>) => self.postMessage(tokensOf(e.data.code, e.data.language));
