/* Looking for a model server: what the environment says, then where they usually listen. */
#include "gateway/priv.h"

#include "base/json.h"

#include <stdlib.h>

#define LOOK_MS 400L
#define LIST_MS 5000L
#define LIST_MAX MIB(4)

static const struct {
	const char *name, *url;
} places[] = {
	{ "ollama", "http://127.0.0.1:11434/v1" },
	{ "llama.cpp", "http://127.0.0.1:8080/v1" },
	{ "vllm", "http://127.0.0.1:8000/v1" },
	{ "lm-studio", "http://127.0.0.1:1234/v1" },
};

static size_t on_bytes(char *p, size_t size, size_t n, void *ctx)
{
	struct buf *b = ctx;

	buf_add(b, (struct str){ p, size * n });
	return buf_status(b) ? 0 : size * n;
}

static struct curl_slist *headers_of(const struct curl_api *api, const struct upstream_config *conf)
{
	struct curl_slist *headers = NULL;

	if (conf->dialect == DIALECT_MESSAGES)
		headers = api->slist_append(headers, MESSAGES_VERSION);
	if (!conf->key || !*conf->key)
		return headers;
	char *auth = xprintf("%s: %s%s", dialect_key_header(conf->dialect),
	    dialect_key_prefix(conf->dialect), conf->key);

	headers = api->slist_append(headers, auth);
	explicit_bzero(auth, strlen(auth));
	free(auth);
	return headers;
}

/* GET URL/models into B: the HTTP status, or 0 with *RET_WHY. */
static long get_models(const struct curl_api *api, const struct upstream_config *conf, long ms,
    struct buf *b, const char **ret_why)
{
	struct curl_slist *headers = headers_of(api, conf);
	char *url = xprintf("%.*s/models", STR_ARG(url_base(conf->url)));
	CURL *c = api->easy_init();
	long status = 0;

	if (!c)
		out_of_memory("libcurl", 0);
	api->easy_setopt(c, CURLOPT_URL, url);
	api->easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	api->easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	api->easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	if (is_loopback(conf->url))
		api->easy_setopt(c, CURLOPT_PROXY, "");
	api->easy_setopt(c, CURLOPT_TIMEOUT_MS, ms);
	api->easy_setopt(c, CURLOPT_HTTPHEADER, headers);
	api->easy_setopt(c, CURLOPT_WRITEFUNCTION, on_bytes);
	api->easy_setopt(c, CURLOPT_WRITEDATA, b);
	CURLcode rc = api->easy_perform(c);

	if (buf_status(b))
		*ret_why = "its answer is larger than 4 MiB"; /* LIST_MAX */
	else if (rc != CURLE_OK)
		*ret_why = api->easy_strerror(rc);
	else
		api->easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
	api->easy_cleanup(c);
	api->slist_free_all(headers);
	free(url);
	return status;
}

/* gemini lists "models/NAME" and takes NAME. */
static struct str name_of(const json_t *one)
{
	struct str id = json_get_str(one, "id"), name = json_get_str(one, "name");

	if (id.n || !str_starts(name, STR("models/")))
		return id;
	return str_skip(name, 7);
}

static json_t *ids_of(struct str text)
{
	json_t *doc = json_parse(text, NULL), *all = json_get_array(doc, "data"), *one;
	json_t *list = NULL;
	size_t i;

	if (!all)
		all = json_get_array(doc, "models");
	if (all)
		list = json_array();
	json_array_foreach (all, i, one)
		if (name_of(one).n)
			json_array_append_new(list, json_text(name_of(one)));
	json_decref(doc);
	return list;
}

static json_t *ask(const struct upstream_config *conf, long ms, struct err *err)
{
	const struct curl_api *api = curl_api(err);
	const char *why = "its answer is no list of models";
	struct buf b;

	if (!api)
		return NULL;
	buf_init(&b, LIST_MAX);
	long status = 0;

	if (key_is_plain(conf->key))
		status = get_models(api, conf, ms, &b, &why);
	else
		why = "its key is no key";
	json_t *ids = status == 200 ? ids_of(buf_str(&b)) : NULL;

	buf_fini(&b);
	if (ids)
		return ids;
	err_set(err, status == 401 || status == 403 ? -EACCES : -EIO, "%s does not list its models",
	    conf->url);
	if (status && status != 200)
		err_why(err, "it answered with status %ld", status);
	else
		err_why(err, "%s", why);
	return NULL;
}

json_t *upstream_models(const struct upstream_config *conf, struct err *err)
{
	return ask(conf, LIST_MS, err);
}

static void note(json_t *tried, const char *name, const char *url, bool ok, const char *detail)
{
	if (tried)
		json_array_append_new(tried, json_pack("{s:s, s:s, s:b, s:o}", "name", name, "url",
						 url, "ok", ok, "detail", json_cstr(detail)));
}

static bool look(struct arena *a, const char *name, const char *url, const char *key, long ms,
    json_t *tried, struct upstream_config *ret)
{
	struct upstream_config conf = { .name = name, .url = url, .key = key };
	struct err err = { 0 };
	json_t *ids = ask(&conf, ms, &err);

	if (!ids) {
		note(tried, name, url, false, err.why);
		return false;
	}
	const char *first = json_string_value(json_array_get(ids, 0));

	conf.model = arena_cstr(a, str_from(first ? first : ""));
	note(tried, name, url, true,
	    arena_printf(a, "%zu models, first \"%s\"", json_array_size(ids), conf.model));
	json_decref(ids);
	*ret = conf;
	return true;
}

/* A base URL that was set counts even when nobody answers there: it was meant. */
static bool from_environment(struct arena *a, struct upstream_config *ret, json_t *tried)
{
	const char *url = getenv("OPENAI_BASE_URL"), *key = getenv("OPENAI_API_KEY");
	const char *model = getenv("OPENAI_MODEL");

	if (!url || !*url) {
		note(tried, "environment", "OPENAI_BASE_URL", false, "not set");
		return false;
	}
	url = arena_cstr(a, url_base(url));
	*ret = (struct upstream_config){ .name = "environment", .url = url, .key = key };
	look(a, "environment", url, key, LIST_MS, tried, ret);
	if (model && *model)
		ret->model = arena_cstr(a, str_from(model));
	return true;
}

int upstream_discover(struct arena *a, struct upstream_config *ret, json_t **ret_tried)
{
	json_t *tried = ret_tried ? json_array() : NULL;
	bool found = from_environment(a, ret, tried);

	for (size_t i = 0; !found && i < sizeof(places) / sizeof(places[0]); i++)
		found = look(a, places[i].name, places[i].url, NULL, LOOK_MS, tried, ret);
	if (ret_tried)
		*ret_tried = tried;
	return found ? 0 : -ENOENT;
}
