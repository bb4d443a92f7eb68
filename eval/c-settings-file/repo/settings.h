#ifndef SETTINGS_H
#define SETTINGS_H

/* Begins as {0}. name belongs to it. */
struct settings {
	char *name;
	int port;
};

int settings_load(struct settings *s, const char *path);
void settings_free(struct settings *s);

#endif
