export function LaunchDialog() {
	return null;
}
