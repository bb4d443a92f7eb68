#include "base/clock.h"

#include <stdio.h>
#include <time.h>

static msec_t (*source_fn)(bool wall);

void clock_set_source(msec_t (*source)(bool wall))
{
	source_fn = source;
}

static msec_t read_clock(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (msec_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

msec_t clock_wall(void)
{
	return source_fn ? source_fn(true) : read_clock(CLOCK_REALTIME);
}

msec_t clock_boot(void)
{
	return source_fn ? source_fn(false) : read_clock(CLOCK_BOOTTIME);
}

char *clock_iso(msec_t wall, char *buf, size_t size)
{
	time_t seconds = (time_t)(wall / 1000);
	struct tm tm;
	char head[24];

	gmtime_r(&seconds, &tm);
	strftime(head, sizeof(head), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(buf, size, "%s.%03dZ", head, (int)(wall % 1000));
	return buf;
}

char *clock_span(msec_t span, char *buf, size_t size)
{
	long long s = span / 1000;

	if (span < 0)
		span = 0;
	if (span < 10000)
		snprintf(
		    buf, size, "%lld.%lld s", (long long)span / 1000, (long long)span / 100 % 10);
	else if (s < 3600)
		snprintf(buf, size, "%lld:%02lld", s / 60, s % 60);
	else
		snprintf(buf, size, "%lld:%02lld:%02lld", s / 3600, s / 60 % 60, s % 60);
	return buf;
}
