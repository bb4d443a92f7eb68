#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int err_set(struct err *err, int code, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return code;
	*err = (struct err){ .code = code };
	va_start(ap, fmt);
	vsnprintf(err->what, sizeof(err->what), fmt, ap);
	va_end(ap);
	return code;
}

void err_clear(struct err *err)
{
	err->code = 0;
	err->what[0] = err->why[0] = err->fix[0] = err->more[0] = '\0';
}

int err_why(struct err *err, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return 0;
	va_start(ap, fmt);
	vsnprintf(err->why, sizeof(err->why), fmt, ap);
	va_end(ap);
	return err->code;
}

int err_fix(struct err *err, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return 0;
	size_t at = strlen(err->fix);

	if (at && at + 1 < sizeof(err->fix))
		err->fix[at++] = '\n';
	va_start(ap, fmt);
	vsnprintf(err->fix + at, sizeof(err->fix) - at, fmt, ap);
	va_end(ap);
	return err->code;
}

int err_more(struct err *err, const char *topic)
{
	if (!err)
		return 0;
	snprintf(err->more, sizeof(err->more), "%s", topic);
	return err->code;
}

const char *err_name(int code)
{
	const char *text = strerrordesc_np(-code);

	return text ? text : "unknown error";
}

bool err_is_machines(int rc)
{
	return rc == -EMFILE || rc == -ENFILE || rc == -ENOMEM || rc == -EIO || rc == -EINTR;
}
