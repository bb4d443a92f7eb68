/* What the house itself has to say: whether it is well, what is in it, who asks. */
#include "api/doctor.h"
#include "api/priv.h"

#include <unistd.h>

/* --- signs of life ------------------------------------------------------------------------ */

void get_healthz(struct call *c)
{
	bool well = !c->api->draining;

	c->status = well ? 200 : 503;
	call_json(c, json_pack("{s:s, s:s}", "status", well ? "ok" : "draining", "version",
			 c->api->config.version));
}

static void add_metric(struct buf *b, const char *name, const char *type, const char *help)
{
	buf_printf(b, "# HELP tutti_%s %s\n# TYPE tutti_%s %s\n", name, help, name, type);
}

/* Words of ours; quotes would be a mistake, and are not passed on. */
static void add_sample(
    struct buf *b, const char *name, const char *label, struct str word, long long n)
{
	buf_printf(b, "tutti_%s{%s=\"", name, label);
	for (size_t i = 0; i < word.n; i++)
		if (word.p[i] != '"' && word.p[i] != '\\' && word.p[i] >= ' ')
			buf_addc(b, word.p[i]);
	buf_printf(b, "\"} %lld\n", n);
}

struct measured {
	uint64_t commits;
	long long busy, uptime;
	struct buf b;
};

static void add_states(struct buf *b, const struct count_row *rows, size_t n, const char *what,
    const char *name, const char *label, bool waiting)
{
	for (size_t i = 0; i < n; i++) {
		bool waits = str_is(rows[i].state, "ready") || str_is(rows[i].state, "claimed");

		if (str_is(rows[i].what, what) && waits == waiting)
			add_sample(b, name, label, rows[i].state, rows[i].n);
	}
}

static void add_counts(struct buf *b, const struct count_row *rows, size_t n)
{
	add_metric(b, "runs", "gauge", "Runs in the store, by status.");
	add_states(b, rows, n, "runs", "runs", "status", false);
	add_metric(b, "attempts_total", "counter", "Attempts in the store, by how they ended.");
	add_states(b, rows, n, "tasks", "attempts_total", "ending", false);
	add_metric(b, "queue", "gauge", "Attempts that wait (ready) or are at work (claimed).");
	add_states(b, rows, n, "tasks", "queue", "state", true);
	add_metric(b, "tokens_total", "counter", "Tokens of all runs in the store.");
	add_states(b, rows, n, "tokens", "tokens_total", "direction", false);
}

static void add_house(struct buf *b, const struct measured *m, const char *version)
{
	add_metric(b, "commits_total", "counter", "Commits of the store since the start.");
	buf_printf(b, "tutti_commits_total %llu\n", (unsigned long long)m->commits);
	add_metric(b, "busy", "gauge", "Attempts at work in this process.");
	buf_printf(b, "tutti_busy %lld\n", m->busy);
	add_metric(b, "uptime_seconds", "gauge", "Since the start.");
	buf_printf(b, "tutti_uptime_seconds %lld\n", m->uptime);
	add_metric(b, "build_info", "gauge", "The version that runs.");
	add_sample(b, "build_info", "version", str_from(version), 1);
}

static int read_counts(struct call *c, struct store *s)
{
	const struct measured *m = c->own;
	struct count_row *rows;
	struct buf b;
	size_t n;
	int rc = s->ops->counts(s, c->a, &rows, &n);

	buf_init(&b, KIB(64));
	if (!rc)
		add_counts(&b, rows, n);
	add_house(&b, m, c->api->config.version);
	c->text = arena_dup(c->a, buf_str(&b));
	c->type = "text/plain; version=0.0.4; charset=utf-8";
	buf_fini(&b);
	return rc;
}

void get_metrics(struct call *c)
{
	const struct api_config *conf = &c->api->config;
	struct measured *m = arena_new(c->a, struct measured);

	*m = (struct measured){ .commits = engine_commits(conf->engine),
		.busy = conf->busy ? (long long)conf->busy(conf->ctx) : 0,
		.uptime = (clock_boot() - c->api->began) / 1000 };
	c->own = m;
	call_read(c, read_counts, NULL);
}

/* --- about it ----------------------------------------------------------------------------- */

void get_openapi(struct call *c)
{
	call_json(c, api_openapi(c->api->config.version));
}

void get_session(struct call *c)
{
	const struct api_config *conf = &c->api->config;
	const char *user = getlogin();

	call_json(c,
	    json_pack("{s:s, s:s, s:s, s:o, s:b}", "version", conf->version, "build", conf->build,
		"epoch", conf->epoch, "user",
		user ? json_cstr(user) : json_sprintf("%u", (unsigned)geteuid()), "loopback", 1));
}

void post_sign_out(struct call *c)
{
	if (c->api->http)
		http_sign_out(c->api->http, c->q);
	call_empty(c);
}

/* A page that was taken over shall not be able to bring others in. */
void post_link(struct call *c)
{
	struct http *http = c->api->http;
	const char *url = http ? http_url(http) : "";

	if (c->q->who == HTTP_COOKIE) {
		err_set(&c->err, -EPERM, "a page cannot make sign-in links");
		err_fix(&c->err, "tutti serve --link");
		call_refuse(c, 403, "forbidden");
	} else if (!*url) {
		err_set(&c->err, -ENOENT, "the daemon has no port");
		err_fix(&c->err, "start it without --no-port");
		call_refuse(c, 409, "conflict");
	} else {
		call_json(
		    c, json_pack("{s:o}", "sign_in",
			   json_sprintf("%s/sign-in?code=%s", url, http_sign_in_code(http, c->a))));
	}
}

struct looking {
	struct doctor doctor;
	json_t *probe;
	enum fence_mode mode;
};

static int look(struct call *c)
{
	struct looking *l = c->own;
	const struct api_config *conf = &c->api->config;
	struct err err = { 0 };

	err_set(&err, -ENOENT, "the daemon was not started in a repository");
	doctor_repo(&l->doctor, conf->repo, &err);
	doctor_fence(&l->doctor, c->kept, l->mode);
	if (conf->settings)
		doctor_add(&l->doctor, "Settings", true, conf->settings, NULL);
	doctor_agents(&l->doctor, conf->programs);
	doctor_models(&l->doctor, conf->upstream);
	doctor_store(&l->doctor, conf->data, &err);
	c->doc = doctor_json(&l->doctor);
	return 0;
}

void get_agents(struct call *c)
{
	struct looking *l = arena_new(c->a, struct looking);

	l->doctor.a = c->a;
	c->kept = sandbox_probe(c->api->config.sandbox, &l->mode);
	c->own = l;
	call_work(c, look, NULL);
}

/* --- where it worked ---------------------------------------------------------------------- */

#define REPOSITORIES_MOST 100

static json_t *find_repo(json_t *items, struct str path)
{
	json_t *one;
	size_t i;

	json_array_foreach (items, i, one)
		if (str_eq(json_get_str(one, "path"), path))
			return one;
	return NULL;
}

static struct str last_part(struct str path)
{
	struct str rest = path, last = path;

	while (rest.p) {
		struct str part = str_split(&rest, '/');

		last = part.n ? part : last;
	}
	return last;
}

/* As it was when it was frozen last. */
static void add_repo(
    struct call *c, struct store *s, json_t *items, struct str path, struct str snapshot)
{
	struct snapshot_row snap = { 0 };
	bool frozen = snapshot.n && s->ops->snapshot_get(s, c->a, snapshot, &snap) == 0;
	json_t *facts = frozen ? json_parse(snap.facts, NULL) : NULL;
	json_t *changed = json_get_array(facts, "changed");

	json_array_append_new(items,
	    json_pack("{s:o, s:o, s:o, s:o, s:o}", "path", json_text(path), "name",
		json_text(last_part(path)), "branch", views_text(json_get_str(facts, "branch")),
		"commit", views_text(json_get_str(facts, "commit")), "changed",
		changed ? json_integer((json_int_t)json_array_size(changed)) : json_null()));
	json_decref(facts);
}

static int read_repos(struct call *c, struct store *s)
{
	const struct run_filter f = { .top_only = true, .limit = RUN_LIST_MAX };
	struct str own = str_from(c->api->config.repo);
	json_t *items = json_array();
	struct run_row *rows;
	size_t n;
	int rc = s->ops->run_list(s, c->a, &f, &rows, &n);

	for (size_t i = 0; !rc && i < n && json_array_size(items) < REPOSITORIES_MOST; i++)
		if (rows[i].repo.n && !find_repo(items, rows[i].repo))
			add_repo(c, s, items, rows[i].repo, rows[i].snapshot);
	if (own.n && !find_repo(items, own))
		add_repo(c, s, items, own, (struct str){ NULL, 0 });
	c->doc = json_pack("{s:o, s:n}", "items", items, "next");
	return rc;
}

void get_repositories(struct call *c)
{
	call_read(c, read_repos, NULL);
}
