/* libcurl, loaded when first used (sys/lazy.h). Members are named as in curl without its prefix. */
#ifndef NET_CURL_H
#define NET_CURL_H

#include "base/err.h"

#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

/* The options are variadic there, so the types of the pointers must be, too. */
struct curl_api {
	__typeof__(&curl_global_init_mem) global_init_mem;
	__typeof__(&curl_easy_init) easy_init;
	__typeof__(&curl_easy_cleanup) easy_cleanup;
	CURLcode (*easy_setopt)(CURL *easy, CURLoption option, ...);
	CURLcode (*easy_getinfo)(CURL *easy, CURLINFO info, ...);
	__typeof__(&curl_easy_perform) easy_perform;
	__typeof__(&curl_easy_strerror) easy_strerror;
	__typeof__(&curl_easy_pause) easy_pause;
	__typeof__(&curl_slist_append) slist_append;
	__typeof__(&curl_slist_free_all) slist_free_all;
	__typeof__(&curl_multi_init) multi_init;
	__typeof__(&curl_multi_cleanup) multi_cleanup;
	__typeof__(&curl_multi_add_handle) multi_add_handle;
	__typeof__(&curl_multi_remove_handle) multi_remove_handle;
	CURLMcode (*multi_setopt)(CURLM *multi, CURLMoption option, ...);
	__typeof__(&curl_multi_socket_action) multi_socket_action;
	__typeof__(&curl_multi_assign) multi_assign;
	__typeof__(&curl_multi_info_read) multi_info_read;
	__typeof__(&curl_multi_strerror) multi_strerror;
	__typeof__(&curl_url) url;
	__typeof__(&curl_url_cleanup) url_cleanup;
	__typeof__(&curl_url_set) url_set;
	__typeof__(&curl_url_get) url_get;
	__typeof__(&curl_free) free;
};

/* The loaded and initialised library, or NULL with ERR. Any thread. */
const struct curl_api *curl_api(struct err *err);

#endif
