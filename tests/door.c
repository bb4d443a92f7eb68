/*
 * A door to a model on a port of this machine, without a fence around who knocks: for looking at
 * an agent program by hand.
 *
 *   door PORT TOKEN URL [DIALECT [MODEL]]     URL as in a configuration, or "rehearsal:[SCRIPT]";
 *                                             a key is taken from DOOR_KEY
 *
 * What the gateway tells goes to stdout, a line each.
 */
#include "flow/words.h"
#include "gateway/gateway.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <uv.h>

static struct port *port;

static void on_usage(void *ctx, long long in, long long out, long long cached, unsigned requests)
{
	(void)ctx;
	printf("usage in %lld out %lld cached %lld requests %u\n", in, out, cached, requests);
}

static void on_waiting(void *ctx, const char *why)
{
	(void)ctx;
	printf("waiting %s\n", why ? why : "no more");
}

static void on_notice(void *ctx, const char *text)
{
	(void)ctx;
	printf("notice %s\n", text);
}

static void on_active(void *ctx)
{
	(void)ctx;
	printf("active\n");
}

static void on_exchanged(void *ctx, const struct exchange *x)
{
	const char *why;
	int ending = gateway_verdict(port, &why);

	(void)ctx;
	printf("exchange %u %s>%s %d%s tries %u sent %zu got %zu %.8s %.8s%s%s%s\n", x->number,
	    x->from, x->to, x->status, x->cut ? " cut" : "", x->tries, x->sent, x->got, x->asked,
	    x->answered, ending == ENDING_NONE ? "" : " verdict ",
	    ending == ENDING_NONE ? "" : ending_name((enum ending)ending),
	    ending == ENDING_NONE ? "" : why);
}

static void on_over(void *ctx)
{
	(void)ctx;
	printf("over\n");
}

static int listen_on(const char *number)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)strtoul(number, NULL, 10)) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 || listen(fd, 64) < 0) {
		perror("door");
		exit(1);
	}
	return fd;
}

int main(int argc, char **argv)
{
	static const struct port_events events = { on_usage, on_waiting, on_notice, on_active,
		on_exchanged, on_over };
	struct upstream_config up = { .name = "up", .key = getenv("DOOR_KEY") };
	struct gateway *g;
	struct err err = { 0 };
	uv_loop_t loop;

	if (argc < 4 || (argc > 4 && !dialect_parse(str_from(argv[4]), &up.dialect))) {
		fprintf(stderr, "door PORT TOKEN URL [DIALECT [MODEL]]\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	up.url = argv[3];
	up.model = argc > 5 ? argv[5] : NULL;
	uv_loop_init(&loop);
	struct port_spec spec = { .listener = listen_on(argv[1]),
		.token = argv[2],
		.upstream = "up",
		.model = up.model ? up.model : "",
		.events = &events };

	if (gateway_create(&loop, &g, &err) < 0 || gateway_add_upstream(g, &up, &err) < 0 ||
	    gateway_open(g, &spec, &port, &err) < 0) {
		fprintf(stderr, "%s: %s\n", err.what, err.why);
		return 1;
	}
	return uv_run(&loop, UV_RUN_DEFAULT);
}
