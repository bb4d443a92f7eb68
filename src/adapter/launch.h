/* What the adapters share in saying how a program is started. */
#ifndef ADAPTER_LAUNCH_H
#define ADAPTER_LAUNCH_H

#include "adapter/adapter.h"

/* This machine as npm packages call it, and as Rust does. */
#if defined(__aarch64__)
#define NPM_PROCESSOR "arm64"
#define RUST_PROCESSOR "aarch64"
#else
#define NPM_PROCESSOR "x64"
#define RUST_PROCESSOR "x86_64"
#endif

#define LAUNCH_FILES_MAX 16
#define LAUNCH_BINDS_MAX 8

/* Where the program sees what the host has at HOST: INSIDE, or, without a root of its own, HOST. */
const char *launch_place(const struct agent_task *task, const char *host, const char *inside);
/* Its name for the program; "default" where the task has none. */
const char *launch_model(const struct agent_task *task);
/* NOTE and the prompt behind it, in A: at its beginning a slash would be a command of some CLIs. */
struct str launch_prompt(struct arena *a, const char *note, const struct agent_task *task);
/* A copy of WORDS, which end with NULL. The strings stay where they are. */
#define launch_words(a, words) launch_copy(a, words, sizeof(words))
const char **launch_copy(struct arena *a, const char *const *words, size_t bytes);
/* Adds one. More than LAUNCH_BINDS_MAX or LAUNCH_FILES_MAX is a mistake of the adapter: aborts. */
void launch_bind(struct arena *a, const struct agent_task *task, struct agent_launch *l,
    const char *host, const char *inside);
void launch_file(struct arena *a, struct agent_launch *l, const char *path, struct str text);
/* "/a/b/c" -> "/a/b", in A; and "c", in PATH. */
const char *launch_dir(struct arena *a, const char *path);
const char *launch_name(const char *path);

#endif
