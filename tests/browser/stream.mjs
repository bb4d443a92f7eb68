// A stream in the page, held against what the daemon's log has of it.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";

export const box = (page) => page.locator(".well-scroll");
// What a reader looks at: the first item in view and where it stands.
export const seen = (page) => box(page).evaluate((e) => {
	const at = e.getBoundingClientRect().top;
	const b = [...e.querySelectorAll(".block, .tail")].find((x) => x.getBoundingClientRect().bottom > at + 1);
	return { key: b.dataset.key ?? "tail", y: Math.round(b.getBoundingClientRect().top - at), all: e.scrollHeight };
});

const letters = (s) => s.replace(/[^\p{L}\p{N}]/gu, "");
const sum = (s) => createHash("sha256").update(s).digest("hex").slice(0, 16);

// What the log has of an attempt's messages, and what the page shows of them, tail included.
async function written(house, run, step, attempt) {
	const log = (await house.ask(`/runs/${run}/events?after=0&step=${step}`, "application/x-ndjson")).trim().split("\n").map((l) => JSON.parse(l));
	const text = log.filter((e) => e.type === "text" && e.data.step === step && e.data.epoch === attempt).map((e) => e.data.text).join("");
	return letters(text.replace(/^\s*\d+\. /gm, "")); // numbers of lists are no text of a page
}
const shown = (page) => page.evaluate(() => [...document.querySelectorAll(".well-scroll .block.is-message, .well-scroll .tail")].map((b) => b.textContent).join(""));

// Waits until they are the same; the number of letters.
export async function same(page, house, run, step, attempt) {
	let got = "", want = "";
	for (let i = 0; i < 60; i++) {
		[got, want] = [letters(await shown(page)), await written(house, run, step, attempt)];
		if (got === want) break;
		await page.waitForTimeout(250);
	}
	assert.equal(sum(got), sum(want), `${step}, attempt ${attempt}: ${got.length} letters on the page, ${want.length} in the log`);
	return want.length;
}
