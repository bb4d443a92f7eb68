export interface Accounts {
	load(name: string): Promise<number>;
	save(name: string, cents: number): Promise<void>;
}

export class Wallet {
	private served = 0;

	constructor(private readonly accounts: Accounts) {}

	/** Requests of the same customer may overlap. */
	async pay(name: string, cents: number): Promise<boolean> {
		if (!Number.isSafeInteger(cents) || cents <= 0) {
			return false;
		}
		const balance = await this.accounts.load(name);
		if (balance < cents) {
			return false;
		}
		await this.accounts.save(name, balance - cents);
		this.served = this.served + 1;
		return true;
	}

	/** How many payments went through since the start. */
	get payments(): number {
		return this.served;
	}
}
