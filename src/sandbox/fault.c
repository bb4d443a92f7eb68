/* What can go wrong while a child is made, and how to say it to a person. */
#include "sandbox/priv.h"

int fence_fail(struct fence_fault *f, enum fence_stage stage, int code, const char *detail)
{
	size_t n = detail ? strnlen(detail, FENCE_DETAIL - 1) : 0;

	f->stage = stage;
	f->code = code;
	if (n)
		memcpy(f->detail, detail, n);
	f->detail[n] = '\0';
	return code;
}

bool fence_may_pass(int code)
{
	return code == -EAGAIN || code == -EINTR || code == -ENOMEM || code == -ENOBUFS ||
	       code == -EMFILE || code == -ENFILE;
}

struct stage_words {
	const char *what; /* with one %s for the detail */
	const char *fix;
};

#define FIX_NAMESPACES                                                                 \
	"allow user namespaces: sysctl -w user.max_user_namespaces=15000\n"            \
	"on Debian and Ubuntu also: sysctl -w kernel.unprivileged_userns_clone=1 and " \
	"kernel.apparmor_restrict_unprivileged_userns=0\n"                             \
	"in a container: start it with --security-opt seccomp=unconfined, or run tutti outside"
#define FIX_KERNEL \
	"use a kernel with Landlock (6.7 or later, `landlock` in /sys/kernel/security/lsm)"
#define FIX_FILES                                             \
	"let every user read it, or run tutti as its owner\n" \
	"root's workers are another user: keep data below /var/lib (--data), not /root"

static const struct stage_words words[FENCE_STAGES] = {
	[STAGE_NONE] = { "nothing failed%s", "" },
	[STAGE_REQUEST] = { "the launcher could not take the request: %s",
	    "run fewer agents at once" },
	[STAGE_TREE] = { "cannot show %s inside", FIX_FILES },
	[STAGE_CLONE] = { "this machine gives no namespaces%s", FIX_NAMESPACES },
	[STAGE_IDENTITY] = { "cannot become an unprivileged user%s", FIX_NAMESPACES },
	[STAGE_ROOT] = { "cannot build the root directory (%s)", FIX_NAMESPACES },
	[STAGE_PROC] = { "cannot mount a /proc of its own%s",
	    "in a container: do not mask /proc (--security-opt systempaths=unconfined)" },
	[STAGE_SCRATCH] = { "cannot prepare its scratch space (%s)", "free some memory" },
	[STAGE_NETWORK] = { "cannot build a network of its own%s", FIX_NAMESPACES },
	[STAGE_DROP] = { "cannot give up capabilities (%s)", FIX_NAMESPACES },
	[STAGE_STDIO] = { "cannot set up its standard streams%s", "" },
	[STAGE_CWD] = { "cannot enter %s", FIX_FILES },
	[STAGE_LIMITS] = { "cannot set the limit %s", "" },
	[STAGE_PROGRAM] = { "cannot execute %s",
	    "install the program where every user can read and execute it" },
	[STAGE_LANDLOCK] = { "Landlock could not be closed (%s)", FIX_KERNEL },
	[STAGE_SECCOMP] = { "the kernel refused the seccomp filter%s",
	    "use a kernel with CONFIG_SECCOMP_FILTER" },
	[STAGE_CANARY] = { "forbidden things went through: %s", FIX_KERNEL },
	[STAGE_PROOF] = { "the walls are not as they must be: %s", FIX_KERNEL },
	[STAGE_EXEC] = { "cannot start the program (%s)", "" },
	[STAGE_DIED] = { "it died while the walls were built (%s)", "look into the kernel's log" },
};

void fence_explain(const struct fence_fault *f, struct err *err)
{
	const struct stage_words *w =
	    &words[f->stage > STAGE_NONE && f->stage < FENCE_STAGES ? f->stage : STAGE_DIED];
	struct buf why;

	buf_init(&why, KIB(2));
	ptrdiff_t hole = str_find(str_from(w->what), STR("%s"));

	buf_add(&why, str_take(str_from(w->what), (size_t)hole));
	buf_adds(&why, f->detail);
	buf_adds(&why, w->what + hole + 2);
	if (f->code && f->stage != STAGE_CANARY && f->stage != STAGE_PROOF &&
	    f->stage != STAGE_DIED)
		buf_printf(&why, ": %s", err_name(f->code));
	err_set(err, f->code ? f->code : -EPERM, "the fence could not be built");
	err_why(err, "%s", buf_str(&why).p);
	if (w->fix[0])
		err_fix(err, "%s", w->fix);
	err_more(err, "read-only");
	buf_fini(&why);
}
