/* The program of an agent that a file describes. */
#include "worker/programs.h"

#include "adapter/described.h"
#include "base/limits.h"
#include "sys/fs.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* What PATH leads to, also by a link. */
static int hash_file(const char *path, char hex[SHA256_HEX])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	int rc = fs_digest_fd(fd, hex);

	close(fd);
	return rc;
}

/*
 * The fence executes no scripts: it proves which program runs. So what the first line names runs,
 * and the script is its argument, as the kernel would have it.
 */
static int read_script(struct arena *a, const char *line, struct program *p)
{
	struct str rest = str_trim(str_from(line)), name = str_split(&rest, ' ');
	struct str word = str_trim(rest);

	if (str_is(name, "/usr/bin/env") && word.n) {
		name = str_from(arena_printf(a, "/usr/bin/%.*s", STR_ARG(word)));
		word = (struct str){ NULL, 0 };
	}
	p->interpreter = arena_cstr(a, name);
	p->interpreter_word = word.n ? arena_cstr(a, word) : NULL;
	if (!str_starts(name, STR("/usr/")) && !str_starts(name, STR("/bin/")))
		return -EACCES; /* nothing else is seen behind the fence */
	return access(p->interpreter, X_OK) < 0 ? -errno : 0;
}

static int look_into(struct arena *a, struct program *p)
{
	char line[256] = "";
	FILE *f = fs_file(p->path);
	int rc = 0;

	if (!f)
		return -errno;
	if (fgets(line, sizeof(line), f) && line[0] == '#' && line[1] == '!')
		rc = read_script(a, line + 2, p);
	fclose(f);
	return rc;
}

void program_described(struct arena *a, const struct adapter_ops *ops, struct program *p)
{
	char hex[SHA256_HEX];
	char *real = fs_real(ops->described->program);
	int rc;

	*p = (struct program){ .ops = ops, .version = "" };
	p->path = arena_cstr(a, str_from(real ? real : ops->described->program));
	free(real);
	rc = access(p->path, X_OK) < 0 ? -errno : hash_file(p->path, hex);
	if (!rc)
		rc = look_into(a, p);
	if (rc) {
		p->status =
		    err_set(&p->err, rc, "the program of agent \"%s\" cannot be run", ops->name);
		err_why(&p->err, "%s: %s", p->interpreter ? p->interpreter : p->path,
		    p->interpreter && rc == -EACCES ? "interpreters stand below /usr or /bin"
						    : err_name(rc));
		return;
	}
	p->sha256 = arena_cstr(a, str_from(hex));
	p->status = err_set(
	    &p->err, -EACCES, "agent \"%s\" has not been checked on this machine", ops->name);
	err_why(&p->err, "nobody knows yet what it does when a model asks it to write");
	err_fix(&p->err, "tutti agents check %s", ops->name);
}
