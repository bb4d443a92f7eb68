#include "cli/serve.h"

#include "api/api.h"
#include "base/json.h"
#include "base/log.h"
#include "cli/browse.h"
#include "cli/client.h"
#include "cli/paths.h"
#include "sys/fs.h"
#include "sys/systemd.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define GRACE_MS 30000
#define DRAIN_TICK_MS 50
#define TOKEN_FILE_MAX 256
#define SESSIONS_FILE "sessions"

struct serve_opts {
	const char *bind, *log, *script;
	struct opt_texts hosts;
	msec_t grace;
	bool link, no_port, open;
};

#define O(member) offsetof(struct serve_opts, member)

static const struct opt opts[] = {
	{ "bind", 0, OPT_TEXT, "ADDRESS:PORT", "Where", "loopback only (127.0.0.1:7770)", O(bind) },
	{ "no-port", 0, OPT_FLAG, NULL, "Where", "the unix socket alone", O(no_port) },
	{ "allow-host", 0, OPT_TEXTS, "NAME", "Where",
	    "a further name that browsers reach it by, e.g. through a tunnel", O(hosts) },
	{ "link", 0, OPT_FLAG, NULL, "Output", "a new sign-in link of the daemon that is there",
	    O(link) },
	{ "open", 0, OPT_FLAG, NULL, "Output", "and show it in the browser", O(open) },
	{ "log", 0, OPT_CHOICE, "text|json", "Output", "how it logs on stderr (text)", O(log) },
	{ "grace", 0, OPT_SPAN, "TIME", "How", "how long agents may go on when it is ended (30s)",
	    O(grace) },
	{ "rehearsal-script", 0, OPT_TEXT, "FILE", "How", "misbehaviour for the rehearsal model",
	    O(script) },
	{ 0 },
};

/* --- the token --------------------------------------------------------------------------- */

/* DATA/token: made once, ours alone. */
static int read_token(struct arena *a, const char *data, const char **ret, struct err *err)
{
	const char *file = fs_join(a, data, DAEMON_TOKEN);
	struct stat st;
	struct str text;

	if (lstat(file, &st) < 0) {
		char token[ID_TOKEN_SIZE];

		id_token(token);
		*ret = arena_cstr(a, str_from(token));
		return fs_write(file, str_from(token), 0600, err);
	}
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 077)) {
		err_set(err, -EPERM, "others may read the token %s", file);
		return err_fix(
		    err, "rm %s    (a new one is made; programs that use it need it)", file);
	}
	int rc = fs_read(a, file, TOKEN_FILE_MAX, &text);

	if (rc)
		return err_set(err, rc, "cannot read %s: %s", file, err_name(rc));
	text = str_trim(text);
	if (text.n < 32) {
		err_set(err, -EINVAL, "%s holds no token", file);
		return err_fix(err, "rm %s", file);
	}
	*ret = arena_cstr(a, text);
	return 0;
}

/* --- what happens to runs ---------------------------------------------------------------- */

static void on_effect(void *ctx, const struct engine_effect *fx)
{
	(void)ctx;
	if (fx->type == ENGINE_ASK)
		log_info("run=%s a person is asked", fx->run_id);
	else if (fx->type == ENGINE_OVER)
		log_info("run=%s is over: %s", fx->run_id, run_status_name(fx->status));
}

static void on_appended(void *ctx, int64_t run, int64_t seq)
{
	struct serve *s = ctx;

	if (s->hub)
		hub_appended(s->hub, run, seq);
}

/* --- ending ------------------------------------------------------------------------------ */

static void on_drain(uv_timer_t *timer)
{
	struct serve *s = timer->data;

	if (worker_busy(s->house.worker) == 0 || clock_boot() >= s->deadline)
		s->done = true;
}

/* No new work; who is at it may finish, for a while. What is left over is the next life's. */
static void begin_end(struct serve *s)
{
	size_t busy = worker_busy(s->house.worker);

	s->stopping = true;
	s->deadline = clock_boot() + s->grace;
	systemd_notify("STOPPING=1");
	log_info("ending: %zu attempt%s at work, for %lld s at most", busy, busy == 1 ? "" : "s",
	    (long long)s->grace / 1000);
	api_drain(s->api);
	http_drain(s->http);
	worker_drain(s->house.worker);
	uv_timer_start(&s->timer, on_drain, 0, DRAIN_TICK_MS);
}

static void on_signal(uv_signal_t *sig, int number)
{
	struct serve *s = sig->data;

	log_info("signal %d", number);
	if (s->asked++ == 0)
		begin_end(s);
	else
		s->done = true; /* twice: at once */
}

/* --- requests ---------------------------------------------------------------------------- */

static void handle(void *ctx, struct http_req *q)
{
	struct serve *s = ctx;

	if (!serve_live(s, q) && !serve_page(s, q))
		api_handle(s->api, q);
}

/* --- opening ----------------------------------------------------------------------------- */

/* Sockets that were handed to us, told apart by what they are. */
static int take_sockets(struct http_config *config, struct err *err)
{
	int first, n = systemd_listen_fds(&first), domain;
	socklen_t size;

	config->port_fd = config->socket_fd = -1;
	if (n < 0)
		return err_set(err, n, "too many sockets were handed over");
	for (int fd = first; n > 0 && fd < first + n; fd++) {
		size = sizeof(domain);
		if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) < 0)
			return err_set(err, -errno, "descriptor %d is no socket", fd);
		if (domain == AF_UNIX)
			config->socket_fd = fd;
		else
			config->port_fd = fd;
	}
	return 0;
}

static const char *const *host_names(struct arena *a, const struct opt_texts *hosts)
{
	const char **all = arena_array(a, hosts->n + 1, sizeof(*all));

	for (size_t i = 0; i < hosts->n; i++)
		all[i] = hosts->v[i];
	return all;
}

static int open_doors(
    struct serve *s, const struct serve_opts *o, struct http_config *config, struct err *err)
{
	config->loop = &s->house.loop;
	config->bind = o->no_port ? NULL : o->bind ? o->bind : "127.0.0.1:7770";
	config->socket = fs_join(s->arena, s->house.data, DAEMON_SOCKET);
	config->hosts = host_names(s->arena, &o->hosts);
	config->sessions = fs_join(s->arena, s->house.data, SESSIONS_FILE);
	config->handle = handle;
	config->open_to_all = serve_open_to_all;
	config->ctx = s;
	int rc = read_token(s->arena, s->house.data, &config->token, err);

	if (!rc)
		rc = http_create(config, &s->http, err);
	if (!rc)
		api_set_http(s->api, s->http);
	return rc;
}

/* Why nothing can be launched while the store waits for something. */
static int say_waits(struct serve *s, int rc, struct err *err)
{
	if (!rc)
		return 0;
	if (rc == -ENOSPC) {
		err_set(err, rc, "the disk is full");
		err_why(err, "nothing goes on in %s until there is room", s->house.data);
		err_fix(err, "make room; what waits goes on by itself, and nothing is lost");
	} else if (rc == -EBUSY) {
		err_set(err, rc, "the database is locked");
		err_why(err, "another program holds %s/tutti.db", s->house.data);
		err_fix(err, "end it; what waits goes on by itself, and nothing is lost");
	} else {
		err_set(err, rc, "the database cannot be written");
		err_why(err, "%s/tutti.db: %s", s->house.data, err_name(rc));
		err_fix(err, "see to the disk; what waits goes on by itself, and nothing is lost");
	}
	return err_more(err, "serve");
}

static void ask_ready(
    void *ctx, const char *agent, const char *model, api_ready_fn fn, void *fn_ctx)
{
	struct serve *s = ctx;

	struct err err = { 0 };

	if (say_waits(s, engine_waits(s->house.engine), &err))
		fn(fn_ctx, EXIT_NOT_READY, &err);
	else
		house_ready(&s->house, agent, model, fn, fn_ctx);
}

static void on_deleted(void *ctx, int64_t run)
{
	struct serve *s = ctx;

	hub_deleted(s->hub, run);
}

static size_t count_busy(void *ctx)
{
	struct serve *s = ctx;

	return worker_busy(s->house.worker);
}

/* The directory that the daemon was started in, where that is a repository. */
static const char *own_repo(struct serve *s)
{
	struct err ignored;
	char *repo;

	if (paths_repo(s->arena, s->globals->repo, &repo, &ignored) < 0)
		return NULL;
	return s->globals->repo || fs_exists(fs_join(s->arena, repo, ".git")) ? repo : NULL;
}

/* Tells one build from another: a page that is older than the daemon offers to load itself anew. */
static const char *build_of(struct arena *a)
{
	struct stat st;

	if (stat("/proc/self/exe", &st) < 0)
		return TUTTI_VERSION;
	return arena_printf(a, TUTTI_VERSION "-%llx",
	    (unsigned long long)st.st_mtim.tv_sec << 20 ^ (unsigned long long)st.st_mtim.tv_nsec ^
		(unsigned long long)st.st_size);
}

static void open_rooms(struct serve *s)
{
	struct house *h = &s->house;
	const char *build = build_of(s->arena);
	const struct api_config api = { .loop = &h->loop,
		.engine = h->engine,
		.version = TUTTI_VERSION,
		.build = build,
		.epoch = h->epoch,
		.data = h->data,
		.user = paths_config(s->arena),
		.repo = own_repo(s),
		.agent = h->agent,
		.settings = h->config.file,
		.sandbox = h->sandbox,
		.programs = &h->programs,
		.upstream = &h->config.upstream,
		.ready = ask_ready,
		.deleted = on_deleted,
		.busy = count_busy,
		.ctx = s };

	s->api = api_create(&api);
	const struct hub_config hub = { .loop = &h->loop,
		.engine = h->engine,
		.run_document = views_run,
		.run_summary = views_summary,
		.ctx = api_views(s->api),
		.wall = clock_wall,
		.boot = clock_boot,
		.version = TUTTI_VERSION,
		.build = build,
		.epoch = h->epoch };

	s->hub = hub_create(&hub);
}

static void watch_signals(struct serve *s)
{
	uv_signal_init(&s->house.loop, &s->sigint);
	uv_signal_init(&s->house.loop, &s->sigterm);
	uv_timer_init(&s->house.loop, &s->timer);
	s->sigint.data = s->sigterm.data = s->timer.data = s;
	uv_signal_start(&s->sigint, on_signal, SIGINT);
	uv_signal_start(&s->sigterm, on_signal, SIGTERM);
}

/* --- a life ------------------------------------------------------------------------------ */

static void on_recovered(void *ctx, int rc, size_t n)
{
	(void)ctx;
	if (rc)
		log_error("runs of an earlier life cannot be read: %s", err_name(rc));
	else if (n)
		log_info("%zu run%s of an earlier life go%s on", n, n == 1 ? "" : "s",
		    n == 1 ? "es" : "");
}

/* Where it is, and one way in; a journal gets no codes. */
static int announce(struct serve *s, bool open)
{
	const char *url = http_url(s->http), *link = NULL;
	const char *socket = fs_join(s->arena, s->house.data, DAEMON_SOCKET);

	if (*url && !s->managed)
		link = arena_printf(
		    s->arena, "%s/sign-in?code=%s", url, http_sign_in_code(s->http, s->arena));
	if (open && link)
		browse_link(s->arena, link);
	if (s->globals->json)
		return cli_print_json(json_pack("{s:s*, s:s*, s:s, s:i}", "url", *url ? url : NULL,
					  "sign_in", link, "socket", socket, "pid", (int)getpid()),
		    EXIT_DONE);
	const char *text = arena_printf(s->arena, "tutti works here:  %s\n", *url ? url : socket);

	if (link)
		text = arena_printf(s->arena,
		    "%ssign in once:      %s\n"
		    "Ctrl-C ends it; runs go on with the next tutti serve.\n",
		    text, link);
	else if (*url)
		text = arena_printf(s->arena, "%ssign in once:      tutti serve --link\n", text);
	return cli_print(str_from(text), EXIT_DONE);
}

static int live(struct serve *s, bool open)
{
	int code = announce(s, open);

	engine_recover(s->house.engine, on_recovered, s);
	systemd_notify("READY=1");
	log_info("serving %s, data in %s", http_url(s->http), s->house.data);
	while (code == EXIT_DONE && !s->done)
		uv_run(&s->house.loop, UV_RUN_ONCE);
	return code;
}

static void close_all(struct serve *s)
{
	http_destroy(s->http);
	while (api_under_way(s->api)) /* answers that nobody waits for any more */
		uv_run(&s->house.loop, UV_RUN_ONCE);
	hub_destroy(s->hub);
	s->hub = NULL;
	house_stop(&s->house);
	uv_close((uv_handle_t *)&s->sigint, NULL);
	uv_close((uv_handle_t *)&s->sigterm, NULL);
	uv_close((uv_handle_t *)&s->timer, NULL);
	house_close(&s->house);
	api_destroy(s->api);
}

/* Each page is a connection, each attempt some pipes: as many as this user may have. */
static void raise_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur == limit.rlim_max)
		return;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		log_debug("the limit of descriptors stays: %s", err_name(-errno));
}

static int serve(struct arena *a, const struct globals *g, const struct serve_opts *o)
{
	struct serve *s = arena_new(a, struct serve);
	struct http_config doors = { 0 };
	struct err err = { 0 };
	const struct house_spec spec = {
		.globals = g, .script = o->script, .watcher = { s, on_effect, on_appended }
	};

	s->arena = a;
	s->globals = g;
	s->grace = o->grace ? o->grace : GRACE_MS;
	raise_descriptors();
	if (take_sockets(&doors, &err) < 0)
		return cli_fail(g, &err, EXIT_NOT_READY);
	s->managed = doors.port_fd >= 0 || doors.socket_fd >= 0 || getenv("NOTIFY_SOCKET");
	int code = house_open(&s->house, a, &spec, &err);

	if (code)
		return cli_fail(g, &err, code);
	watch_signals(s);
	open_rooms(s);
	code = open_doors(s, o, &doors, &err) < 0 ? cli_fail(g, &err, EXIT_NOT_READY)
						  : live(s, o->open);
	close_all(s);
	return code;
}

/* --- a new link -------------------------------------------------------------------------- */

static int new_link(struct arena *a, const struct globals *g)
{
	struct client *client = NULL;
	struct err err = { 0 };
	json_t *doc = NULL;
	char *data;
	int code = paths_data(a, g->data, &data, &err) < 0 ? EXIT_NOT_READY : 0;

	if (!code && client_open(a, data, &client, &err) < 0)
		code = EXIT_NOT_READY;
	if (!code && !client) {
		err_set(&err, -ENOENT, "no daemon works in %s", data);
		err_why(&err, "a link is good for the daemon that made it");
		err_fix(&err, "tutti serve");
		code = EXIT_NOT_READY;
	}
	if (!code)
		code =
		    client_call(client, "POST", "/api/v1/session/link", json_object(), &doc, &err);
	if (code)
		return cli_fail(g, &err, code);
	if (g->json)
		return cli_print_json(doc, EXIT_DONE);
	code = cli_print(
	    str_from(arena_printf(a, "%s\n", json_get_cstr(doc, "sign_in", ""))), EXIT_DONE);
	json_decref(doc);
	return code;
}

static int run(struct arena *a, const struct globals *g, void *values, const char **words, size_t n)
{
	const struct serve_opts *o = values;
	struct err err = { 0 };

	if (n) {
		err_set(&err, -EINVAL, "what is \"%.100s\"?", words[0]);
		err_fix(&err, "tutti serve\ntutti help serve");
		return cli_fail(g, &err, EXIT_USAGE);
	}
	log_set_level(g->debug ? LOG_DEBUG : LOG_INFO);
	log_set_json(o->log && strcmp(o->log, "json") == 0);
	return o->link ? new_link(a, g) : serve(a, g, o);
}

static const char *const examples[] = { "tutti serve", "tutti serve --bind 127.0.0.1:0 --json",
	"tutti serve --link", NULL };

const struct cmd cmd_serve = { "serve", "serve",
	"the daemon: runs in the background, and a web page", opts, examples, run,
	sizeof(struct serve_opts), false };
