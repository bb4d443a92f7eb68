/*
 * Many pages that watch one run of a daemon, in one process:
 *
 *   watchers PORT RUN STEP PAGES STALLED [STALL-SECONDS]        the token in TUTTI_TOKEN
 *
 * Each is a WebSocket that follows the run and reads one agent along, as a browser does. STALLED of
 * them stop reading, once they have the document, for STALL-SECONDS (10). Everything is counted by
 * the numbers in the frames: what is missing, what comes twice. At the end, when all know that the
 * run is over, one JSON object goes to stdout; delays are in milliseconds. "event" is from the
 * stamp of an event to its arrival; "text" from the moment at which the quickest page has a byte of
 * the answer to that at which another one has it.
 */
#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/limits.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PAGES_MAX 4000
#define PATIENCE_MS 180000
#define SETTLE_MS 2000 /* from the last one's document on nothing is measured: all catch up */

struct page {
	int fd;
	struct buf in;
	bool stalls, stalled, over;
	msec_t until; /* while it is stalled */
	int64_t seq;  /* of the last event it knows of */
	int64_t text; /* bytes of the answer */
	unsigned snaps, trims;
};

struct series {
	double *v;
	size_t n, cap;
};

/* When the quickest page had the answer up to END. */
struct reach {
	int64_t end;
	double at;
};

static struct page pages[PAGES_MAX];
static unsigned n_pages, n_joined, n_over, missed, twice, strange, events;
static struct series event_delays, text_delays;
static struct reach *reached;
static size_t n_reached;
static const char *run, *step;
static msec_t stall_ms = 10000;
static double measure_from = 1e300;

static void die(const char *what)
{
	fprintf(stderr, "watchers: %s: %s\n", what, strerror(errno));
	exit(1);
}

static double now_ms(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void series_add(struct series *s, double v)
{
	if (s->n == s->cap) {
		s->cap = s->cap ? 2 * s->cap : 1024;
		s->v = realloc(s->v, s->cap * sizeof(*s->v));
		if (!s->v)
			die("memory");
	}
	s->v[s->n++] = v;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static json_t *series_json(struct series *s)
{
	static const double parts[] = { 0.5, 0.99, 1 };
	static const char *const names[] = { "p50", "p99", "max" };
	json_t *o = json_object();

	qsort(s->v, s->n, sizeof(*s->v), compare);
	for (size_t i = 0; i < 3; i++) {
		size_t at = (size_t)((double)s->n * parts[i]);
		double v = s->n ? s->v[at < s->n ? at : s->n - 1] : 0;

		json_object_set_new(o, names[i], json_real((double)(long long)(v * 100) / 100));
	}
	json_object_set_new(o, "n", json_integer((json_int_t)s->n));
	return o;
}

/* --- what a page hears --------------------------------------------------------------------- */

/* "2026-01-02T03:04:05.678Z" */
static double stamp_ms(const char *s)
{
	struct tm tm = { 0 };
	const char *rest = strptime(s, "%Y-%m-%dT%H:%M:%S", &tm);

	return rest ? (double)timegm(&tm) * 1e3 + strtod(rest, NULL) * 1e3 : 0;
}

static void note_text(int64_t end)
{
	double now = now_ms(CLOCK_MONOTONIC);
	size_t lo = 0, hi = n_reached;

	if (!n_reached || reached[n_reached - 1].end < end) {
		if (!(n_reached & (n_reached - 1)))
			reached =
			    realloc(reached, (n_reached ? 2 * n_reached : 1) * sizeof(*reached));
		if (!reached)
			die("memory");
		reached[n_reached++] = (struct reach){ end, now };
		return;
	}
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (reached[mid].end < end)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (now >= measure_from)
		series_add(&text_delays, now - reached[lo].at);
}

static void move_to(struct page *p, int64_t end)
{
	p->text = end;
	if (!p->stalls)
		note_text(end);
}

/* The number behind NAME, which stands near the beginning; -1: there is none. */
static int64_t number_of(struct str frame, const char *name)
{
	struct str head = str_take(frame, 400);
	const char *at = memmem(head.p, head.n, name, strlen(name));

	return at ? strtoll(at + strlen(name), NULL, 10) : -1;
}

/* Bytes of the text of a frame "text", which is its last member. */
static int64_t length_of(struct str frame)
{
	const char *at = memmem(frame.p, frame.n, "\"s\":\"", 5), *end = frame.p + frame.n - 2;
	int64_t n = 0;

	for (at = at ? at + 5 : end; at < end; at++, n++) {
		if (*at != '\\')
			continue;
		if (*++at == 'u')
			at += 4; /* a control character: one byte */
	}
	return n;
}

static void on_text(struct page *p, struct str frame)
{
	int64_t off = number_of(frame, "\"off\":");

	missed += off > p->text;
	twice += off < p->text;
	move_to(p, off + length_of(frame));
}

/* Blocks tell again what was open text. */
static void on_blocks(struct page *p, struct str frame)
{
	int64_t end = number_of(frame, "\"end\":");

	if (end > p->text)
		move_to(p, end);
}

static void note_status(struct page *p, struct str status)
{
	bool over = status.n && !str_is(status, "running");

	n_over += over && !p->over;
	p->over |= over;
}

static void on_events(struct page *p, const json_t *f)
{
	const json_t *item;
	int64_t after = json_get_int(f, "after", -1), last = after;
	double now = now_ms(CLOCK_REALTIME);
	size_t i;

	missed += after > p->seq;
	twice += after < p->seq;
	json_array_foreach (json_get_array(f, "items"), i, item) {
		int64_t seq = json_get_int(item, "seq", 0);

		twice += seq <= last;
		last = seq;
		events++;
		if (!p->stalls && now_ms(CLOCK_MONOTONIC) >= measure_from)
			series_add(&event_delays, now - stamp_ms(json_get_cstr(item, "at", "")));
		if (str_is(json_get_str(item, "type"), "run"))
			note_status(p, json_get_str(json_get_object(item, "data"), "status"));
	}
	p->seq = json_get_int(f, "seq", 0);
	missed += last > p->seq;
}

static void on_snap(struct page *p, const json_t *f)
{
	const json_t *doc = json_get_object(f, "run");

	p->seq = json_get_int(doc, "seq", 0);
	note_status(p, json_get_str(doc, "status"));
	n_joined += !p->snaps++;
	if (n_joined == n_pages && measure_from > 1e299)
		measure_from = now_ms(CLOCK_MONOTONIC) + SETTLE_MS;
	if (p->stalls && !p->stalled) {
		p->stalled = true;
		p->until = (msec_t)now_ms(CLOCK_MONOTONIC) + stall_ms;
	}
}

static void on_other(struct page *p, struct str text)
{
	struct err err = { 0 };
	json_t *f = json_parse(text, &err);
	struct str t = json_get_str(f, "t");

	if (str_is(t, "ev"))
		on_events(p, f);
	else if (str_is(t, "snap"))
		on_snap(p, f);
	else if (str_is(t, "trim"))
		p->trims++;
	else if (!str_is(t, "hello") && !str_is(t, "tail") && !str_is(t, "report"))
		fprintf(stderr, "%.*s\n", STR_ARG(text)), strange++;
	json_decref(f);
}

/* What comes often, and is large, is only looked at. */
static void on_frame(struct page *p, struct str text)
{
	if (str_starts(text, STR("{\"t\":\"text\"")))
		on_text(p, text);
	else if (str_starts(text, STR("{\"t\":\"blocks\"")))
		on_blocks(p, text);
	else
		on_other(p, text);
}

/* --- WebSocket ------------------------------------------------------------------------------ */

static void say(struct page *p, unsigned opcode, struct str text)
{
	unsigned char head[8] = { (unsigned char)(0x80 | opcode), 0, 0, 0, 0, 0, 0, 0 };
	struct buf b;

	buf_init(&b, KIB(64));
	if (text.n < 126) {
		head[1] = (unsigned char)(0x80 | text.n);
		buf_add(&b, (struct str){ (char *)head, 6 }); /* a mask of zeros */
	} else {
		head[1] = 0x80 | 126;
		head[2] = (unsigned char)(text.n >> 8);
		head[3] = (unsigned char)text.n;
		buf_add(&b, (struct str){ (char *)head, 8 });
	}
	buf_add(&b, text);
	if (send(p->fd, b.p, b.n, MSG_NOSIGNAL) != (ssize_t)b.n)
		die("send");
	buf_fini(&b);
}

/* Takes one frame off the front of IN; false: it is not there yet. */
static bool take_frame(struct page *p)
{
	const unsigned char *b = (const unsigned char *)p->in.p;
	size_t head = 2, n;

	if (p->in.n < 2)
		return false;
	n = b[1];
	head += n == 126 ? 2 : n == 127 ? 8 : 0;
	if (p->in.n < head)
		return false;
	if (head > 2)
		n = 0;
	for (size_t i = 2; i < head; i++)
		n = n << 8 | b[i];
	if (p->in.n < head + n)
		return false;
	struct str text = { p->in.p + head, n };
	unsigned opcode = b[0] & 15;

	if (opcode == 1)
		on_frame(p, text);
	else if (opcode == 9)
		say(p, 10, text);
	else
		strange++;
	buf_drop(&p->in, head + n);
	return true;
}

static void hear(struct page *p)
{
	char bytes[KIB(64)];
	ssize_t n = recv(p->fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		errno = n ? errno : ECONNRESET;
		die("a page was closed");
	}
	buf_add(&p->in, (struct str){ bytes, (size_t)n });
	while (take_frame(p))
		;
}

static void shake_hands(struct page *p, unsigned port)
{
	struct buf b;
	char byte;

	buf_init(&b, KIB(16));
	buf_printf(&b,
	    "GET /api/v1/ws HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nUpgrade: websocket\r\n"
	    "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
	    "Sec-WebSocket-Key: dHV0dGkgaXMgd2F0Y2hlZA==\r\n"
	    "Sec-WebSocket-Protocol: tutti.v1\r\nAuthorization: Bearer %s\r\n\r\n",
	    port, getenv("TUTTI_TOKEN"));
	if (send(p->fd, b.p, b.n, MSG_NOSIGNAL) != (ssize_t)b.n)
		die("send");
	buf_clear(&b);
	while (!str_ends(buf_str(&b), STR("\r\n\r\n"))) {
		if (recv(p->fd, &byte, 1, 0) != 1)
			die("no answer to a handshake");
		buf_addc(&b, byte);
	}
	if (!str_starts(buf_str(&b), STR("HTTP/1.1 101 "))) {
		fprintf(stderr, "%.*s\n", STR_ARG(buf_str(&b)));
		exit(1);
	}
	buf_fini(&b);
}

static void join(struct page *p, unsigned port)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int small = 4096;
	struct buf b;

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	p->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (p->stalls)
		setsockopt(p->fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	if (p->fd < 0 || connect(p->fd, (struct sockaddr *)&at, sizeof(at)) < 0)
		die("connect");
	buf_init(&p->in, MIB(64));
	shake_hands(p, port);
	buf_init(&b, KIB(4));
	buf_printf(&b, "{\"t\":\"sub\",\"run\":\"%s\"}", run);
	say(p, 1, buf_str(&b));
	buf_clear(&b);
	buf_printf(&b, "{\"t\":\"watch\",\"run\":\"%s\",\"step\":\"%s\"}", run, step);
	say(p, 1, buf_str(&b));
	buf_fini(&b);
}

/* --- all of them ---------------------------------------------------------------------------- */

static void arm(int epoll, struct page *p, int op, bool reads)
{
	struct epoll_event e = { .events = reads ? EPOLLIN : 0, .data.ptr = p };

	if (epoll_ctl(epoll, op, p->fd, &e) < 0)
		die("epoll");
}

static void wake(int epoll, msec_t now)
{
	for (unsigned i = 0; i < n_pages; i++) {
		struct page *p = &pages[i];

		if (!p->until || now < p->until)
			continue;
		p->until = 0;
		arm(epoll, p, EPOLL_CTL_MOD, true);
	}
}

static void watch_all(int epoll)
{
	msec_t end = (msec_t)now_ms(CLOCK_MONOTONIC) + PATIENCE_MS;
	struct epoll_event e[64];

	while (n_over < n_pages) {
		int n = epoll_wait(epoll, e, 64, 100);
		msec_t now = (msec_t)now_ms(CLOCK_MONOTONIC);

		for (int i = 0; i < n; i++) {
			struct page *p = e[i].data.ptr;

			hear(p);
			if (p->until)
				arm(epoll, p, EPOLL_CTL_MOD, false);
		}
		wake(epoll, now);
		if (now > end) {
			fprintf(stderr, "watchers: %u of %u know the end\n", n_over, n_pages);
			exit(1);
		}
	}
}

static void tell(void)
{
	unsigned trims = 0, strangers = 0, apart = 0;

	for (unsigned i = 0; i < n_pages; i++) {
		trims += pages[i].stalls && pages[i].trims;
		strangers += !pages[i].stalls && (pages[i].trims || pages[i].snaps != 1);
		apart += pages[i].seq != pages[0].seq;
	}
	json_t *o =
	    json_pack("{s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:o, s:o}", "pages", (int)n_pages,
		"events", (int)events, "missed", (int)missed, "twice", (int)twice, "strange",
		(int)strange, "trimmed", (int)trims, "trimmed_others", (int)strangers, "apart",
		(int)apart, "event", series_json(&event_delays), "text", series_json(&text_delays));
	char *text = json_dump(o);

	puts(text);
	free(text);
	json_decref(o);
}

int main(int argc, char **argv)
{
	unsigned port, stalled;
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	if (argc < 6 || !getenv("TUTTI_TOKEN") || atoi(argv[4]) > PAGES_MAX)
		return 2;
	port = (unsigned)atoi(argv[1]);
	run = argv[2];
	step = argv[3];
	n_pages = (unsigned)atoi(argv[4]);
	stalled = (unsigned)atoi(argv[5]);
	stall_ms = argc > 6 ? atoi(argv[6]) * 1000 : stall_ms;
	for (unsigned i = 0; i < n_pages; i++) {
		pages[i].stalls = i >= n_pages - stalled;
		join(&pages[i], port);
		arm(epoll, &pages[i], EPOLL_CTL_ADD, true);
	}
	watch_all(epoll);
	tell();
	return 0;
}
