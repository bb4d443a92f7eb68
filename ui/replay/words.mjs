// What simulated agents write about. Sentences with places in them, some of them not ASCII.
export const files = [
	"src/engine/apply.c", "src/engine/engine.c", "src/store/thread.c", "src/store/sqlite.c", "src/worker/attempt.c", "src/worker/slots.c",
	"src/gateway/lane.c", "src/gateway/serve.c", "src/core/step.c", "src/core/ready.c", "src/sandbox/spawn.c", "src/cli/house.c",
];
export const patterns = ["pthread_mutex_lock", "uv_async_send", "commit", "goto out", "lease", "retry", "on_over", "MUST_CHECK"];
export const sentences = [
	"The dispatcher takes the run's lock before it asks the store, and keeps it while the row is written",
	"Nothing between these two lines needs it: the row is owned by the job already",
	"The store thread is the only writer, so the second lock orders nothing that is not ordered by the queue",
	"A claim that fails is offered again; the lease runs out after thirty seconds and nobody else renews it",
	"Group commit hides the cost while there are few runs – with a hundred it is the longest wait in the chain",
	"The comment says the opposite of what the code does since the handler was split",
	"Two paths reach this function with the lock held and one without; the assertion covers only the first",
	"I looked for a reader that would see the half-written state and found none in this directory",
	"What is left is the shutdown: there the order is reversed, and `close` waits for a thread that waits for it",
	"This is measured in the bench (“a chain of 200 code steps”), so a change would be visible there",
	"The error path frees the arena twice only if the spawn failed after the socket was bound",
	"Naïve readers expect the timer to be stopped here; it is, but by its owner two levels above",
];
// What stands in their files, over and over.
export const code = [
	"/* Claims the next job of RUN, or says when to ask again. */", "static int claim(struct store *s, int64_t run, struct job *ret)", "{", "\tstruct query q = sql_query(s,",
	"\t    \"UPDATE jobs SET owner = ?1 WHERE run = ?2 AND owner IS NULL\");", "", "\tsql_int(&q, s->node);", "\tif (sql_step(&q) != 1) // nobody has one", "\t\treturn -EAGAIN;",
	"\tret->lease = clock_now() + 30000;", "\treturn sql_done(&q, 0);", "}", "",
];
export const labels = [
	"Structure", "Behaviour", "Concurrency", "Security", "Data", "Operations", "On call", "Map", "Interfaces", "Errors", "Memory", "Start-up",
	"Shut-down", "Tests", "Documentation", "Naming", "Limits", "Configuration", "Upgrade", "Observability",
];
