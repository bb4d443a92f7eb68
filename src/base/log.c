#include "base/log.h"

#include "base/buf.h"
#include "base/clock.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_BYTES 8192u

static const char *const names[] = { "error", "warn", "info", "debug" };
static enum log_level threshold = LOG_WARN;
static int as_json;

void log_set_level(enum log_level level)
{
	threshold = level;
}

void log_set_json(int on)
{
	as_json = on;
}

int log_level_parse(const char *name)
{
	for (int i = 0; i < (int)(sizeof(names) / sizeof(names[0])); i++)
		if (strcmp(name, names[i]) == 0)
			return i;
	return -1;
}

void log_write(enum log_level level, const char *fmt, ...)
{
	struct buf message, line;
	char stamp[32];
	va_list ap;

	if (level > threshold)
		return;
	buf_init(&message, LINE_MAX_BYTES);
	buf_init(&line, 8 * LINE_MAX_BYTES);
	va_start(ap, fmt);
	buf_vprintf(&message, fmt, ap);
	va_end(ap);
	clock_iso(clock_wall(), stamp, sizeof(stamp));
	if (as_json) {
		buf_printf(
		    &line, "{\"at\":\"%s\",\"level\":\"%s\",\"message\":", stamp, names[level]);
		buf_add_json(&line, buf_str(&message));
		buf_adds(&line, "}\n");
	} else {
		buf_printf(&line, "%s %-5s ", stamp, names[level]);
		buf_add_terminal_line(&line, buf_str(&message));
		buf_addc(&line, '\n');
	}
	buf_clear(&message);
	message.max = 8 * 8 * LINE_MAX_BYTES;
	buf_add_no_command(&message, buf_str(&line));
	if (write(STDERR_FILENO, message.p, message.n) < 0)
		(void)0; /* a broken log must not stop the program */
	buf_fini(&message);
	buf_fini(&line);
}
