/* The table of routes as an OpenAPI 3.1 document. */
#include "api/priv.h"
#include "flow/embedded.h"

#include <assert.h>

extern const struct embedded api_files[]; /* schemas.json */

static json_t *schema_ref(const char *name)
{
	return json_pack("{s:o}", "$ref", json_sprintf("#/components/schemas/%s", name));
}

static void add_content(json_t *doc, struct str type, json_t *schema)
{
	json_t *media = json_object();

	json_object_set_new(media, "schema", schema);
	json_object_setn_new(doc, type.p, type.n, media);
}

static json_t *json_content(const char *schema)
{
	json_t *doc = json_object();

	add_content(doc, STR("application/json"), schema_ref(schema));
	return doc;
}

/* --- parameters --------------------------------------------------------------------------- */

static json_t *choices_of(const char *words)
{
	json_t *all = json_array();
	struct str rest = str_from(words);

	while (rest.p)
		json_array_append_new(all, json_text(str_split(&rest, '|')));
	return all;
}

static json_t *query_schema(const struct param *p)
{
	if (p->choices)
		return json_pack("{s:s, s:o}", "type", "string", "enum", choices_of(p->choices));
	if (p->type == PARAM_FLAG)
		return json_pack("{s:s, s:[i, i]}", "type", "integer", "enum", 0, 1);
	return json_pack("{s:s}", "type", p->type == PARAM_NUMBER ? "integer" : "string");
}

static void add_holes(json_t *all, const char *path)
{
	struct str rest = str_from(path);

	while (rest.p) {
		struct str part = str_split(&rest, '/');
		struct str name = part.n > 2 ? (struct str){ part.p + 1, part.n - 2 } : part;

		if (part.n > 2 && part.p[0] == '{')
			json_array_append_new(
			    all, json_pack("{s:o, s:s, s:b, s:{s:s}}", "name", json_text(name),
				     "in", "path", "required", 1, "schema", "type", "string"));
	}
}

static json_t *parameters(const struct route *r)
{
	json_t *all = json_array();

	add_holes(all, r->path);
	for (const struct param *p = r->query; p && p->name; p++)
		json_array_append_new(all, json_pack("{s:s, s:s, s:b, s:s, s:o}", "name", p->name,
					       "in", "query", "required", p->type == PARAM_NEEDED,
					       "description", p->text, "schema", query_schema(p)));
	if (strcmp(r->path, "/api/v1/runs") == 0 && r->method == HTTP_POST)
		json_array_append_new(
		    all, json_pack("{s:s, s:s, s:{s:s}}", "name", "Idempotency-Key", "in", "header",
			     "schema", "type", "string"));
	return all;
}

/* --- operations --------------------------------------------------------------------------- */

static json_t *form_schema(struct str type)
{
	return json_pack("{s:s}", "type", str_ends(type, STR("+json")) ? "object" : "string");
}

static json_t *forms(const struct route *r)
{
	json_t *all = r->answer ? json_content(r->answer) : json_object();
	struct str rest = str_from(r->types);

	while (rest.n) {
		struct str type = str_split(&rest, '|');

		add_content(all, type, form_schema(type));
	}
	return all;
}

static json_t *responses(const struct route *r)
{
	json_t *all = json_object(), *ok = json_pack("{s:s}", "description", r->summary);
	char status[16];

	snprintf(status, sizeof(status), "%u", r->status);
	if (r->answer || r->types)
		json_object_set_new(ok, "content", forms(r));
	json_object_set_new(all, status, ok);
	json_object_set_new(all, "default",
	    json_pack("{s:s, s:o}", "description", "what failed, why, and what to do", "content",
		json_content("Error")));
	return all;
}

static json_t *operation(const struct route *r)
{
	json_t *doc = json_pack("{s:s, s:s, s:o, s:o}", "operationId", r->id, "summary", r->summary,
	    "parameters", parameters(r), "responses", responses(r));

	if (r->body)
		json_object_set_new(doc, "requestBody",
		    json_pack("{s:o, s:b}", "content", json_content(r->body), "required", 1));
	if (strcmp(r->path, "/healthz") == 0)
		json_object_set_new(doc, "security", json_array());
	return doc;
}

static json_t *paths(void)
{
	json_t *all = json_object();

	for (const struct route *r = routes; r->path; r++) {
		if (r->status == 101) /* a WebSocket; OpenAPI has no words for what follows */
			continue;
		const char *method = r->method == HTTP_GET    ? "get"
				     : r->method == HTTP_POST ? "post"
							      : "delete";
		json_t *path = json_object_get(all, r->path);

		if (!path) {
			path = json_object();
			json_object_set_new(all, r->path, path);
		}
		json_object_set_new(path, method, operation(r));
	}
	return all;
}

json_t *api_openapi(const char *version)
{
	json_t *schemas = json_parse((struct str){ api_files[0].text, api_files[0].n }, NULL);

	assert(schemas);
	return json_pack("{s:s, s:{s:s, s:s, s:{s:s}}, s:o, s:{s:o, s:{s:{s:s, s:s}, "
			 "s:{s:s, s:s, s:s}}}, s:[{s:[]}, {s:[]}]}",
	    "openapi", "3.1.0", "info", "title", "tutti", "version", version, "license", "name",
	    "Apache-2.0", "paths", paths(), "components", "schemas", schemas, "securitySchemes",
	    "bearer", "type", "http", "scheme", "bearer", "cookie", "type", "apiKey", "in",
	    "cookie", "name", "tutti", "security", "bearer", "cookie");
}
