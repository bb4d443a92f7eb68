#include "net/mhd.h"

#include "sys/lazy.h"

#define SLOT(member) ((void **)(void *)&api.member)

static struct mhd_api api;

static int load(struct err *err)
{
	const struct lazy_symbol symbols[] = {
		{ "MHD_start_daemon", SLOT(start_daemon) },
		{ "MHD_stop_daemon", SLOT(stop_daemon) },
		{ "MHD_add_connection", SLOT(add_connection) },
		{ "MHD_run", SLOT(run) },
		{ "MHD_get_timeout", SLOT(get_timeout) },
		{ "MHD_get_daemon_info", SLOT(get_daemon_info) },
		{ "MHD_get_connection_info", SLOT(get_connection_info) },
		{ "MHD_suspend_connection", SLOT(suspend_connection) },
		{ "MHD_resume_connection", SLOT(resume_connection) },
		{ "MHD_get_connection_values", SLOT(get_connection_values) },
		{ "MHD_lookup_connection_value", SLOT(lookup_connection_value) },
		{ "MHD_create_response_from_buffer", SLOT(create_response_from_buffer) },
		{ "MHD_create_response_from_callback", SLOT(create_response_from_callback) },
		{ "MHD_create_response_for_upgrade", SLOT(create_response_for_upgrade) },
		{ "MHD_upgrade_action", SLOT(upgrade_action) },
		{ "MHD_add_response_header", SLOT(add_response_header) },
		{ "MHD_queue_response", SLOT(queue_response) },
		{ "MHD_destroy_response", SLOT(destroy_response) },
	};

	return lazy_load("libmicrohttpd.so.12", "libmicrohttpd12", symbols,
	    sizeof(symbols) / sizeof(symbols[0]), err);
}

const struct mhd_api *mhd_api(struct err *err)
{
	static int ready;

	if (!ready && load(err) < 0)
		return NULL;
	ready = 1;
	return &api;
}
