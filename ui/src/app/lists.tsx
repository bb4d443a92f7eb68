export function AttentionList() {
	return null;
}
export function MoreSheet() {
	return null;
}
