#include "cli/term.h"

#include "base/json.h"
#include "base/limits.h"
#include "cli/ci.h"
#include "cli/exit.h"
#include "sys/fs.h"

#include <ctype.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

static bool env_set(const char *name)
{
	const char *v = getenv(name);

	return v && *v;
}

static bool wants_color(const struct term *t, const char *choice)
{
	const char *kind = getenv("TERM"), *force = getenv("CLICOLOR_FORCE");

	if (choice && strcmp(choice, "always") == 0)
		return true;
	if (choice && strcmp(choice, "never") == 0)
		return false;
	if (force && *force && strcmp(force, "0") != 0)
		return true;
	return t->tty && !env_set("NO_COLOR") && kind && strcmp(kind, "dumb") != 0;
}

/* The codeset of the locale as POSIX.1-2017 8.2 has it chosen: language_TERRITORY.codeset@modifier.
   It is read and not asked of setlocale(), which knows UTF-8 only where that locale is installed.
 */
static bool wants_unicode(void)
{
	static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const char *codeset;

		if (!env_set(names[i]))
			continue;
		codeset = strchr(getenv(names[i]), '.');
		return codeset && (strncasecmp(codeset, ".utf-8", 6) == 0 ||
				      strncasecmp(codeset, ".utf8", 5) == 0);
	}
	return false;
}

void term_measure(struct term *t)
{
	struct winsize ws;

	t->rows = 24;
	t->columns = 80;
	if (ioctl(t->fd, TIOCGWINSZ, &ws) == 0 && ws.ws_col) {
		t->rows = ws.ws_row ? ws.ws_row : 24;
		t->columns = ws.ws_col;
	}
}

void term_init(struct term *t, int fd, const char *choice)
{
	*t = (struct term){ .fd = fd, .tty = isatty(fd) };
	t->color = wants_color(t, choice);
	t->unicode = wants_unicode();
	term_measure(t);
}

static const char *style_code(enum term_style s)
{
	static const char *const codes[] = { "", "\033[1m", "\033[2m", "\033[32m", "\033[31m",
		"\033[33m", "\033[36m" };

	return codes[s];
}

void term_add(struct buf *b, const struct term *t, enum term_style style, struct str s)
{
	bool styled = t->color && style != STYLE_PLAIN;

	if (styled)
		buf_adds(b, style_code(style));
	buf_add_terminal_line(b, s);
	if (styled)
		buf_adds(b, "\033[0m");
}

void term_addf(struct buf *b, const struct term *t, enum term_style style, const char *fmt, ...)
{
	struct buf text;
	va_list ap;

	buf_init(&text, KIB(64));
	va_start(ap, fmt);
	buf_vprintf(&text, fmt, ap);
	va_end(ap);
	term_add(b, t, style, buf_str(&text));
	buf_fini(&text);
}

static void add_percent(struct buf *b, struct str path)
{
	for (size_t i = 0; i < path.n; i++) {
		char c = path.p[i];

		if (isalnum((unsigned char)c) || strchr("/-_.~", c))
			buf_addc(b, c);
		else
			buf_printf(b, "%%%02X", (unsigned)(unsigned char)c);
	}
}

void term_add_file(struct buf *b, const struct term *t, struct str path)
{
	char *real = t->tty && t->color ? fs_real(path.p) : NULL;

	if (real) {
		buf_adds(b, "\033]8;;file://");
		add_percent(b, str_from(real));
		buf_adds(b, "\033\\");
	}
	term_add(b, t, STYLE_PLAIN, path);
	if (real)
		buf_adds(b, "\033]8;;\033\\");
	free(real);
}

const char *term_glyph(const struct term *t, const char *utf8, const char *ascii)
{
	return t->unicode ? utf8 : ascii;
}

int term_write_command(int fd, struct str s)
{
	while (s.n) {
		ssize_t put = write(fd, s.p, s.n);

		if (put < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (put < 0)
			return -errno;
		s = str_skip(s, (size_t)put);
	}
	return 0;
}

int term_write(int fd, struct str s)
{
	struct buf b;
	int rc;

	if (!ci_listens(fd))
		return term_write_command(fd, s);
	buf_init(&b, 7 * s.n + 16);
	buf_add_no_command(&b, s);
	rc = term_write_command(fd, buf_str(&b));
	buf_fini(&b);
	return rc;
}

static void add_part(struct buf *b, const struct term *t, const char *name, const char *text)
{
	struct str rest = str_from(text);
	bool first = true;

	while (rest.p && *text) {
		struct str line = str_line(&rest);

		term_addf(b, t, STYLE_DIM, "  %-4s ", first ? name : "");
		term_add(b, t, STYLE_PLAIN, line);
		buf_addc(b, '\n');
		first = false;
	}
}

static json_t *error_json(const struct err *err, int code)
{
	struct str rest = str_from(err->fix);
	json_t *fix = json_array();

	while (rest.p && err->fix[0])
		json_array_append_new(fix, json_text(str_line(&rest)));
	return json_pack("{s:{s:s, s:o, s:o, s:o, s:s}, s:{s:i, s:s}}", "error", "code",
	    exit_name(code), "what", json_cstr(err->what), "why", json_cstr(err->why), "fix", fix,
	    "docs", err->more, "exit", "code", code, "name", exit_name(code));
}

int term_error(const struct err *err, int code, bool json)
{
	struct term t;
	struct buf b;

	buf_init(&b, KIB(64));
	if (json) {
		json_t *doc = error_json(err, code);

		buf_add_value(&b, doc);
		buf_addc(&b, '\n');
		json_decref(doc);
		term_write(STDOUT_FILENO, buf_str(&b));
	} else {
		char more[96] = "";

		term_init(&t, STDERR_FILENO, NULL);
		term_add(&b, &t, STYLE_BAD, STR("error:"));
		buf_addc(&b, ' ');
		term_add(&b, &t, STYLE_PLAIN, str_from(err->what));
		buf_addc(&b, '\n');
		if (err->more[0])
			snprintf(more, sizeof(more), "tutti help %s", err->more);
		add_part(&b, &t, "why:", err->why);
		add_part(&b, &t, "fix:", err->fix);
		add_part(&b, &t, "more:", more);
		term_write(STDERR_FILENO, buf_str(&b));
	}
	buf_fini(&b);
	return code;
}
