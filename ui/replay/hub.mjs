// What a tab follows, as frames: the same ones the daemon's hub sends, at the same pace.
export class Tab {
	constructor(world, send) {
		this.world = world;
		this.send = send;
		this.list = false;
		this.subs = new Map(); // run → {seq, beats}
		this.watches = [];
		this.told = new Map();
		send({ t: "hello", version: "0.1.0", build: "replay", time: new Date().toISOString(), heartbeat_ms: 5000 });
		this.slow = setInterval(() => this.rows(), 250);
		this.fast = setInterval(() => this.text(), 50);
	}
	close() {
		clearInterval(this.slow);
		clearInterval(this.fast);
	}
	frame(f) {
		switch (f.t) {
			case "ping": return this.send({ t: "pong", id: f.id, time: new Date().toISOString() });
			case "list": this.list = true; return;
			case "unlist": this.list = false; return;
			case "sub": return this.sub(f);
			case "unsub": return void this.subs.delete(f.run);
			case "watch": return this.watch(f);
			case "unwatch": this.watches = this.watches.filter((w) => w.run !== f.run || w.step !== f.step);
		}
	}
	sub(f) {
		const run = this.world.run(f.run);
		if (!run) return this.send({ t: "error", error: { code: "not_found", what: `there is no run "${f.run}"` } });
		const s = { seq: f.after, beats: new Map(), over: run.over };
		this.subs.set(f.run, s);
		if (f.after === 0 || f.epoch !== "e-replay") {
			this.send({ t: "snap", run: run.document() });
			s.seq = run.seq;
		} else this.events(f.run, run, s);
	}
	events(id, run, s) {
		if (run.seq === s.seq) return;
		this.send({ t: "ev", run: id, after: s.seq, seq: run.seq, items: run.log.filter((e) => e.seq > s.seq) });
		s.seq = run.seq;
	}
	rows() {
		for (const [id, s] of this.subs) {
			const run = this.world.run(id);
			if (!run) continue;
			this.events(id, run, s);
			const rows = [];
			for (const a of run.agents) {
				const mark = `${a.beats} ${a.condition} ${a.status}`;
				if (s.beats.get(a.spec.step) === mark) continue;
				s.beats.set(a.spec.step, mark);
				rows.push({ step: a.spec.step, activity: a.activity, condition: a.condition, tokens: a.tokens, beats: a.beats, last: a.last });
			}
			if (rows.length) this.send({ t: "tail", run: id, rows });
			if (run.over && !s.over) {
				s.over = true;
				this.send({ t: "report", run: id });
			}
		}
		if (!this.list) return;
		const items = [];
		for (const id of this.world.ids()) {
			const run = this.world.run(id);
			const mark = run.over ? "over " + run.status : String(Math.floor(run.seq / 8));
			if (this.told.get(id) === mark) continue;
			if (this.told.has(id) || !run.over) items.push(run.summary());
			this.told.set(id, mark);
		}
		if (items.length) this.send({ t: "runs", items });
	}
	agent(w) {
		return this.world.run(w.run)?.by.get(w.step);
	}
	watch(f) {
		this.watches = this.watches.filter((w) => w.run !== f.run || w.step !== f.step);
		if (this.watches.length === 2) this.watches.shift();
		const w = { run: f.run, step: f.step, attempt: f.attempt, end: f.off, block: f.block, now: 0, running: null };
		this.watches.push(w);
		this.pass(w, true);
	}
	pass(w, first) {
		const a = this.agent(w);
		if (!a) return;
		if (w.now !== a.epoch) {
			if (w.now !== 0) [w.end, w.block] = [0, 0];
			w.now = a.epoch;
			w.running = null;
		}
		if (w.attempt && w.attempt !== a.epoch) return;
		const changed = a.blocks.filter((b) => b.n > w.block || b.n === w.running);
		const items = first ? changed.slice(-200) : changed.filter((b) => b.n > w.block || b.state !== "running");
		if (items.length || first) this.send({ t: "blocks", run: w.run, step: w.step, attempt: a.epoch, first: items[0]?.n ?? 0, items });
		w.block = a.blocks.length;
		w.running = a.blocks.findLast((b) => b.state === "running")?.n ?? null;
		for (const b of items) if (b.type === "message") w.end = Math.max(w.end, b.to);
		if (a.bytes <= w.end) return;
		const s = a.bytes === w.end ? "" : Buffer.from(a.text.slice(a.open)).subarray(w.end - a.openBytes).toString();
		if (s) this.send({ t: "text", run: w.run, step: w.step, attempt: a.epoch, off: w.end, s });
		w.end = a.bytes;
	}
	text() {
		for (const w of this.watches) this.pass(w, false);
	}
}
