/*
 * What somebody writes who needs no engine: better-sqlite3, two tables, a loop. Every start and every end of a step
 * is a commit of its own.
 */
import Database from "better-sqlite3";

const SCHEMA = `
CREATE TABLE IF NOT EXISTS runs (id INTEGER PRIMARY KEY, status TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS steps (run INTEGER NOT NULL, n INTEGER NOT NULL, status TEXT NOT NULL, output TEXT,
	PRIMARY KEY (run, n)) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS runs_open ON runs (id) WHERE status = 'running'`;

/* Changes that COMMIT takes become durable: one at a time, or with all others of this turn of the loop. */
function oneByOne(db) {
	const begin = db.prepare("BEGIN IMMEDIATE");
	const commit = db.prepare("COMMIT");

	return async (...changes) => {
		for (const change of changes) {
			begin.run();
			change();
			commit.run();
		}
	};
}

export function grouped(db) {
	const begin = db.prepare("BEGIN IMMEDIATE");
	const commit = db.prepare("COMMIT");
	let waiting = [];

	function flush() {
		const now = waiting;

		waiting = [];
		begin.run();
		for (const { changes } of now) for (const change of changes) change();
		commit.run();
		for (const { resolve } of now) resolve();
	}
	return (...changes) =>
		new Promise((resolve) => {
			if (!waiting.length) setImmediate(flush);
			waiting.push({ changes, resolve });
		});
}

export async function open({ dir, work, steps, fan }, commits = oneByOne) {
	const db = new Database(`${dir}/sqlite.db`);

	db.pragma("journal_mode = WAL");
	db.pragma("synchronous = FULL");
	db.pragma("wal_autocheckpoint = 4000");
	db.exec(SCHEMA);
	const insert = db.prepare("INSERT INTO runs VALUES (?, 'running')");
	const status = db.prepare("UPDATE runs SET status = 'completed' WHERE id = ?");
	const started = db.prepare("INSERT OR REPLACE INTO steps (run, n, status) VALUES (?, ?, 'running')");
	const ended = db.prepare("UPDATE steps SET status = 'completed', output = ? WHERE run = ? AND n = ?");
	const commit = commits(db);

	const create = (run) => () => insert.run(run);
	const finish = (run) => () => status.run(run);
	const start = (run, n) => () => started.run(run, n);
	const end = (run, n, output) => () => ended.run(JSON.stringify(output), run, n);

	async function go(run, from, last) {
		for (let n = from; n < last; n++) {
			const output = await work(run, n);
			await commit(end(run, n, output), n + 1 < last ? start(run, n + 1) : finish(run));
		}
	}

	async function part(run, n) {
		await commit(start(run, n));
		await commit(end(run, n, await work(run, n)));
	}

	return {
		async chain(run) {
			await commit(create(run), start(run, 0));
			await go(run, 0, steps);
		},
		async job(run) {
			await commit(create(run), start(run, 0));
			await go(run, 0, 1);
		},
		async fan(run) {
			await commit(create(run), start(run, 0));
			await commit(end(run, 0, await work(run, 0)));
			await Promise.all(Array.from({ length: fan }, (_, i) => part(run, i + 1)));
			await commit(start(run, fan + 1));
			await commit(end(run, fan + 1, await work(run, fan + 1)), finish(run));
		},
		recover() {
			const rows = db
				.prepare(
					`SELECT id, (SELECT count(*) FROM steps WHERE run = id AND status = 'completed') AS n
					FROM runs WHERE status = 'running'`,
				)
				.all();

			for (const { id, n } of rows)
				commit(start(id, n)).then(() => (n < steps ? go(id, n, steps) : commit(finish(id))));
		},
		unfinished: () => db.prepare("SELECT count(*) AS n FROM runs WHERE status = 'running'").get().n,
		close: () => db.close(),
	};
}
