/*
 * The same by hand on PostgreSQL, as many would begin: rows that are claimed with SKIP LOCKED, in batches, and a
 * NOTIFY that wakes the worker. The end of a step and the readiness of the next are one statement.
 */
import pg from "pg";

const BATCH = 20;
const SCHEMA = `
CREATE TABLE IF NOT EXISTS runs (id bigint PRIMARY KEY, status text NOT NULL, steps int NOT NULL);
CREATE TABLE IF NOT EXISTS steps (run bigint NOT NULL, n int NOT NULL, status text NOT NULL, output jsonb,
	PRIMARY KEY (run, n));
CREATE INDEX IF NOT EXISTS steps_ready ON steps (run, n) WHERE status = 'ready'`;
const CREATE = `WITH r AS (INSERT INTO runs VALUES ($1, 'running', $2)), n AS (SELECT pg_notify('steps', ''))
	INSERT INTO steps SELECT $1, 0, 'ready' FROM n`;
const CLAIM = `UPDATE steps SET status = 'running' WHERE (run, n) IN (SELECT run, n FROM steps
	WHERE status = 'ready' LIMIT ${BATCH} FOR UPDATE SKIP LOCKED) RETURNING run, n`;
const NEXT = `WITH e AS (UPDATE steps SET status = 'completed', output = $3 WHERE run = $1 AND n = $2),
	n AS (SELECT pg_notify('steps', '')) INSERT INTO steps SELECT $1, $2 + 1, 'ready' FROM n`;
const LAST = `WITH e AS (UPDATE steps SET status = 'completed', output = $3 WHERE run = $1 AND n = $2)
	UPDATE runs SET status = 'completed' WHERE id = $1`;

export async function open({ url, work, steps }) {
	const pool = new pg.Pool({ connectionString: url, max: 10 });
	const ear = new pg.Client({ connectionString: url });
	const lengths = new Map();
	const waiting = new Map();
	let claiming = false;
	let again = false;

	await pool.query(SCHEMA);
	await ear.connect();
	ear.on("notification", () => void claim());
	await ear.query("LISTEN steps");

	async function attempt({ run, n }) {
		const id = Number(run);
		const output = JSON.stringify(await work(id, n));
		const last = n + 1 >= (lengths.get(id) ?? steps);

		await pool.query({ name: last ? "last" : "next", text: last ? LAST : NEXT, values: [run, n, output] });
		if (!last) return;
		lengths.delete(id);
		waiting.get(id)?.();
		waiting.delete(id);
	}

	async function claim() {
		again = true;
		if (claiming) return;
		claiming = true;
		while (again) {
			again = false;
			const { rows } = await pool.query({ name: "claim", text: CLAIM });

			for (const row of rows) void attempt(row);
			if (rows.length === BATCH) again = true;
		}
		claiming = false;
	}

	function begin(run, length) {
		return new Promise((resolve, reject) => {
			lengths.set(run, length);
			waiting.set(run, resolve);
			pool.query({ name: "create", text: CREATE, values: [run, length] }).catch(reject);
		});
	}

	return {
		chain: (run) => begin(run, steps),
		job: (run) => begin(run, 1),
		launch: (run) => pool.query({ name: "create", text: CREATE, values: [run, steps] }),
		async recover() {
			await pool.query("UPDATE steps SET status = 'ready' WHERE status = 'running'");
			void claim();
		},
		unfinished: async () =>
			Number((await pool.query("SELECT count(*) FROM runs WHERE status = 'running'")).rows[0].count),
		async close() {
			await ear.end();
			await pool.end();
		},
	};
}
