/* The daemon's side of the fence: requests to the launcher, its reports to whoever asked. */
#include "sandbox/priv.h"

#include "base/imap.h"
#include "base/json.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

struct sandbox {
	int sock;
	pid_t launcher;
	uint32_t next;
	struct imap children;
	bool dead, settled;
	enum fence_mode mode;
	json_t *found; /* how the mode was found */
	const char *base;
	void (*lost)(void *ctx);
	void *lost_ctx;
};

struct fence_child {
	struct sandbox *sandbox;
	uint32_t id;
	fence_fn fn;
	void *ctx;
	int listener; /* in place: until READY */
};

/* --- life -------------------------------------------------------------------------------- */

/* 0, 1 and 2 lead nowhere in the launcher; everything else but its socket is closed. */
static void become_launcher(int sock, pid_t daemon)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int i = 0; i < 3; i++)
		dup2(null, i);
	if (sock > 3)
		close_range(3, (unsigned)sock - 1, 0);
	close_range((unsigned)sock + 1, ~0u, 0);
	fence_launcher(sock, daemon);
}

int sandbox_start(struct sandbox **ret, struct err *err)
{
	int ends[2];
	pid_t self = getpid();

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return err_set(err, -errno, "cannot start the fence's launcher");
	pid_t pid = fork();

	if (pid == 0) {
		/* away from the low numbers, which get /dev/null */
		int sock = fcntl(ends[1], F_DUPFD_CLOEXEC, 10);

		become_launcher(sock, self);
	}
	close(ends[1]);
	if (pid < 0) {
		close(ends[0]);
		return err_set(err, -EAGAIN, "cannot start the fence's launcher");
	}
	struct sandbox *sb = xalloc(sizeof(*sb));

	sb->sock = ends[0];
	sb->launcher = pid;
	*ret = sb;
	return 0;
}

static void ask(struct sandbox *sb, enum fence_request_type type, uint32_t id)
{
	struct fence_request q = { .type = type, .id = id };
	struct iovec iov = { &q, sizeof(q) };

	if (fence_send(sb->sock, &iov, 1, NULL, 0) < 0)
		sb->dead = true;
}

void sandbox_stop(struct sandbox *sb)
{
	if (!sb)
		return;
	sandbox_mode(sb); /* the launcher's trial is over, and cleaned up behind */
	imap_each (&sb->children, it)
		ask(sb, ASK_KILL, (uint32_t)it->key);
	while (sb->children.n && sandbox_turn(sb) == 0) {
		struct pollfd p = { sb->sock, POLLIN, 0 };

		if (sb->children.n)
			poll(&p, 1, -1);
	}
	close(sb->sock);
	kill(sb->launcher, SIGKILL);
	while (waitpid(sb->launcher, NULL, 0) < 0 && errno == EINTR)
		continue;
	imap_fini(&sb->children);
	json_decref(sb->found);
	free(sb);
}

int sandbox_fd(const struct sandbox *sb)
{
	return sb->sock;
}

void sandbox_on_loss(struct sandbox *sb, void (*fn)(void *ctx), void *ctx)
{
	sb->lost = fn;
	sb->lost_ctx = ctx;
}

/* --- reports ----------------------------------------------------------------------------- */

static void last_report(struct sandbox *sb, struct fence_child *c, struct fence_report *report)
{
	imap_remove(&sb->children, c->id);
	c->fn(c->ctx, report);
	if (c->listener >= 0)
		close(c->listener);
	free(c);
}

static void on_settled(struct sandbox *sb, const struct fence_reply *r, struct str text)
{
	sb->settled = true;
	sb->mode = r->mode;
	sb->found = json_parse(text, NULL);
}

static void deliver(struct sandbox *sb, const struct fence_reply *r, struct str proof, int listener)
{
	struct fence_child *c = imap_get(&sb->children, r->id);
	struct fence_report report = { .event = r->event, .listener = listener };
	struct err err = { 0 };

	if (r->event == REPLY_SETTLED)
		on_settled(sb, r, proof);
	if (!c) {
		if (listener >= 0)
			close(listener);
		return;
	}
	if (r->event == FENCE_READY) {
		json_t *doc = json_parse(proof, NULL);

		report.proof = doc;
		if (listener < 0) {
			report.listener = c->listener;
			c->listener = -1;
		}
		c->fn(c->ctx, &report);
		json_decref(doc);
		return;
	}
	if (r->event == FENCE_REFUSED) {
		fence_explain(&r->fault, &err);
		report.err = &err;
	}
	report.status = r->status;
	report.out_of_memory = r->out_of_memory;
	report.group = r->group;
	last_report(sb, c, &report);
}

static struct fence_child *any_child(const struct sandbox *sb)
{
	struct fence_child *c = NULL;

	imap_each (&sb->children, it)
		c = it->value;
	return c;
}

/* The launcher is gone and took every child with it. */
static int bury(struct sandbox *sb)
{
	struct fence_child *c;

	sb->dead = true;
	if (sb->lost)
		sb->lost(sb->lost_ctx);
	while ((c = any_child(sb))) {
		struct fence_report report = {
			.event = FENCE_EXITED, .listener = -1, .status = SIGKILL
		};

		last_report(sb, c, &report);
	}
	return -EPIPE;
}

/* One packet. 0, -EAGAIN: there is none now, -EPIPE: and there will be none. */
static int take(struct sandbox *sb, int flags)
{
	static char text[FENCE_PROOF_MAX]; /* the main thread's */
	struct fence_reply r;
	struct iovec iov[2] = { { &r, sizeof(r) }, { text, sizeof(text) } };
	int fds[FENCE_FDS_MAX];
	size_t n_fds;
	ssize_t n = fence_receive(sb->sock, iov, 2, flags, fds, &n_fds, NULL);

	if (n == -EAGAIN && !sb->dead)
		return -EAGAIN;
	if (n < (ssize_t)sizeof(r))
		return bury(sb);
	deliver(sb, &r, (struct str){ text, (size_t)n - sizeof(r) }, n_fds ? fds[0] : -1);
	return 0;
}

int sandbox_turn(struct sandbox *sb)
{
	int rc;

	do
		rc = take(sb, MSG_DONTWAIT);
	while (rc == 0);
	return rc == -EAGAIN ? 0 : rc;
}

/* --- requests ---------------------------------------------------------------------------- */

/* The spec as a file that nobody can reach but by this descriptor. */
static int spec_file(const struct fence_spec *spec)
{
	struct buf bytes;
	int fd = memfd_create("fence-spec", MFD_CLOEXEC);
	int rc = fd < 0 ? -errno : 0;

	buf_init(&bytes, FENCE_SPEC_MAX);
	fence_spec_pack(spec, &bytes);
	if (!rc)
		rc = buf_status(&bytes);
	if (!rc && pwrite(fd, bytes.p, bytes.n, 0) != (ssize_t)bytes.n)
		rc = -EIO;
	buf_fini(&bytes);
	if (rc && fd >= 0)
		close(fd);
	return rc ? rc : fd;
}

static int send_spawn(struct sandbox *sb, const struct fence_spec *spec, uint32_t id)
{
	const int given[3] = { spec->in, spec->out, spec->err };
	struct fence_request q = { .type = ASK_SPAWN, .id = id };
	struct iovec iov = { &q, sizeof(q) };
	int fds[FENCE_FDS_MAX] = { spec_file(spec) };
	size_t n = 1;

	if (fds[0] < 0)
		return fds[0];
	for (size_t i = 0; i < 3; i++) {
		q.has[i] = given[i] >= 0;
		if (q.has[i])
			fds[n++] = given[i];
	}
	ssize_t sent = fence_send(sb->sock, &iov, 1, fds, n);

	close(fds[0]);
	return sent < 0 ? (int)sent : 0;
}

int sandbox_spawn(struct sandbox *sb, const struct fence_spec *spec, fence_fn fn, void *ctx,
    struct fence_child **ret, struct err *err)
{
	int rc = fence_spec_check(spec, err);

	if (rc)
		return rc;
	rc = sb->dead ? -EPIPE : send_spawn(sb, spec, ++sb->next);
	if ((rc == -EPIPE || rc == -ECONNRESET) && !sb->dead)
		rc = bury(sb); /* it is noticed here first */
	if (rc) {
		err_set(err, rc, "cannot ask the fence's launcher for a child");
		return err_why(err, "%s", err_name(rc));
	}
	struct fence_child *c = xalloc(sizeof(*c));

	*c = (struct fence_child){ .sandbox = sb, .id = sb->next, .fn = fn, .ctx = ctx };
	c->listener = -1;
	if (spec->place && spec->place->in_place) {
		c->listener = spec->place->listener;
		spec->place->listener = -1;
	}
	imap_put(&sb->children, c->id, c);
	*ret = c;
	return 0;
}

void sandbox_go(struct fence_child *child)
{
	ask(child->sandbox, ASK_GO, child->id);
}

void sandbox_kill(struct fence_child *child, bool soft)
{
	ask(child->sandbox, soft ? ASK_TERM : ASK_KILL, child->id);
}

/* --- the mode ---------------------------------------------------------------------------- */

/* The launcher's first word comes before any other. */
enum fence_mode sandbox_mode(struct sandbox *sb)
{
	while (!sb->settled && take(sb, 0) == 0)
		continue;
	return sb->mode;
}

json_t *sandbox_probe(struct sandbox *sb, enum fence_mode *ret_mode)
{
	*ret_mode = sandbox_mode(sb);
	return sb->found ? json_deep_copy(sb->found) : json_object();
}

int sandbox_let_in(struct sandbox *sb, const char *dir, struct err *err)
{
	return sandbox_mode(sb) == FENCE_C ? fence_let_in(dir, err) : 0;
}

int sandbox_set_base(struct sandbox *sb, const char *dir, struct err *err)
{
	sb->base = dir;
	return sandbox_let_in(sb, dir, err);
}

int sandbox_place(struct sandbox *sb, struct arena *a, enum fence_purpose purpose,
    struct fence_place *ret, struct err *err)
{
	bool network = purpose == FENCE_AGENT;

	if (sandbox_mode(sb) == FENCE_C)
		return fence_place_make(a, sb->base ? sb->base : "/tmp", network, ret, err);
	*ret = (struct fence_place){ .scratch = "/scratch",
		.home = "/scratch/home",
		.tmp = "/scratch/tmp",
		.port = network ? FENCE_PORT : 0,
		.listener = -1 };
	return 0;
}
