/* Where is listened, who gets in, how many, and for how long. */
#include "http.h"

#include <sys/resource.h>
#include <sys/wait.h>

/* --- where --------------------------------------------------------------------------------- */

static int try_bind(const char *where, struct err *err)
{
	struct http_config config = plain_config();
	int rc;

	config.bind = where;
	rc = door_open(&config, err);
	door_close();
	return rc;
}

static void only_loopback_is_listened_on(void **state)
{
	static const char *const refused[] = { "0.0.0.0:0", "[::]:0", "192.168.1.1:0", "10.0.0.1:0",
		"8.8.8.8:53", "[2001:db8::1]:0", "[::ffff:127.0.0.1]:0", "[fe80::1]:0",
		"128.0.0.1:0", "126.255.255.255:0", "localhost:0", "example.com:80", ":0", "0", "",
		"127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:http",
		"127.1:0", "[::1:0", "::1:0", "[::1]", "[127.0.0.1]:0", "127.0.0.1:0 ",
		"0x7f000001:0", "*:0" };
	static const char *const fine[] = { "127.0.0.1:0", "127.0.0.2:0", "[::1]:0" };

	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct err err = { 0 };

		if (try_bind(refused[i], &err) != -EACCES)
			fail_msg("%s", refused[i]);
		assert_non_null(strstr(err.what, "cannot listen on"));
		assert_true(err.why[0] && err.fix[0]);
	}
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(try_bind(fine[i], NULL), 0);
}

static void the_kernel_agrees(void **state)
{
	struct http_config config = plain_config();
	struct sockaddr_in addr;
	socklen_t n = sizeof(addr);

	(void)state;
	assert_int_equal(door_open(&config, NULL), 0);
	assert_int_equal(getsockname(http->port.fd, (struct sockaddr *)&addr, &n), 0);
	assert_int_equal(ntohl(addr.sin_addr.s_addr), INADDR_LOOPBACK);
	assert_string_equal(http_url(http), text("http://127.0.0.1:%u", ntohs(addr.sin_port)));
	assert_true(fcntl(http->port.fd, F_GETFD) & FD_CLOEXEC);
}

static void a_port_that_is_taken_is_said(void **state)
{
	struct http_config config = plain_config();
	struct http *first;
	struct err err;

	(void)state;
	assert_int_equal(door_open(&config, NULL), 0);
	first = http;
	config.bind = text("127.0.0.1:%u", door_port());
	assert_int_equal(door_open(&config, &err), -EADDRINUSE);
	assert_non_null(strstr(err.what, config.bind));
	assert_true(err.fix[0]);
	http_destroy(first);
	http = NULL;
	assert_int_equal(door_open(&config, NULL), 0); /* at once: nothing lingers */
}

static void version_six_works(void **state)
{
	struct http_config config = plain_config();
	struct sockaddr_in6 addr = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct str got;

	(void)state;
	config.bind = "[::1]:0";
	assert_int_equal(door_open(&config, NULL), 0);
	assert_true(strncmp(http_url(http), "http://[::1]:", 13) == 0);
	addr.sin6_port = htons((uint16_t)door_port());
	assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	got = ask_on(fd,
	    str_from(text("GET /echo HTTP/1.1\r\nHost: [::1]:%u\r\n" BEARER "\r\n", door_port())));
	assert_int_equal(status_of(got), 200);
}

/* --- descriptors of others ----------------------------------------------------------------- */

static int listening(const char *address)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_addr.s_addr = inet_addr(address) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(fd, 10), 0);
	return fd;
}

static void handed_sockets_are_looked_at(void **state)
{
	struct http_config config = plain_config();
	int wide = listening("0.0.0.0"), deaf = socket(AF_INET, SOCK_STREAM, 0),
	    good = listening("127.0.0.1");
	struct err err;

	(void)state;
	config.bind = NULL;
	config.port_fd = wide;
	assert_int_equal(door_open(&config, &err), -EACCES);
	config.port_fd = deaf;
	assert_int_equal(door_open(&config, &err), -EBADF);
	config.port_fd = -1;
	config.socket_fd = good;
	assert_int_equal(door_open(&config, &err), -EACCES);
	config.socket_fd = -1;
	config.port_fd = good;
	assert_int_equal(door_open(&config, &err), 0);
	assert_true(fcntl(good, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(status_for("GET /echo", BEARER, ""), 200);
	close(wide);
	close(deaf);
}

/* --- the unix socket ----------------------------------------------------------------------- */

static const char *private_path(void)
{
	const char *dir = text("%s/data", here.top);

	mkdir(dir, 0700);
	return text("%s/tutti.sock", dir);
}

static int open_socket(const char *path, struct err *err)
{
	struct http_config config = plain_config();

	config.bind = NULL;
	config.socket = path;
	return door_open(&config, err);
}

static void our_user_needs_no_token(void **state)
{
	const char *path = private_path(), *line = "GET /echo HTTP/1.1\r\nHost: localhost\r\n";
	struct stat st;

	(void)state;
	assert_int_equal(open_socket(path, NULL), 0);
	assert_string_equal(http_url(http), "");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_str(body_of(ask_on(dial_socket(path), str_from(text("%s\r\n", line)))),
	    "GET /echo peer x= body=");
	assert_int_equal(status_of(ask_on(dial_socket(path),
			     STR("GET /echo HTTP/1.1\r\nHost: evil.example\r\n\r\n"))),
	    421);
	assert_int_equal(
	    status_of(ask_on(dial_socket(path), STR("GET /echo HTTP/1.1\r\nHost: localhost\r\n"
						    "Origin: http://evil.example\r\n\r\n"))),
	    403);
	door_close();
	assert_false(fs_exists(path));
}

static void localhost_without_a_port_is_the_sockets_name_only(void **state)
{
	struct http_config config = plain_config();

	(void)state;
	config.socket = private_path();
	assert_int_equal(door_open(&config, NULL), 0);
	assert_int_equal(
	    status_of(ask(STR("GET /echo HTTP/1.1\r\nHost: localhost\r\n" BEARER "\r\n"))), 421);
}

static void a_stale_socket_is_replaced(void **state)
{
	const char *path = private_path();
	struct http *first;
	struct err err;

	(void)state;
	assert_int_equal(open_socket(path, NULL), 0);
	first = http;
	assert_int_equal(open_socket(path, &err), -EADDRINUSE); /* somebody is there */
	assert_true(fs_exists(path));
	first->socket_path[0] = '\0'; /* as after kill -9 */
	http_destroy(first);
	assert_true(fs_exists(path));
	assert_int_equal(open_socket(path, NULL), 0);
	door_close();
	assert_int_equal(fs_write(path, STR("text"), 0600, NULL), 0);
	assert_int_equal(open_socket(path, &err), -EEXIST); /* nobody's file is removed */
	assert_true(fs_exists(path));
}

static void the_sockets_directory_is_ours_alone(void **state)
{
	const char *path = private_path(), *dir = text("%s/data", here.top);
	static const unsigned modes[] = { 0755, 0750, 0701, 0777, 0710 };
	struct err err;

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(chmod(dir, modes[i]), 0);
		assert_int_equal(open_socket(path, &err), -EPERM);
		assert_true(err.why[0] && err.fix[0]);
	}
	assert_int_equal(open_socket(text("%s/%0120d", dir, 0), &err), -ENAMETOOLONG);
	assert_int_equal(chmod(dir, 0700), 0);
	assert_int_equal(open_socket(path, &err), 0);
}

/* In a child that became USER: what it hears after asking. 0: nothing, the door was closed. */
static int ask_as(const char *path, unsigned user)
{
	static const char line[] = "GET /echo HTTP/1.1\r\nHost: localhost\r\n" BEARER "\r\n";
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	char c;

	memcpy(addr.sun_path, path, strlen(path) + 1);
	if (setgid(user) < 0 || setuid(user) < 0)
		return 3;
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		return 2;
	send(fd, line, sizeof(line) - 1, MSG_NOSIGNAL);
	return recv(fd, &c, 1, 0) > 0;
}

/* Even where the directory let them in. */
static void other_users_are_hung_up_on(void **state)
{
	const char *path = private_path();
	int status = -1;
	pid_t pid;

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(open_socket(path, NULL), 0);
	chmod(here.top, 0755);
	chmod(text("%s/data", here.top), 0755);
	chmod(path, 0666);
	pid = fork();
	if (pid == 0)
		_exit(ask_as(path, 65534));
	while (waitpid(pid, &status, WNOHANG) == 0)
		uv_run(&loop, UV_RUN_NOWAIT);
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_int_equal(behind.requests, 0);
}

/* --- how many ------------------------------------------------------------------------------ */

static size_t count_conns(void)
{
	size_t n = 0;

	list_each (&http->conns, it)
		n++;
	return n;
}

static int from(unsigned i)
{
	int fd = dial_from(text("127.0.0.%u", 1 + i));

	uv_run(&loop, UV_RUN_NOWAIT); /* or they would queue up in the kernel */
	return fd;
}

static void files_up_to(size_t n)
{
	struct rlimit files;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
	files.rlim_cur = n;
	if (setrlimit(RLIMIT_NOFILE, &files) < 0)
		fail_msg("needs %zu open files", n);
}

/* 2,000 connections from three addresses; the port takes 1792, one address 1536. */
static void connections_have_ceilings(void **state)
{
	struct http_config config = plain_config();
	size_t n = 2000, most = HTTP_CONNECTIONS_MAX - HTTP_CONNECTIONS_SOCKET;
	int *fds = arena_array(here.arena, n, sizeof(int));

	(void)state;
	files_up_to(8192);
	config.socket = private_path();
	assert_int_equal(door_open(&config, NULL), 0);
	for (size_t i = 0; i < 1600; i++)
		fds[i] = from(0);
	settle();
	assert_int_equal(count_conns(), HTTP_CONNECTIONS_ADDRESS);
	assert_int_equal(
	    status_of(ask_on(from(1), str_from(request("GET /echo", BEARER, "")))), 200);
	for (size_t i = 1600; i < n; i++)
		fds[i] = from(1);
	settle();
	assert_int_equal(count_conns(), most);
	/* the unix socket's are not taken by them */
	assert_int_equal(status_of(ask_on(dial_socket(config.socket),
			     STR("GET /echo HTTP/1.1\r\nHost: localhost\r\n\r\n"))),
	    200);
	/* they had their time */
	conns_tick(http, clock_boot() + HEAD_MS);
	until(count_conns() == 0);
	assert_int_equal(status_for("GET /echo", BEARER, ""), 200);
	for (size_t i = 0; i < n; i++)
		close(fds[i]);
}

static void there_are_no_more_than_half_of_the_files(void **state)
{
	struct http_config config = plain_config();
	int fds[200];

	(void)state;
	files_up_to(8192);
	files_up_to(128);
	assert_int_equal(door_open(&config, NULL), 0);
	files_up_to(8192); /* for our own ends of them */
	assert_int_equal(http->conns_max, 64);
	for (size_t i = 0; i < 200; i++)
		fds[i] = from(0);
	settle();
	assert_int_equal(count_conns(), 56);
	for (size_t i = 0; i < 200; i++)
		close(fds[i]);
	until(count_conns() == 0);
}

/* Nobody spins, and it goes on as soon as there is one. */
static void without_descriptors_it_waits(void **state)
{
	struct http_config config = plain_config();
	struct client c;
	struct rlimit files;
	int spare = -1, last = -1;

	(void)state;
	assert_int_equal(door_open(&config, NULL), 0);
	c = client_of(dial());
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
	spare = dup(0);
	files_up_to((size_t)spare); /* none is left */
	close(spare);
	last = dup(0);
	assert_int_equal(dup(0), -1);
	until(http->port.paused);
	assert_int_equal(count_conns(), 0);
	files_up_to(files.rlim_cur);
	close(last);
	conns_tick(http, clock_boot());
	listen_to(&c);
	say(&c, str_from(request("GET /echo", BEARER, "")));
	until(answer_size(buf_str(&c.got)));
	hang_up(&c);
}

/* --- for how long -------------------------------------------------------------------------- */

static void slow_heads_are_cut(void **state)
{
	enum { N = 2000 };
	struct http_config config = plain_config();
	int *fds = arena_array(here.arena, N, sizeof(int));
	struct client honest;

	(void)state;
	files_up_to(8192);
	assert_int_equal(door_open(&config, NULL), 0);
	msec_t began = clock_boot();

	for (unsigned i = 0; i < N; i++)
		fds[i] = from(i % 4);
	for (unsigned round = 0; round < 20; round++) { /* each says a byte now and then */
		for (unsigned i = 0; i < N; i++)
			if (send(fds[i], &"GET /echo HTTP/1.1\r\n"[round], 1, MSG_NOSIGNAL) < 0)
				continue;
		uv_run(&loop, UV_RUN_NOWAIT);
	}
	settle();
	assert_int_equal(count_conns(), HTTP_CONNECTIONS_MAX - HTTP_CONNECTIONS_SOCKET);
	conns_tick(http, began + HEAD_MS - 1);
	settle();
	assert_int_equal(count_conns(), HTTP_CONNECTIONS_MAX - HTTP_CONNECTIONS_SOCKET);
	conns_tick(http, clock_boot() + HEAD_MS);
	until(count_conns() == 0);
	honest = client_of(dial());
	listen_to(&honest);
	say(&honest, str_from(request("GET /echo", BEARER, "")));
	until(answer_size(buf_str(&honest.got)));
	assert_int_equal(behind.requests, 1);
	hang_up(&honest);
	for (unsigned i = 0; i < N; i++)
		close(fds[i]);
}

static void slow_bodies_are_cut(void **state)
{
	struct http_config config = plain_config();
	struct client c;

	(void)state;
	assert_int_equal(door_open(&config, NULL), 0);
	c = client_of(dial());
	listen_to(&c);
	say(&c, str_from(request("POST /echo", BEARER JSON_TYPE "Content-Length: 100\r\n", "")));
	say(&c, STR("{\"a\":"));
	settle();
	conns_tick(http, clock_boot() + BODY_MS / 2);
	settle();
	assert_false(c.closed);
	conns_tick(http, clock_boot() + BODY_MS);
	until(c.closed);
	assert_int_equal(c.got.n, 0);
	assert_int_equal(behind.requests, 0);
	hang_up(&c);
}

static void idle_connections_are_closed(void **state)
{
	struct http_config config = plain_config();
	struct client c;

	(void)state;
	assert_int_equal(door_open(&config, NULL), 0);
	c = client_of(dial());
	listen_to(&c);
	say(&c, str_from(request("GET /echo", BEARER, "")));
	until(answer_size(buf_str(&c.got)));
	conns_tick(http, clock_boot() + HEAD_MS / 2);
	settle();
	assert_false(c.closed);
	conns_tick(http, clock_boot() + HEAD_MS);
	until(c.closed);
	hang_up(&c);
}

static void answer_large(struct http_req *q)
{
	size_t n = MIB(32);
	char *p = arena_alloc(q->arena, n);

	memset(p, 'x', n);
	http_send(
	    q, &(struct http_answer){ .status = 200, .type = "text/plain", .body = { p, n } });
}

static void answers_are_not_kept_for_ever(void **state)
{
	struct http_config config = plain_config();
	struct client c;

	(void)state;
	assert_int_equal(door_open(&config, NULL), 0);
	answer_more = answer_large;
	c = client_of(dial());
	say(&c, str_from(request("GET /more", BEARER, "")));
	until(behind.requests == 1);
	settle();
	assert_int_equal(count_conns(), 1);
	conns_tick(http, clock_boot() + ANSWER_MS);
	until(count_conns() == 0);
	assert_true(list_empty(&http->requests));
	hang_up(&c);
}

int main(void)
{
#define test(name) cmocka_unit_test_setup_teardown(name, set_up_bare, tear_down)
	const struct CMUnitTest tests[] = {
		test(only_loopback_is_listened_on),
		test(the_kernel_agrees),
		test(a_port_that_is_taken_is_said),
		test(version_six_works),
		test(handed_sockets_are_looked_at),
		test(our_user_needs_no_token),
		test(localhost_without_a_port_is_the_sockets_name_only),
		test(a_stale_socket_is_replaced),
		test(the_sockets_directory_is_ours_alone),
		test(other_users_are_hung_up_on),
		test(connections_have_ceilings),
		test(there_are_no_more_than_half_of_the_files),
		test(without_descriptors_it_waits),
		test(slow_heads_are_cut),
		test(slow_bodies_are_cut),
		test(idle_connections_are_closed),
		test(answers_are_not_kept_for_ever),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
