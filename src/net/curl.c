#include "net/curl.h"

#include "base/arena.h"
#include "sys/lazy.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

/* A slot for a function pointer, filled by dlsym (POSIX lets the two kinds of pointer mix). */
#define SLOT(member) ((void **)(void *)&api.member)

static struct curl_api api;

static int load(struct err *err)
{
	const struct lazy_symbol symbols[] = {
		{ "curl_global_init_mem", SLOT(global_init_mem) },
		{ "curl_easy_init", SLOT(easy_init) },
		{ "curl_easy_cleanup", SLOT(easy_cleanup) },
		{ "curl_easy_setopt", SLOT(easy_setopt) },
		{ "curl_easy_getinfo", SLOT(easy_getinfo) },
		{ "curl_easy_perform", SLOT(easy_perform) },
		{ "curl_easy_strerror", SLOT(easy_strerror) },
		{ "curl_easy_pause", SLOT(easy_pause) },
		{ "curl_slist_append", SLOT(slist_append) },
		{ "curl_slist_free_all", SLOT(slist_free_all) },
		{ "curl_multi_init", SLOT(multi_init) },
		{ "curl_multi_cleanup", SLOT(multi_cleanup) },
		{ "curl_multi_add_handle", SLOT(multi_add_handle) },
		{ "curl_multi_remove_handle", SLOT(multi_remove_handle) },
		{ "curl_multi_setopt", SLOT(multi_setopt) },
		{ "curl_multi_socket_action", SLOT(multi_socket_action) },
		{ "curl_multi_assign", SLOT(multi_assign) },
		{ "curl_multi_info_read", SLOT(multi_info_read) },
		{ "curl_multi_strerror", SLOT(multi_strerror) },
		{ "curl_url", SLOT(url) },
		{ "curl_url_cleanup", SLOT(url_cleanup) },
		{ "curl_url_set", SLOT(url_set) },
		{ "curl_url_get", SLOT(url_get) },
		{ "curl_free", SLOT(free) },
	};

	return lazy_load(
	    "libcurl.so.4", "libcurl4", symbols, sizeof(symbols) / sizeof(symbols[0]), err);
}

static int start(struct err *err)
{
	int rc = load(err);

	if (!rc &&
	    api.global_init_mem(CURL_GLOBAL_DEFAULT, xmalloc, free, xrealloc, xstrdup, xcalloc))
		rc = err_set(err, -EIO, "libcurl cannot be initialised");
	return rc;
}

const struct curl_api *curl_api(struct err *err)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static bool ready;

	pthread_mutex_lock(&lock);
	ready = ready || start(err) == 0;
	bool is_ready = ready;

	pthread_mutex_unlock(&lock);
	return is_ready ? &api : NULL;
}
