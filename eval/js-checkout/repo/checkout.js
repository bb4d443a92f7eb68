"use strict";

class Checkout {
	constructor(store, metrics) {
		this.store = store; // every method returns a promise
		this.metrics = metrics;
	}

	/* Answers only once the order is safe. */
	async place(order) {
		if (!Array.isArray(order.items) || order.items.length === 0) {
			return { status: 400, body: "an order has items" };
		}
		const id = await this.store.nextId();
		this.store.save({ ...order, id });
		this.metrics.count("orders").catch(() => {});
		return { status: 201, body: String(id) };
	}

	async cancel(id) {
		const order = await this.store.load(id);
		if (!order || order.shipped) {
			return { status: 409, body: "it cannot be cancelled any more" };
		}
		await this.store.save({ ...order, cancelled: true });
		return { status: 200, body: "cancelled" };
	}
}

module.exports = { Checkout };
