#include "gateway/priv.h"

#include "base/id.h"
#include "sys/fs.h"

#include <stdarg.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

static void on_closed(uv_handle_t *handle)
{
	free(handle);
}

void handle_close(uv_handle_t *handle)
{
	if (handle)
		uv_close(handle, on_closed);
}

int gateway_create(void *loop, struct gateway **ret, struct err *err)
{
	struct gateway *g = xalloc(sizeof(*g));

	g->loop = loop;
	list_init(&g->upstreams);
	list_init(&g->ports);
	int rc = server_start(g, err);

	if (rc) {
		gateway_destroy(g);
		return rc;
	}
	*ret = g;
	return 0;
}

/* --- upstreams ------------------------------------------------------------------------------- */

bool key_is_plain(const char *key)
{
	size_t n = 0;

	while (key && key[n] > ' ' && key[n] < 0x7f)
		n++;
	return !key || (!key[n] && n < KEY_BYTES);
}

/* A page of its own: locked, left out of core dumps, wiped at the end. */
static char *key_keep(const char *key)
{
	char *p;

	if (!key || !*key)
		return NULL;
	p = mmap(NULL, KEY_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return NULL;
	mlock(p, KEY_BYTES);
	madvise(p, KEY_BYTES, MADV_DONTDUMP);
	memcpy(p, key, strlen(key));
	return p;
}

static void key_drop(char *key)
{
	if (!key)
		return;
	explicit_bzero(key, KEY_BYTES);
	munmap(key, KEY_BYTES);
}

static int check_url(const char *url, struct err *err)
{
	const char *host = NULL;

	if (strncmp(url, "http://", 7) == 0)
		host = url + 7;
	else if (strncmp(url, "https://", 8) == 0)
		host = url + 8;
	bool plain = host && *host && *host != '/' && !strpbrk(host, " \t\r\n@?#\"'<>\\");

	if (plain)
		return 0;
	err_set(err, -EINVAL, "\"%.200s\" is no address of a model server", url);
	err_why(err, "it has to be http:// or https://, a host, and a path such as /v1");
	return err_fix(err, "for example http://127.0.0.1:11434/v1");
}

static int check_key(const struct upstream_config *conf, struct err *err)
{
	if (key_is_plain(conf->key))
		return 0;
	err_set(err, -EINVAL, "the key of \"%.100s\" is no key", conf->name);
	return err_why(err, "it has to be one word of at most %d plain characters", KEY_BYTES - 1);
}

struct str url_base(const char *url)
{
	struct str base = str_from(url);

	while (base.n && base.p[base.n - 1] == '/')
		base.n--;
	return base;
}

bool is_loopback(const char *url)
{
	return strstr(url, "://127.") || strstr(url, "://localhost") || strstr(url, "://[::1]");
}

static int make_rehearsal(struct upstream *up, const char *url, struct err *err)
{
	const char *path = url + strlen("rehearsal:");
	struct arena *a = arena_create("script", MIB(1));
	struct str script = { "", 0 };
	int rc = *path ? fs_read(a, path, REHEARSAL_SCRIPT_MAX, &script) : 0;

	if (rc)
		err_set(err, rc, "cannot read the rehearsal script %.180s: %s", path, err_name(rc));
	else
		rc = rehearsal_create(script, &up->rehearsal, err);
	arena_destroy(a);
	return rc;
}

static unsigned lane_width(const struct upstream_config *conf)
{
	if (conf->parallel)
		return conf->parallel;
	if (strncmp(conf->url, "rehearsal:", 10) == 0)
		return 64;
	return is_loopback(conf->url) ? LANE_PARALLEL_LOCAL : LANE_PARALLEL;
}

static void upstream_free(struct upstream *up)
{
	list_remove(&up->list);
	rehearsal_destroy(up->rehearsal);
	key_drop(up->key);
	handle_close((uv_handle_t *)up->timer);
	free(up->name);
	free(up->url);
	free(up->model);
	free(up);
}

int gateway_add_upstream(struct gateway *g, const struct upstream_config *conf, struct err *err)
{
	bool rehearsal = strncmp(conf->url, "rehearsal:", 10) == 0;
	struct upstream *up = xalloc(sizeof(*up));
	int rc = 0;

	list_init(&up->list);
	list_init(&up->queue);
	up->g = g;
	up->backend = rehearsal ? &backend_rehearsal : &backend_curl;
	if (rehearsal)
		rc = make_rehearsal(up, conf->url, err);
	else
		rc = check_url(conf->url, err);
	if (!rc)
		rc = check_key(conf, err);
	if (!rc && !rehearsal && !g->multi)
		rc = curl_up_start(g, err);
	if (rc) {
		upstream_free(up);
		return rc;
	}
	up->name = xstrdup(conf->name);
	up->url = xstrndup(conf->url, url_base(conf->url).n);
	up->model = xstrdup(conf->model ? conf->model : rehearsal ? "rehearsal" : "");
	up->key = key_keep(conf->key);
	up->parallel = lane_width(conf);
	up->dialect = rehearsal ? DIALECT_CHAT : conf->dialect;
	id_random(&up->rng, sizeof(up->rng));
	up->timer = xalloc(sizeof(*up->timer));
	uv_timer_init(g->loop, up->timer);
	up->timer->data = up;
	list_push(&g->upstreams, &up->list);
	return 0;
}

static struct upstream *find_upstream(const struct gateway *g, const char *name)
{
	list_each (&g->upstreams, it) {
		struct upstream *up = list_item(it, struct upstream, list);

		if (strcmp(up->name, name) == 0)
			return up;
	}
	return NULL;
}

bool gateway_has_upstream(const struct gateway *g, const char *name)
{
	return name && find_upstream(g, name);
}

const char *gateway_default_model(const struct gateway *g, const char *name)
{
	const struct upstream *up = find_upstream(g, name);

	return up ? up->model : "";
}

/* --- ports ----------------------------------------------------------------------------------- */

static void port_free(struct port *p)
{
	free(p->token);
	free(p->model);
	free(p);
}

void port_unref_conn(struct port *p)
{
	p->conns--;
	if (p->closed && !p->conns && list_empty(&p->requests))
		port_free(p);
}

void port_fail(struct port *p, int ending, bool fatal, const char *fmt, ...)
{
	va_list ap;

	if (p->fatal)
		return;
	p->verdict = ending;
	p->fatal = fatal;
	va_start(ap, fmt);
	vsnprintf(p->why, sizeof(p->why), fmt, ap);
	va_end(ap);
}

int gateway_open(
    struct gateway *g, const struct port_spec *spec, struct port **ret, struct err *err)
{
	struct upstream *up = find_upstream(g, spec->upstream);
	struct port *p;

	if (!up)
		return err_set(err, -ENOENT, "there is no model server \"%s\"", spec->upstream);
	p = xalloc(sizeof(*p));
	p->g = g;
	p->up = up;
	p->token = xstrdup(spec->token);
	p->model = xstrdup(spec->model && spec->model[0] ? spec->model : up->model);
	p->budget = spec->budget;
	p->events = spec->events;
	p->ctx = spec->ctx;
	p->verdict = ENDING_NONE;
	list_init(&p->requests);
	int rc = server_accept(p, spec->listener);

	if (rc) {
		port_free(p);
		return err_set(err, rc, "cannot serve the agent's socket: %s", err_name(rc));
	}
	list_push(&g->ports, &p->list);
	*ret = p;
	return 0;
}

void gateway_close(struct port *p)
{
	struct gateway *g;

	if (!p)
		return;
	g = p->g;
	list_each (&p->requests, it)
		request_tell(list_item(it, struct request, list));
	p->closed = true;
	p->events = NULL;
	list_remove(&p->list);
	handle_close((uv_handle_t *)p->listener);
	close(p->fd);
	p->listener = NULL;
	conns_hang_up(p);
	list_each_safe (&p->requests, it, next) {
		struct request *r = list_item(it, struct request, list);

		lane_leave(r);
		r->ended = r->cut = true;
		request_wake(r);
	}
	p->budget = NULL; /* the run's, and given back to it above */
	if (!p->conns && list_empty(&p->requests))
		port_free(p);
	server_turn(g);
}

int gateway_verdict(const struct port *p, const char **ret_why)
{
	*ret_why = p->why;
	return p->verdict;
}

bool gateway_cut_short(const struct port *p)
{
	return p->finish == FINISH_LENGTH || p->finish == FINISH_FILTER;
}

void gateway_port_facts(const struct port *p, struct port_facts *ret)
{
	*ret = (struct port_facts){ .upstream = p->up->name,
		.requests = p->answered,
		.refused = p->turned_away,
		.bytes_out = p->sent,
		.bytes_in = p->got };
}

void gateway_destroy(struct gateway *g)
{
	if (!g)
		return;
	list_each_safe (&g->ports, it, next)
		gateway_close(list_item(it, struct port, list));
	server_stop(g);
	curl_up_stop(g);
	list_each_safe (&g->upstreams, it, next)
		upstream_free(list_item(it, struct upstream, list));
	imap_fini(&g->conns);
	free(g);
}
