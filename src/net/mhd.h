/* libmicrohttpd, loaded when first used (sys/lazy.h). Members are named without its prefix. */
#ifndef NET_MHD_H
#define NET_MHD_H

#include "base/err.h"

#include <microhttpd.h>

struct mhd_api {
	struct MHD_Daemon *(*start_daemon)(unsigned flags, uint16_t port,
	    MHD_AcceptPolicyCallback apc, void *apc_cls, MHD_AccessHandlerCallback dh, void *dh_cls,
	    ...);
	__typeof__(&MHD_stop_daemon) stop_daemon;
	__typeof__(&MHD_add_connection) add_connection;
	__typeof__(&MHD_run) run;
	__typeof__(&MHD_get_timeout) get_timeout;
	const union MHD_DaemonInfo *(*get_daemon_info)(
	    struct MHD_Daemon *daemon, enum MHD_DaemonInfoType type, ...);
	const union MHD_ConnectionInfo *(*get_connection_info)(
	    struct MHD_Connection *connection, enum MHD_ConnectionInfoType type, ...);
	__typeof__(&MHD_suspend_connection) suspend_connection;
	__typeof__(&MHD_resume_connection) resume_connection;
	__typeof__(&MHD_get_connection_values) get_connection_values;
	__typeof__(&MHD_lookup_connection_value) lookup_connection_value;
	__typeof__(&MHD_create_response_from_buffer) create_response_from_buffer;
	__typeof__(&MHD_create_response_from_callback) create_response_from_callback;
	__typeof__(&MHD_create_response_for_upgrade) create_response_for_upgrade;
	enum MHD_Result (*upgrade_action)(
	    struct MHD_UpgradeResponseHandle *urh, enum MHD_UpgradeAction action, ...);
	__typeof__(&MHD_add_response_header) add_response_header;
	__typeof__(&MHD_queue_response) queue_response;
	__typeof__(&MHD_destroy_response) destroy_response;
};

/* The loaded library, or NULL with ERR. Main thread only. */
const struct mhd_api *mhd_api(struct err *err);

#endif
