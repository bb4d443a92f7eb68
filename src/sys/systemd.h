/*
 * What systemd and a service say to each other: sd_notify(3) and sd_listen_fds(3). Both protocols
 * are stable and promised to be, and sd_notify's page asks services to speak it themselves rather
 * than link a library for one datagram.
 */
#ifndef SYS_SYSTEMD_H
#define SYS_SYSTEMD_H

#define SYSTEMD_FDS_MAX 8

/*
 * The listening sockets that we were started with, from descriptor *RET_FIRST on; made CLOEXEC, and
 * the environment says nothing of them afterwards. Returns how many, 0 without any; more than
 * SYSTEMD_FDS_MAX are -E2BIG. Call once, before there are threads or children.
 */
int systemd_listen_fds(int *ret_first);

/* STATE, such as "READY=1", to who started us; nothing when nobody asked. Never blocks. */
void systemd_notify(const char *state);

#endif
