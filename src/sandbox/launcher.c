/*
 * The launcher: a small process between the daemon and the children. It was forked before the
 * daemon had threads or secrets, it executes nothing itself, and its death is the death of
 * everything it made. One loop over the daemon's requests, what children say, and who died. Before
 * the first request it tries which mode this machine holds (ladder.c).
 *
 *   SPAWN ─► clone ─► armed ─► build ─► ready + proof ─► GO ─► ended ─► reaped: namespace is empty
 *                └───────────┴── failed ──┴─► reaped ─► REFUSED with the child's own reason
 */
#include "sandbox/priv.h"

#include "base/json.h"
#include "base/list.h"
#include "base/unconst.h"
#include "sys/fs.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define CLONE_ALL                                                                                  \
	(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | \
	    CLONE_NEWCGROUP)

struct kid {
	struct list list;
	struct arena *arena;
	struct fence_plan plan;
	uint32_t id;
	pid_t init;
	int sock, main_fd;
	bool trial; /* of the ladder; nobody asked for it */
	bool ready, ended, killed, too_large;
	int status;
	struct fence_fault fault;
	unsigned long long oom_before;
};

struct launcher {
	int sock, signals;
	pid_t daemon;
	struct list kids;
	size_t n_kids;
	bool settled; /* the mode is known */
	msec_t look;  /* when the memory of children is looked at next */
	char trial_dir[32];
	struct fence_host host;
};

/* --- replies ----------------------------------------------------------------------------- */

static void reply(struct launcher *l, const struct fence_reply *r, struct str proof, int listener)
{
	struct iovec iov[2] = { { unconst(r), sizeof(*r) }, { unconst(proof.p), proof.n } };

	if (fence_send(l->sock, iov, proof.n ? 2 : 1, &listener, listener >= 0) < 0)
		fence_quit(1); /* the daemon is gone */
}

static void reply_refused(struct launcher *l, uint32_t id, const struct fence_fault *f)
{
	const struct fence_reply r = { .event = FENCE_REFUSED, .id = id, .fault = *f };

	reply(l, &r, (struct str){ NULL, 0 }, -1);
}

static void reply_ended(struct launcher *l, const struct kid *k, int status)
{
	bool oom = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && !k->killed &&
		   fence_oom_kills() > k->oom_before;
	const struct fence_reply r = { .event = FENCE_EXITED,
		.id = k->id,
		.status = status,
		.out_of_memory = oom || k->too_large };

	reply(l, &r, (struct str){ NULL, 0 }, -1);
}

/* --- making one -------------------------------------------------------------------------- */

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* What only the child needs from here on. */
static void close_given(struct kid *k)
{
	close_fd(&k->plan.spec.in);
	close_fd(&k->plan.spec.out);
	close_fd(&k->plan.spec.err);
	close_fd(&k->plan.repo_tree);
	close_fd(&k->plan.writable_tree);
	for (size_t i = 0; k->plan.bind_trees && i < k->plan.spec.n_binds; i++)
		close_fd(&k->plan.bind_trees[i]);
}

static void kid_free(struct launcher *l, struct kid *k)
{
	close_given(k);
	close_fd(&k->sock);
	close_fd(&k->main_fd);
	list_remove(&k->list);
	l->n_kids--;
	arena_destroy(k->arena);
	free(k);
}

static int read_spec(struct kid *k, int memfd, struct fence_fault *f)
{
	struct stat st;

	if (fstat(memfd, &st) < 0 || st.st_size <= 0 || (size_t)st.st_size > FENCE_SPEC_MAX)
		return fence_fail(f, STAGE_REQUEST, -EPROTO, "size");
	char *bytes = arena_alloc(k->arena, (size_t)st.st_size);

	if (pread(memfd, bytes, (size_t)st.st_size, 0) != st.st_size)
		return fence_fail(f, STAGE_REQUEST, -EIO, "reading");
	int rc =
	    fence_spec_unpack(k->arena, (struct str){ bytes, (size_t)st.st_size }, &k->plan.spec);

	return rc ? fence_fail(f, STAGE_REQUEST, rc, "form") : 0;
}

static void set_stdio(struct fence_spec *spec, const struct fence_request *q, int *fds)
{
	int *const to[3] = { &spec->in, &spec->out, &spec->err };
	size_t at = 1; /* behind the memfd */

	for (size_t i = 0; i < 3; i++)
		if (q->has[i]) {
			*to[i] = fds[at];
			fds[at++] = -1;
		}
}

/* In place a root's worker owns the one directory it writes to. */
static int give_writable(const struct fence_host *host, const char *path, struct fence_fault *f)
{
	if (!path || lchown(path, host->uid, host->gid) == 0)
		return 0;
	return fence_fail(f, STAGE_TREE, -errno, path);
}

/* Only root can, and has to, open what it shows before it leaves (idmap.c). */
static int open_trees(struct launcher *l, struct kid *k, struct fence_fault *f)
{
	const struct fence_spec *spec = &k->plan.spec;
	int *trees = arena_array(k->arena, spec->n_binds + 1, sizeof(*trees));
	int rc = 0;

	for (size_t i = 0; i < spec->n_binds; i++)
		trees[i] = -1;
	k->plan.bind_trees = trees;
	if (!l->host.root)
		return 0;
	if (k->plan.mode == FENCE_C)
		return give_writable(&l->host, spec->writable, f);
	if (spec->repo)
		rc = k->plan.repo_tree =
		    fence_tree_open_as(&l->host, spec->repo, fence_attrs_repo(), false, f);
	if (rc >= 0 && spec->writable)
		rc = k->plan.writable_tree =
		    fence_tree_open_as(&l->host, spec->writable, fence_attrs_writable(), true, f);
	for (size_t i = 0; i < spec->n_binds && rc >= 0; i++)
		rc = trees[i] = fence_tree_open_as(
		    &l->host, spec->binds[i].host, fence_attrs_bind(&spec->binds[i]), false, f);
	return rc < 0 ? rc : 0;
}

static int tell(struct kid *k, char what)
{
	return send(k->sock, &what, 1, MSG_NOSIGNAL) == 1 ? 0 : -errno;
}

/* A child that is not mapped gives up by itself when its socket closes. */
static void map(const struct launcher *l, struct kid *k)
{
	int rc = fence_map_ids(k->init, l->host.uid, l->host.uid, l->host.gid, l->host.gid);

	if (!rc)
		rc = tell(k, SAY_MAPPED);
	if (!rc)
		return;
	fence_fail(&k->fault, STAGE_IDENTITY, rc, NULL);
	kill(k->init, SIGKILL);
}

/* In the child everything that was ever allocated here is a private copy. */
static int start(struct launcher *l, struct kid *k, struct fence_fault *f)
{
	int ends[2];
	const int on = 1;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return fence_fail(f, STAGE_REQUEST, -errno, "socket");
	k->sock = ends[0];
	k->plan.sock = ends[1];
	if (setsockopt(k->sock, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) < 0)
		fence_fail(f, STAGE_REQUEST, -errno, "socket");
	unsigned long walls = k->plan.mode == FENCE_C ? 0 : CLONE_ALL;

	walls &= ~(unsigned long)FENCE_HOLE_BITS("namespaces");
	pid_t pid = (pid_t)syscall(SYS_clone, walls | SIGCHLD, NULL, NULL, NULL, 0);

	if (pid == 0)
		fence_child(&k->plan);
	close(ends[1]);
	if (pid < 0)
		return fence_fail(f, STAGE_CLONE, -errno, NULL);
	k->init = pid;
	close_given(k);
	if (l->host.root && k->plan.mode != FENCE_C)
		map(l, k);
	k->oom_before = fence_oom_kills(); /* takes its time, and now there is some */
	return 0;
}

static int make(struct launcher *l, struct kid *k, const struct fence_request *q, int *fds,
    size_t n_fds, struct fence_fault *f)
{
	size_t want = 1u + q->has[0] + q->has[1] + q->has[2];

	if (l->host.mode == FENCE_NONE) {
		*f = l->host.why[FENCE_A];
		return f->code;
	}
	if (l->n_kids > FENCE_CHILDREN_MAX)
		return fence_fail(f, STAGE_REQUEST, -EAGAIN, "too many children at once");
	if (n_fds != want)
		return fence_fail(f, STAGE_REQUEST, -EPROTO, "descriptors");
	int rc = read_spec(k, fds[0], f);

	if (rc)
		return rc;
	if ((k->plan.spec.place != NULL) != (k->plan.mode == FENCE_C))
		return fence_fail(f, STAGE_REQUEST, -EPROTO, "place");
	set_stdio(&k->plan.spec, q, fds);
	rc = open_trees(l, k, f);
	return rc ? rc : start(l, k, f);
}

static struct kid *kid_create(struct launcher *l, uint32_t id)
{
	struct kid *k = xalloc(sizeof(*k));

	k->arena = arena_create("fence child", MIB(16));
	k->id = id;
	k->sock = k->main_fd = -1;
	k->plan = (struct fence_plan){ .host = &l->host,
		.mode = l->host.mode,
		.sock = -1,
		.repo_tree = -1,
		.writable_tree = -1 };
	k->plan.spec.in = k->plan.spec.out = k->plan.spec.err = -1;
	list_push(&l->kids, &k->list);
	l->n_kids++;
	return k;
}

static void spawn(struct launcher *l, const struct fence_request *q, int *fds, size_t n_fds)
{
	struct kid *k = kid_create(l, q->id);
	struct fence_fault f = { .stage = STAGE_NONE };

	if (make(l, k, q, fds, n_fds, &f) < 0) {
		reply_refused(l, q->id, &f);
		kid_free(l, k);
	}
}

/*
 * Init's death is the end of its namespace; a warden is asked, and answers when all is gone. It
 * does not hear while the main process still stands in its memory, but that one does.
 */
static void kill_kid(struct kid *k)
{
	k->killed = true;
	if (k->plan.mode == FENCE_C && k->sock >= 0)
		shutdown(k->sock, SHUT_WR);
	kill(k->init, k->plan.mode == FENCE_C ? SIGTERM : SIGKILL);
}

/* --- the ladder -------------------------------------------------------------------------- */

static void settle(struct launcher *l)
{
	json_t *doc = fence_ladder_describe(&l->host);
	const struct fence_reply r = { .event = REPLY_SETTLED, .mode = l->host.mode };
	char *text = json_dump(doc);

	l->settled = true;
	reply(l, &r, str_from(text), -1);
	free(text);
	json_decref(doc);
}

/* A private directory for a child that has no mounts, in the way sandbox_place makes one. */
static int make_trial_dir(struct launcher *l, struct fence_fault *f)
{
	strcpy(l->trial_dir, "/tmp/tutti-trial-XXXXXX");
	if (!mkdtemp(l->trial_dir)) {
		int rc = -errno;

		l->trial_dir[0] = '\0';
		return fence_fail(f, STAGE_SCRATCH, rc, "/tmp");
	}
	if (l->host.root && lchown(l->trial_dir, l->host.uid, l->host.gid) < 0)
		return fence_fail(f, STAGE_SCRATCH, -errno, l->trial_dir);
	return 0;
}

static int try_mode(struct launcher *l, struct kid *k, struct fence_fault *f)
{
	int rc = fence_filter_build(l->host.mode, &l->host.filter);

	if (rc)
		return fence_fail(f, STAGE_SECCOMP, rc, NULL);
	if (l->host.mode == FENCE_C)
		rc = make_trial_dir(l, f);
	k->trial = k->plan.trial = true;
	k->plan.spec = fence_trial_spec(l->host.mode == FENCE_C ? l->trial_dir : NULL);
	if (!rc)
		rc = open_trees(l, k, f);
	return rc ? rc : start(l, k, f);
}

/* Tries the mode that is set, and those below it as long as nothing can be started at all. */
static void climb_down(struct launcher *l)
{
	while (l->host.mode != FENCE_NONE) {
		struct kid *k = kid_create(l, 0);

		if (try_mode(l, k, &l->host.why[l->host.mode]) == 0)
			return;
		kid_free(l, k);
		l->host.mode = fence_mode_below(l->host.mode);
	}
	settle(l);
}

static void trial_over(struct launcher *l, const struct fence_fault *f)
{
	if (l->trial_dir[0])
		fs_remove_tree(l->trial_dir);
	l->trial_dir[0] = '\0';
	if (!f->stage) {
		settle(l);
		return;
	}
	l->host.why[l->host.mode] = *f;
	l->host.mode = fence_mode_below(l->host.mode);
	climb_down(l);
}

/* --- what children say ------------------------------------------------------------------- */

static void refuse(struct kid *k, const struct fence_fault *f)
{
	k->fault = *f;
	kill_kid(k);
}

/* The walls stand; what the kernel says about them is read here, from outside. */
static void on_ready(struct launcher *l, struct kid *k, const struct fence_note *note, pid_t main,
    int *fds, size_t n)
{
	const struct fence_seen seen = { k->init, main, &k->plan, note };
	const struct fence_reply r = { .event = FENCE_READY, .id = k->id };
	/* the listener of a child in place was the daemon's from the beginning */
	size_t want = k->plan.spec.port && k->plan.mode != FENCE_C ? 2 : 1;
	struct fence_fault f = { .stage = STAGE_NONE };
	json_t *proof = NULL;

	if (n != want || k->ready)
		fence_fail(&f, STAGE_PROOF, -EPROTO, "descriptors");
	else if (fence_proof(&seen, &proof, &f) == 0) {
		char *text = json_dump(proof);

		k->ready = true;
		k->main_fd = fds[0];
		fds[0] = -1;
		l->host.programs[l->host.next_program++ % FENCE_PROGRAMS] = note->program;
		if (k->trial)
			kill_kid(k);
		else
			reply(l, &r, str_from(text), want == 2 ? fds[1] : -1);
		free(text);
		json_decref(proof);
		return;
	}
	refuse(k, &f);
}

static void on_note(struct launcher *l, struct kid *k, const struct fence_note *note, pid_t from,
    int *fds, size_t n_fds)
{
	if (note->type == NOTE_ARMED) {
		tell(k, SAY_BUILD);
	} else if (note->type == NOTE_FAILED) {
		if (!k->killed) /* that it was told to go is no reason of its own */
			k->fault = note->fault;
	} else if (note->type == NOTE_READY) {
		on_ready(l, k, note, from, fds, n_fds);
	} else if (note->type == NOTE_ENDED) {
		k->ended = true;
		k->status = note->status;
	}
}

/* False when there is nothing more to read. */
static bool hear(struct launcher *l, struct kid *k)
{
	struct fence_note note;
	struct iovec iov = { &note, sizeof(note) };
	int fds[FENCE_FDS_MAX];
	size_t n_fds;
	pid_t from = -1;
	ssize_t n = fence_receive(k->sock, &iov, 1, MSG_DONTWAIT, fds, &n_fds, &from);

	if (n == (ssize_t)sizeof(note))
		on_note(l, k, &note, from, fds, n_fds);
	for (size_t i = 0; i < n_fds; i++)
		close_fd(&fds[i]);
	if (n == 0)
		close_fd(&k->sock);
	return n > 0;
}

/* --- deaths ------------------------------------------------------------------------------ */

static void describe_death(struct kid *k, int status)
{
	char how[32];

	if (k->fault.stage)
		return;
	snprintf(how, sizeof(how), WIFSIGNALED(status) ? "signal %d" : "exit status %d",
	    WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	fence_fail(&k->fault, STAGE_DIED, -ECHILD, how);
}

static bool is_kid(const struct launcher *l, pid_t pid)
{
	list_each (&l->kids, it)
		if (list_item(it, struct kid, list)->init == pid)
			return true;
	return false;
}

/* Kills what is our child and no kid. False when there is none, or the kernel does not say. */
static bool kill_orphans(const struct launcher *l)
{
	unsigned long long pid;
	struct buf text;
	bool any = false;

	buf_init(&text, FENCE_PROC_MAX);
	if (fence_proc_read(0, "thread-self/children", &text) == 0)
		for (struct str rest = buf_str(&text); rest.p;) {
			if (!str_to_u64(str_split(&rest, ' '), INT32_MAX, &pid) ||
			    is_kid(l, (pid_t)pid))
				continue;
			kill((pid_t)pid, SIGKILL);
			waitpid((pid_t)pid, NULL, __WALL);
			any = true;
		}
	buf_fini(&text);
	return any;
}

/*
 * Somebody killed a warden; its task is ours now: what it watched was handed to us, and what those
 * leave behind will be.
 */
static void replace_warden(const struct launcher *l, const struct kid *k)
{
	if (k->plan.mode != FENCE_C || k->ended)
		return;
	while (kill_orphans(l))
		continue;
}

/* Its init or warden is reaped, so nothing of it lives any more. */
static void on_death(struct launcher *l, struct kid *k, int status)
{
	while (k->sock >= 0 && hear(l, k))
		continue;
	replace_warden(l, k);
	if (k->trial) {
		if (!k->ready)
			describe_death(k, status);
		struct fence_fault f = k->fault;

		kid_free(l, k);
		trial_over(l, &f);
		return;
	}
	if (k->ready && !k->fault.stage) {
		reply_ended(l, k, k->ended ? k->status : status);
	} else {
		describe_death(k, status);
		reply_refused(l, k->id, &k->fault);
	}
	kid_free(l, k);
}

static struct kid *kid_of(const struct launcher *l, pid_t init)
{
	list_each (&l->kids, it) {
		struct kid *k = list_item(it, struct kid, list);

		if (k->init == init)
			return k;
	}
	return NULL;
}

static void reap(struct launcher *l)
{
	struct signalfd_siginfo info;
	int status;
	pid_t pid;

	while (read(l->signals, &info, sizeof(info)) > 0)
		continue;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		struct kid *k = kid_of(l, pid);

		if (k)
			on_death(l, k, status);
	}
}

/* --- memory ------------------------------------------------------------------------------ */

/* For poll: nothing is looked at when nobody is there. */
static int until_look(const struct launcher *l)
{
	msec_t left = l->look - clock_boot();

	return !l->n_kids ? -1 : left > 0 ? (int)left : 0;
}

static void look_at_memory(struct launcher *l)
{
	uint64_t bytes;

	if (until_look(l) != 0)
		return;
	list_each (&l->kids, it) {
		struct kid *k = list_item(it, struct kid, list);

		if (!k->ready || k->killed)
			continue;
		fence_weigh(k->init, &bytes);
		if (bytes > FENCE_CEILING) {
			k->too_large = true;
			kill_kid(k);
		}
	}
	l->look = clock_boot() + FENCE_LOOK_MS;
}

/* --- requests ---------------------------------------------------------------------------- */

static struct kid *find(struct launcher *l, uint32_t id)
{
	list_each (&l->kids, it) {
		struct kid *k = list_item(it, struct kid, list);

		if (k->id == id)
			return k;
	}
	return NULL;
}

/* A child that has died meanwhile is not there any more; its end was told. */
static void command(struct launcher *l, const struct fence_request *q)
{
	struct kid *k = find(l, q->id);

	if (!k)
		return;
	if (q->type == ASK_GO && k->ready) {
		tell(k, SAY_GO);
	} else if (q->type == ASK_KILL) {
		kill_kid(k);
	} else if (q->type == ASK_TERM && k->main_fd >= 0) {
		syscall(SYS_pidfd_send_signal, k->main_fd, SIGTERM, NULL, 0);
	}
}

static void on_request(struct launcher *l)
{
	struct fence_request q;
	struct iovec iov = { &q, sizeof(q) };
	int fds[FENCE_FDS_MAX];
	size_t n_fds;
	ssize_t n = fence_receive(l->sock, &iov, 1, 0, fds, &n_fds, NULL);

	if (n <= 0)
		fence_quit(0); /* the kernel kills the children: each dies with its parent */
	if (n == (ssize_t)sizeof(q)) {
		if (q.type == ASK_SPAWN)
			spawn(l, &q, fds, n_fds);
		else
			command(l, &q);
	}
	for (size_t i = 0; i < n_fds; i++)
		close_fd(&fds[i]);
}

/* --- the loop ---------------------------------------------------------------------------- */

static size_t fill(struct launcher *l, struct pollfd *fds, struct kid **kids)
{
	size_t n = 2;

	fds[0] = (struct pollfd){ l->sock, l->settled ? POLLIN : 0, 0 };
	fds[1] = (struct pollfd){ l->signals, POLLIN, 0 };
	list_each (&l->kids, it) {
		struct kid *k = list_item(it, struct kid, list);

		if (k->sock < 0)
			continue;
		kids[n] = k;
		fds[n++] = (struct pollfd){ k->sock, POLLIN, 0 };
	}
	return n;
}

static void turn(struct launcher *l)
{
	struct pollfd fds[FENCE_CHILDREN_MAX + 4];
	struct kid *kids[FENCE_CHILDREN_MAX + 4];
	size_t n = fill(l, fds, kids);

	if (poll(fds, n, until_look(l)) < 0)
		return;
	look_at_memory(l);
	for (size_t i = 2; i < n; i++)
		if (fds[i].revents)
			hear(l, kids[i]);
	if (fds[1].revents)
		reap(l);
	if (fds[0].revents)
		on_request(l);
}

static int watch_children(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

void fence_launcher(int sock, pid_t daemon)
{
	static const int ignored[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGUSR1,
		SIGUSR2 };
	struct launcher l = { .sock = sock, .daemon = daemon };

	prctl(PR_SET_NAME, "tutti-launcher");
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); /* for what a killed warden leaves */
	if (getppid() != daemon)
		fence_quit(1);
	/* the terminal's signals are the daemon's business */
	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		signal(ignored[i], SIG_IGN);
	list_init(&l.kids);
	fence_host_init(&l.host);
	l.signals = watch_children();
	if (l.signals < 0)
		fence_quit(1);
	l.host.mode = FENCE_A;
	climb_down(&l);
	for (;;)
		turn(&l);
}
