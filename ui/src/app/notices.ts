/* Notifications of the browser, for runs that end while nobody looks. */
export function startNotices(): void {}
