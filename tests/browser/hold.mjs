// Things that have to hold. TESTS: name to what throws when it does not. Prints "ok NAME" or "not ok NAME: why" for each
// whose name contains ONLY, and how long it took; LANES of them at a time, since what a page waits for comes late when
// there are more of them than a machine has processors for.
export async function hold(tests, only, lanes) {
	const left = Object.entries(tests).filter(([name]) => name.includes(only));
	const one = async ([name, fn]) => {
		const from = Date.now();
		try {
			await fn();
			console.log(`ok ${name}`);
		} catch (e) {
			console.log(`not ok ${name}: ${String(e.message).split("\n").slice(0, 8).join(" | ")}`);
		}
		console.log(`# ${Date.now() - from} ms`);
	};
	const lane = async () => {
		while (left.length) await one(left.shift());
	};
	await Promise.all(Array.from({ length: lanes }, lane));
}
