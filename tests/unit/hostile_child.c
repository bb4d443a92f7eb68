/*
 * A child that behaves as badly as its first argument says. It speaks the protocol of our own agent
 * where it says anything at all; the second argument is a mark to find its processes by.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MIB (1UL << 20)

static void put(int fd, const char *text, size_t n)
{
	while (n) {
		ssize_t done = write(fd, text, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			_exit(7);
		text += done;
		n -= (size_t)done;
	}
}

static void say(const char *text)
{
	put(1, text, strlen(text));
}

static void begin(void)
{
	say("{\"type\":\"init\",\"mode\":\"read-only\",\"tools\":[\"read_file\"]}\n");
}

static void answer(void)
{
	say("{\"type\":\"result\",\"ending\":\"answered\",\"answer\":\"Two files.\"}\n");
}

static void rest(long ms)
{
	const struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

static void wait_for_ever(void)
{
	for (;;)
		pause();
}

/* --- saying nothing, or only so much ---------------------------------------------------------- */

static void normal(void)
{
	begin();
	answer();
}

/* Five million bytes of findings, each with a citation, in one line. */
static void five_megabytes(void)
{
	static char text[5000000];
	size_t n = 0;

	begin();
	for (unsigned i = 1; n + 200 < sizeof(text); i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n,
		    "### S%u: Part %u is read twice\\nSeverity: low\\nEvidence: "
		    "`main.c:%u` \\\"int main;\\\"\\nClaim: it is.\\n\\n",
		    i, i, i % 3 + 1);
	say("{\"type\":\"result\",\"ending\":\"answered\",\"answer\":\"");
	put(1, text, n);
	say("\"}\n");
}

static void silent(void)
{
	wait_for_ever();
}

static void begins(void)
{
	begin();
	wait_for_ever();
}

/* Alive, and with nothing to show for it. */
static void noisy(void)
{
	begin();
	for (;;) {
		say("I am still here.\n");
		rest(50);
	}
}

static void busy(void)
{
	begin();
	for (;;) {
		say("{\"type\":\"text\",\"text\":\"On and on. \"}\n");
		rest(50);
	}
}

static void stopped(void)
{
	begin();
	raise(SIGSTOP);
	wait_for_ever();
}

static void deaf(void)
{
	for (int sig = 1; sig < 32; sig++)
		signal(sig, SIG_IGN);
	begins();
}

static void closes(void)
{
	begin();
	close(1);
	close(2);
	signal(SIGTERM, SIG_IGN);
	wait_for_ever();
}

static void closes_and_goes(void)
{
	normal();
	close(1);
	rest(20);
}

/* --- ending ----------------------------------------------------------------------------------- */

static void nothing(void)
{
}

static void garbage(void)
{
	say("Loading…\n{\"type\":\"result\"\n\xff\xfe\n[1,2,3]\nDone, see above!\n");
}

static void fails(void)
{
	normal();
	_exit(3);
}

static void crashes(void)
{
	begin();
	signal(SIGSEGV, SIG_DFL);
	raise(SIGSEGV);
}

/* --- saying too much -------------------------------------------------------------------------- */

static char block[MIB];

static void giant_line(void)
{
	memset(block, 'x', sizeof(block));
	begin();
	say("{\"type\":\"text\",\"text\":\"");
	for (int i = 0; i < 1024; i++)
		put(1, block, sizeof(block));
	say("\"}\n");
	answer();
}

/* Two of 7 MiB with something short between them, each to be known by its ends. */
static void long_lines(void)
{
	memset(block, 'z', sizeof(block));
	begin();
	for (int line = 0; line < 2; line++) {
		say(line ? "second\033[2J" : "first\033[2J");
		for (int i = 0; i < 7; i++)
			put(1, block, sizeof(block));
		say("\377\n");
		say("between\n");
	}
	answer();
}

/* More than one text may be, and less than an attempt may write. */
static void long_answer(void)
{
	begin();
	say("{\"type\":\"result\",\"ending\":\"answered\",\"answer\":\"From here");
	memset(block, 'a', sizeof(block));
	put(1, block, sizeof(block));
	say(" to there.\"}\n");
}

/* Whole lines, one after the other, until somebody puts an end to it. */
static size_t fill_with_lines(void)
{
	char line[1100];
	size_t at = 0, n;

	memset(line, 'y', sizeof(line));
	n = (size_t)snprintf(line, sizeof(line), "{\"type\":\"text\",\"text\":\"");
	line[n] = 'y';
	memcpy(line + 1020, "\"}\n", 3);
	for (; at + 1023 <= sizeof(block); at += 1023)
		memcpy(block + at, line, 1023);
	return at;
}

static void endless(void)
{
	size_t n = fill_with_lines();

	begin();
	for (;;)
		put(1, block, n);
}

/* 50 MB a second; and as it should be, a tool call now and then. */
static void flood(void)
{
	size_t n = fill_with_lines();

	begin();
	for (unsigned i = 0;; i++) {
		char call[128];

		snprintf(call, sizeof(call),
		    "{\"type\":\"tool_start\",\"id\":\"c%u\",\"name\":\"read_file\",\"input\":{}}"
		    "\n",
		    i);
		say(call);
		put(1, block, n);
		rest(20);
	}
}

static void noise(void)
{
	unsigned long x = 88172645463325252UL;

	begin();
	for (size_t i = 0; i < sizeof(block); i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		block[i] = (char)x;
	}
	for (int i = 0; i < 8; i++)
		put(1, block, sizeof(block));
	say("\n");
	answer();
}

static void stderr_flood(void)
{
	memset(block, 'e', sizeof(block));
	begin();
	for (int i = 0; i < 256; i++)
		put(2, block, sizeof(block));
	answer();
}

/* --- processes -------------------------------------------------------------------------------- */

/* Children that have gone into sessions of their own, with our stdout in hand. */
static void orphans(void)
{
	begin();
	for (int i = 0; i < 8; i++) {
		if (fork() == 0) {
			setsid();
			signal(SIGTERM, SIG_IGN);
			signal(SIGHUP, SIG_IGN);
			if (fork())
				_exit(0);
			wait_for_ever();
		}
	}
	rest(50);
	answer();
}

static void fork_bomb(void)
{
	begin();
	signal(SIGTERM, SIG_IGN);
	for (;;)
		if (fork() < 0)
			rest(1);
}

static void burn(void)
{
	begin();
	for (volatile unsigned long i = 0;; i++)
		;
}

/* --- what there is only so much of ------------------------------------------------------------ */

static void memory(void)
{
	void *volatile block_of_it; /* or a compiler could know better */
	size_t got = 0;

	begin();
	while ((block_of_it = malloc(64 * MIB)))
		got += 64;
	fprintf(stderr, "there is no more memory\n");
	_exit(got > 4096 ? 9 : 3);
}

/* None of its processes has much, and half of that is shared; all of them have gone their own way.
 */
static void swells(void)
{
	begin();
	for (int i = 0; i < 8; i++) {
		if (fork() == 0) {
			setsid();
			if (fork())
				_exit(0);
			for (int shared = 0; shared < 2; shared++) {
				void *some = mmap(NULL, 32 * MIB, PROT_READ | PROT_WRITE,
				    MAP_ANONYMOUS | (shared ? MAP_SHARED : MAP_PRIVATE), -1, 0);

				if (some == MAP_FAILED)
					_exit(9);
				memset(some, 's', 32 * MIB);
			}
			wait_for_ever();
		}
	}
	wait_for_ever();
}

/* Its place: /scratch/tmp where it has a root of its own. */
static void go_to_scratch(void)
{
	const char *tmp = getenv("TMPDIR");

	if (!tmp || chdir(tmp) < 0)
		_exit(6);
}

static void be_full(int error, const char *why)
{
	if (error != ENOSPC)
		_exit(9);
	fprintf(stderr, "%s\n", why);
	_exit(3);
}

/* 64 MiB of the disk. */
static int take_room(int n)
{
	char name[32];
	int fd;

	snprintf(name, sizeof(name), "%d", n);
	fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	int rc = fd < 0 ? errno : posix_fallocate(fd, 0, 64L << 20);

	close(fd);
	return rc;
}

/* What is too much, and no more: exits with 3 where there is an end to it, else waits for it. */
static void disk(void)
{
	begin();
	go_to_scratch();
	for (int n = 0; n < 9; n++) {
		int rc = take_room(n);

		if (rc)
			be_full(rc, "there is no more room");
	}
	wait_for_ever();
}

static void make_files(int from, int to)
{
	char name[32];

	for (; from < to; from++) {
		snprintf(name, sizeof(name), "%d", from);
		if (mknod(name, S_IFREG | 0600, 0) < 0)
			be_full(errno, "there are no more files to be had");
	}
}

static void inodes(void)
{
	begin();
	go_to_scratch();
	make_files(0, 66000);
	wait_for_ever();
}

/* In a directory that nobody can list, itself included. */
static void hides(void)
{
	go_to_scratch();
	if (mkdir("closed", 0300) < 0 || chdir("closed") < 0)
		_exit(6);
	setenv("TMPDIR", ".", 1);
	disk();
}

/* What is open, and has no name. */
static void nameless(void)
{
	begin();
	go_to_scratch();
	for (int n = 0; n < 9; n++) {
		int fd = open("0", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		int rc = fd < 0 ? errno : posix_fallocate(fd, 0, 64L << 20);

		unlink("0");
		if (rc)
			be_full(rc, "there is no more room");
	}
	rest(2500);
	answer();
}

/* In a directory whose path is too long to be opened. */
static void deep(void)
{
	char name[201] = "";

	begin();
	go_to_scratch();
	memset(name, 'd', sizeof(name) - 1);
	for (int i = 0; i < 40; i++)
		if (mkdir(name, 0700) < 0 || chdir(name) < 0)
			_exit(6);
	take_room(0);
	wait_for_ever();
}

/* A lot, and less than too much, for some time: holes take nothing, and a name no second file. */
static void modest(void)
{
	char name[32];

	begin();
	go_to_scratch();
	for (int n = 0; n < 4; n++) {
		int fd, rc = take_room(n);

		snprintf(name, sizeof(name), "hole-%d", n);
		fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		if (rc || fd < 0 || ftruncate(fd, 200L << 20) < 0)
			_exit(9);
		close(fd);
		for (int again = 0; again < 3; again++) {
			char from[32];

			snprintf(from, sizeof(from), "%d", n);
			snprintf(name, sizeof(name), "%d-%d", n, again);
			if (link(from, name) < 0)
				_exit(9);
		}
	}
	make_files(100, 5000);
	rest(3500);
	answer();
}

/* Things come and go and are moved while they are looked at. */
static void restless(void)
{
	time_t end = time(NULL) + 4;
	char from[32], to[32];

	begin();
	go_to_scratch();
	for (int i = 0; time(NULL) < end; i++) {
		snprintf(from, sizeof(from), "\n\033[2J\xff-%d", i % 50);
		snprintf(to, sizeof(to), "moved-%d", i % 50);
		if (mkdir(from, 0700) < 0 || chdir(from) < 0 || mknod("0", S_IFREG | 0600, 0) < 0 ||
		    chdir("..") < 0 || rename(from, to) < 0 || chdir(to) < 0 || unlink("0") < 0 ||
		    chdir("..") < 0 || rmdir(to) < 0)
			_exit(9);
	}
	answer();
}

/* --- asking ----------------------------------------------------------------------------------- */

static int knock(void)
{
	const char *port = getenv("PORT");
	struct sockaddr_in addr = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)strtoul(port ? port : "0", NULL, 10)) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		_exit(8);
	return fd;
}

/* One answer, which comes in chunks. */
static void hear(int fd)
{
	static const char end[] = "\r\n0\r\n\r\n";
	char got[65536];
	size_t n = 0;

	while (n < sizeof(end) || memcmp(got + n - (sizeof(end) - 1), end, sizeof(end) - 1) != 0) {
		ssize_t more = read(fd, got + n, sizeof(got) - n);

		if (more <= 0)
			_exit(9);
		n += (size_t)more;
	}
}

/* The same that is refused, again and again. */
static void asks_on(void)
{
	const char *token = getenv("TOKEN");
	char request[512];
	int fd = knock();
	int n = snprintf(request, sizeof(request),
	    "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n"
	    "Content-Length: 15\r\n\r\n{\"messages\":[]}",
	    token ? token : "");

	begin();
	for (;;) {
		put(fd, request, (size_t)n);
		hear(fd);
	}
}

static const struct {
	const char *name;
	void (*fn)(void);
} kinds[] = {
	{ "normal", normal },
	{ "five-megabytes", five_megabytes },
	{ "silent", silent },
	{ "begins", begins },
	{ "noisy", noisy },
	{ "busy", busy },
	{ "stopped", stopped },
	{ "deaf", deaf },
	{ "closes", closes },
	{ "closes-and-goes", closes_and_goes },
	{ "nothing", nothing },
	{ "garbage", garbage },
	{ "fails", fails },
	{ "crashes", crashes },
	{ "giant-line", giant_line },
	{ "long-lines", long_lines },
	{ "long-answer", long_answer },
	{ "endless", endless },
	{ "flood", flood },
	{ "noise", noise },
	{ "stderr-flood", stderr_flood },
	{ "orphans", orphans },
	{ "fork-bomb", fork_bomb },
	{ "burn", burn },
	{ "memory", memory },
	{ "swells", swells },
	{ "disk", disk },
	{ "inodes", inodes },
	{ "hides", hides },
	{ "nameless", nameless },
	{ "deep", deep },
	{ "modest", modest },
	{ "restless", restless },
	{ "asks-on", asks_on },
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(argv[1], kinds[i].name) == 0) {
			kinds[i].fn();
			return 0;
		}
	fprintf(stderr, "hostile_child: there is no such kind\n");
	return 64;
}
