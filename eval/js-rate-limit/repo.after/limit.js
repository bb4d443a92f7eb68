"use strict";

/* options.limit requests a minute (100); 0: none at all may pass. options.name: for messages. */
function makeLimiter(options = {}) {
	const limit = options.limit || 100;
	const name = options.name || "limiter";
	const clock = options.clock ?? Date.now;
	let window = 0;
	let used = 0;

	return function allow() {
		const minute = Math.floor(clock() / 60_000);
		if (minute !== window) {
			if (used > limit) console.log(`${name}: ${used - limit} refused`);
			window = minute;
			used = 0;
		}
		return used++ < limit;
	};
}

module.exports = { makeLimiter };
