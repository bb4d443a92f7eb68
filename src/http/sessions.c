/*
 * Sessions are kept by the hash of their cookie, keyed with the token: who reads the file can sign
 * in with nothing of it, a new token ends them all, and one that was ended stays ended after a
 * crash. A value that is only signed would need no file, but nobody could ever sign out for good.
 * The file is written where a person signs in or out, which is seldom enough to wait for the disk.
 */
#include "http/priv.h"

#include "base/log.h"
#include "sys/fs.h"

#include <nettle/hmac.h>
#include <nettle/memops.h>
#include <stdlib.h>

#define LINE_MAX_BYTES 100
#define CODE_DIGITS 32 /* 128 bits */

static void hash_of(const struct sessions *s, struct str cookie, char hash[SHA256_HEX])
{
	struct hmac_sha256_ctx ctx;
	uint8_t digest[SHA256_DIGEST_SIZE];

	hmac_sha256_set_key(&ctx, strlen(s->token), (const uint8_t *)s->token);
	hmac_sha256_update(&ctx, 8, (const uint8_t *)"session:");
	hmac_sha256_update(&ctx, cookie.n, (const uint8_t *)cookie.p);
	hmac_sha256_digest(&ctx, sizeof(digest), digest);
	for (size_t i = 0; i < sizeof(digest); i++)
		snprintf(hash + 2 * i, 3, "%02x", digest[i]);
}

static void drop(struct sessions *s, size_t i)
{
	s->all[i] = s->all[--s->n];
}

static void drop_old(struct sessions *s)
{
	msec_t now = clock_wall();

	for (size_t i = s->n; i-- > 0;)
		if (s->all[i].until <= now)
			drop(s, i);
}

/* --- the file ------------------------------------------------------------------------------ */

/* "HASH UNTIL"; anything else is left out. The clock may have been put back since. */
static void read_line(struct sessions *s, struct str line)
{
	struct str hash = str_split(&line, ' ');
	struct session *one = &s->all[s->n];
	unsigned long long until;
	msec_t most = clock_wall() + 2 * SESSION_MS;

	if (s->n == HTTP_SESSIONS_MAX || hash.n != SHA256_HEX - 1 ||
	    !str_to_u64(line, (unsigned long long)most, &until))
		return;
	memcpy(one->hash, hash.p, hash.n);
	one->hash[hash.n] = '\0';
	one->until = (msec_t)until;
	s->n++;
}

static void load(struct sessions *s)
{
	struct arena *a = arena_create("sessions", ARENA_SMALL);
	struct str text;

	if (fs_read(a, s->path, (size_t)LINE_MAX_BYTES * HTTP_SESSIONS_MAX, &text) == 0)
		while (text.p)
			read_line(s, str_line(&text));
	arena_destroy(a);
	drop_old(s);
}

static void save(const struct sessions *s)
{
	struct err err;
	struct buf b;

	if (!s->path)
		return;
	buf_init(&b, (size_t)LINE_MAX_BYTES * HTTP_SESSIONS_MAX);
	for (size_t i = 0; i < s->n; i++)
		buf_printf(&b, "%s %lld\n", s->all[i].hash, (long long)s->all[i].until);
	if (fs_write(s->path, buf_str(&b), 0600, &err) < 0)
		log_warn("sessions are not kept: %s", err.what);
	buf_fini(&b);
}

void sessions_init(struct sessions *s, const char *token, const char *path)
{
	s->token = xstrdup(token);
	s->path = path ? xstrdup(path) : NULL;
	if (path)
		load(s);
}

void sessions_fini(struct sessions *s)
{
	if (s->token)
		explicit_bzero(s->token, strlen(s->token));
	free(s->token);
	free(s->path);
}

/* --- sessions ------------------------------------------------------------------------------ */

bool sessions_know(struct sessions *s, struct str cookie, char hash[SHA256_HEX])
{
	char want[SHA256_HEX];

	drop_old(s);
	if (cookie.n != ID_TOKEN_SIZE - 1)
		return false;
	hash_of(s, cookie, want);
	for (size_t i = 0; i < s->n; i++) {
		if (!memeql_sec(s->all[i].hash, want, SHA256_HEX))
			continue;
		memcpy(hash, want, SHA256_HEX);
		return true;
	}
	return false;
}

static size_t oldest(const struct sessions *s)
{
	size_t found = 0;

	for (size_t i = 1; i < s->n; i++)
		if (s->all[i].until < s->all[found].until)
			found = i;
	return found;
}

void sessions_add(struct sessions *s, char cookie[ID_TOKEN_SIZE])
{
	struct session *one;

	drop_old(s);
	if (s->n == HTTP_SESSIONS_MAX)
		drop(s, oldest(s));
	id_token(cookie);
	one = &s->all[s->n++];
	hash_of(s, str_from(cookie), one->hash);
	one->until = clock_wall() + SESSION_MS;
	save(s);
}

void sessions_end(struct sessions *s, const char *hash)
{
	for (size_t i = s->n; i-- > 0;)
		if (memcmp(s->all[i].hash, hash, SHA256_HEX) == 0)
			drop(s, i);
	save(s);
}

bool token_is(const struct sessions *s, struct str token)
{
	return token.n == strlen(s->token) && memeql_sec(token.p, s->token, token.n);
}

/* --- codes --------------------------------------------------------------------------------- */

void code_make(struct sessions *s, char code[ID_TOKEN_SIZE])
{
	struct code *free_one = &s->codes[0];

	for (size_t i = 1; i < HTTP_CODES_MAX; i++)
		if (s->codes[i].until < free_one->until)
			free_one = &s->codes[i];
	id_token(free_one->code);
	free_one->code[CODE_DIGITS] = '\0';
	free_one->until = clock_boot() + CODE_MS;
	memcpy(code, free_one->code, ID_TOKEN_SIZE);
}

bool code_use(struct sessions *s, struct str code)
{
	msec_t now = clock_boot();

	for (size_t i = 0; i < HTTP_CODES_MAX; i++) {
		struct code *one = &s->codes[i];

		if (one->until <= now || code.n != CODE_DIGITS ||
		    !memeql_sec(one->code, code.p, CODE_DIGITS))
			continue;
		*one = (struct code){ 0 };
		return true;
	}
	return false;
}
