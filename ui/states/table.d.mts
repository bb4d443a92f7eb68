export interface Cell {
	part: string;
	state: string;
	see: string | string[];
}
export const COLUMNS: string[];
export const table: Record<string, Record<string, Omit<Cell, "part" | "state"> | null>>;
export const cells: Cell[];
