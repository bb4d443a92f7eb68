"use strict";

/* LIMIT requests a minute; 0: none at all may pass. */
function makeLimiter({ limit, clock = Date.now }) {
	let window = 0;
	let used = 0;

	return function allow() {
		const minute = Math.floor(clock() / 60_000);
		if (minute !== window) {
			window = minute;
			used = 0;
		}
		return used++ < limit;
	};
}

module.exports = { makeLimiter };
