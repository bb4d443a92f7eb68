#include "settings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_SIZE 256

static char *value_of(char *line, const char *key)
{
	size_t n = strlen(key);

	if (strncmp(line, key, n) != 0 || line[n] != '=')
		return NULL;
	line[strcspn(line, "\n")] = '\0';
	return line + n + 1;
}

/* 0 or a negative errno. */
int settings_load(struct settings *s, const char *path)
{
	char line[LINE_SIZE], *value;
	FILE *f = fopen(path, "r");

	if (!f)
		return -errno;
	s->name = NULL;
	while (fgets(line, sizeof(line), f)) {
		if ((value = value_of(line, "port")) != NULL) {
			s->port = (int)strtol(value, NULL, 10);
			if (s->port < 1 || s->port > 65535)
				return -EINVAL;
		} else if ((value = value_of(line, "name")) != NULL) {
			free(s->name);
			s->name = strdup(value);
			if (!s->name)
				break;
		}
	}
	fclose(f);
	return s->name ? 0 : -ENOENT;
}

void settings_free(struct settings *s)
{
	free(s->name);
	s->name = NULL;
}
