/* What is run when a message arrives. */
#ifndef HOOK_H
#define HOOK_H

int hook_notify(const char *subject);
int hook_archive(const char *path, const char *label);

#endif
