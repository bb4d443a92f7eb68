// Numbers that are the same in every run of the same seed.
export function random(seed) {
	let a = 2166136261;
	for (const c of String(seed)) a = Math.imul(a ^ c.charCodeAt(0), 16777619);
	const next = () => {
		a = (a + 0x6d2b79f5) | 0;
		let t = Math.imul(a ^ (a >>> 15), 1 | a);
		t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
		return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
	};
	next.int = (low, high) => low + Math.floor(next() * (high - low + 1));
	next.of = (list) => list[Math.floor(next() * list.length)];
	return next;
}
