/* Whether the daemon is out of reach. What a page shows is then as old as what it said last. */
import { computed } from "@preact/signals";
import { wire } from "../wire/socket";
import { now } from "./clock";

export const away = computed(() => {
	const { state } = wire.connection.value;
	return state === "reconnecting" || state === "offline";
});

/* ms since 1970, of what is shown; 0: it is as it is now */
export const oldAt = computed(() => (away.value ? wire.connection.value.heard || wire.connection.value.since : 0));

/* The time that counts for what is shown: it stands still with it. */
export const shownAt = computed(() => oldAt.value || now.value);
