/* What holds for every child of a launcher: who it becomes, and what this kernel offers. */
#include "sandbox/priv.h"

#include <stdio.h>
#include <sys/utsname.h>
#include <unistd.h>

static void set_identity(struct fence_host *host)
{
	host->root = geteuid() == 0;
	host->uid = host->root ? WORKER_UID : geteuid();
	host->gid = host->root ? WORKER_UID : getegid();
	snprintf(host->passwd, sizeof(host->passwd),
	    "worker:x:%u:%u:worker:/scratch/home:/bin/sh\n", host->uid, host->gid);
	snprintf(host->group, sizeof(host->group), "worker:x:%u:\n", host->gid);
}

void fence_host_init(struct fence_host *host)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	struct utsname names;

	set_identity(host);
	host->cores = cores > 0 ? (unsigned)cores : 1;
	if (uname(&names) == 0)
		snprintf(host->release, sizeof(host->release), "%s", names.release);
	host->landlock_abi = fence_landlock_abi(&host->landlock_errata);
	if (fence_proof_namespaces("self", host->namespaces) < 0)
		memset(host->namespaces, 0, sizeof(host->namespaces));
}
