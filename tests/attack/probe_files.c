/* Changing files of the repository: by every call that can, and by every way to get at one. */
#include "probe.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#ifndef RENAME_WHITEOUT
#define RENAME_WHITEOUT (1 << 2)
#endif

/* --- opening ----------------------------------------------------------------------------- */

static int open_as(const char *path, int flags)
{
	return opened(open(path, flags | O_CLOEXEC, 0644));
}

static int open_to_write(void)
{
	return open_as(in_repo("file"), O_WRONLY);
}

static int open_to_read_and_write(void)
{
	return open_as(in_repo("file"), O_RDWR);
}

static int open_to_append(void)
{
	return open_as(in_repo("file"), O_WRONLY | O_APPEND);
}

static int open_direct(void)
{
	return open_as(in_repo("file"), O_WRONLY | O_SYNC | O_NOATIME);
}

static int open_read_and_truncate(void)
{
	return open_as(in_repo("file"), O_RDONLY | O_TRUNC);
}

static int open_mode_3(void)
{
	return open_as(in_repo("file"), 3 | O_TRUNC);
}

static int create(void)
{
	return open_as(in_repo("new"), O_WRONLY | O_CREAT);
}

static int create_by_creat(void)
{
	return opened(creat(in_repo("new"), 0644));
}

static int create_below_directory_descriptor(void)
{
	int dir = open(world.repo, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return opened(openat(dir, "new", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
}

static int create_in_working_directory(void)
{
	if (chdir(in_repo("dir")) < 0)
		return -errno;
	return open_as("new", O_WRONLY | O_CREAT);
}

static int create_by_openat2(void)
{
	const struct open_how how = {
		.flags = O_WRONLY | O_CREAT | O_CLOEXEC, .mode = 0644, .resolve = RESOLVE_IN_ROOT
	};
	int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	return opened(syscall(SYS_openat2, root, in_repo("new"), &how, sizeof(how)));
}

static int create_unnamed(void)
{
	return open_as(world.repo, O_TMPFILE | O_RDWR);
}

static int create_unnamed_and_link(void)
{
	char self[64];
	int fd = open(world.tmp, O_TMPFILE | O_RDWR | O_CLOEXEC, 0644);

	if (fd < 0)
		fd = open(world.repo, O_TMPFILE | O_RDWR | O_CLOEXEC, 0644);
	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	return tried(linkat(AT_FDCWD, self, AT_FDCWD, in_repo("new"), AT_SYMLINK_FOLLOW));
}

static int reopen_through_proc(void)
{
	char self[64];
	int fd = open(in_repo("file"), O_RDONLY | O_CLOEXEC);

	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	return open_as(self, O_WRONLY);
}

static int reopen_path_descriptor(void)
{
	char self[64];
	int fd = open(in_repo("file"), O_PATH | O_CLOEXEC);

	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	return open_as(self, O_RDWR);
}

static int open_through_proc_root(void)
{
	char path[4400];

	snprintf(path, sizeof(path), "/proc/self/root%s", in_repo("file"));
	return open_as(path, O_WRONLY);
}

static int open_through_proc_cwd(void)
{
	if (chdir(world.repo) < 0)
		return -errno;
	return open_as("/proc/self/cwd/file", O_WRONLY);
}

static int open_through_thread(void)
{
	if (chdir(world.repo) < 0)
		return -errno;
	return open_as("/proc/thread-self/cwd/file", O_WRONLY);
}

static int open_by_handle(void)
{
	union {
		struct file_handle h;
		char bytes[sizeof(struct file_handle) + 128];
	} u = { .h.handle_bytes = 128 };
	int mount, dir = open(world.repo, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (name_to_handle_at(AT_FDCWD, in_repo("file"), &u.h, &mount, 0) < 0)
		return -errno;
	return opened(open_by_handle_at(dir, &u.h, O_WRONLY));
}

static int name_to_handle(void)
{
	union {
		struct file_handle h;
		char bytes[sizeof(struct file_handle) + 128];
	} u = { .h.handle_bytes = 128 };
	int mount;

	return tried(name_to_handle_at(AT_FDCWD, in_repo("file"), &u.h, &mount, 0));
}

/* --- links ------------------------------------------------------------------------------- */

static int write_through_symlink(void)
{
	if (symlink(in_repo("file"), in_scratch("sym")) < 0)
		return -errno;
	return open_as(in_scratch("sym"), O_WRONLY);
}

static int write_through_symlinked_directory(void)
{
	if (symlink(world.repo, in_scratch("symdir")) < 0)
		return -errno;
	return open_as(in_scratch("symdir/file"), O_WRONLY);
}

static int write_through_hard_link(void)
{
	if (link(in_repo("file"), in_scratch("hard")) < 0)
		return -errno;
	return open_as(in_scratch("hard"), O_WRONLY);
}

static int hard_link_descriptor(void)
{
	char self[64];
	int fd = open(in_repo("file"), O_RDONLY | O_CLOEXEC);

	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	return tried(linkat(AT_FDCWD, self, AT_FDCWD, in_scratch("hard"), AT_SYMLINK_FOLLOW));
}

static int hard_link_within(void)
{
	return tried(link(in_repo("file"), in_repo("hard")));
}

static int hard_link_into(void)
{
	return tried(link(scratch_file("x", "x"), in_repo("hard")));
}

static int symlink_into(void)
{
	return tried(symlink("/etc/passwd", in_repo("sym")));
}

/* --- names ------------------------------------------------------------------------------- */

static int unlink_file(void)
{
	return tried(unlink(in_repo("file")));
}

static int unlink_below_descriptor(void)
{
	int dir = open(world.repo, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return tried(unlinkat(dir, "file", 0));
}

static int remove_directory(void)
{
	unlink(in_repo("dir/inner"));
	return tried(rmdir(in_repo("dir")));
}

static int make_directory(void)
{
	return tried(mkdir(in_repo("made"), 0755));
}

static int rename_within(void)
{
	return tried(rename(in_repo("file"), in_repo("renamed")));
}

static int rename_over(void)
{
	return tried(rename(in_repo("other"), in_repo("file")));
}

static int rename_out(void)
{
	return tried(rename(in_repo("file"), in_scratch("taken")));
}

static int rename_in(void)
{
	return tried(rename(scratch_file("x", "x"), in_repo("file")));
}

static int rename_exchange(void)
{
	return tried(
	    renameat2(AT_FDCWD, in_repo("file"), AT_FDCWD, in_repo("other"), RENAME_EXCHANGE));
}

static int rename_exchange_with_scratch(void)
{
	return tried(renameat2(
	    AT_FDCWD, scratch_file("x", "x"), AT_FDCWD, in_repo("file"), RENAME_EXCHANGE));
}

static int rename_whiteout(void)
{
	return tried(
	    renameat2(AT_FDCWD, in_repo("file"), AT_FDCWD, in_repo("renamed"), RENAME_WHITEOUT));
}

static int make_fifo(void)
{
	return tried(mkfifo(in_repo("fifo"), 0644));
}

static int make_regular(void)
{
	return tried(mknod(in_repo("node"), S_IFREG | 0644, 0));
}

static int make_device(void)
{
	return tried(mknod(in_repo("null"), S_IFCHR | 0666, makedev(1, 3)));
}

static int make_disk(void)
{
	return tried(mknod(in_repo("disk"), S_IFBLK | 0666, makedev(254, 0)));
}

/* --- content ----------------------------------------------------------------------------- */

static int truncate_by_path(void)
{
	return tried(truncate(in_repo("file"), 0));
}

/* The best descriptor that is to be had. */
static int target(void)
{
	int fd = open(in_repo("file"), O_RDWR | O_CLOEXEC);

	return fd < 0 ? open(in_repo("file"), O_RDONLY | O_CLOEXEC) : fd;
}

static int truncate_descriptor(void)
{
	return tried(ftruncate(target(), 0));
}

static int allocate(void)
{
	return tried(fallocate(target(), 0, 0, 8192));
}

static int punch_hole(void)
{
	return tried(fallocate(target(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 3));
}

static int write_at_offset(void)
{
	return tried(pwrite(target(), "x", 1, 0));
}

static int map_shared(void)
{
	char *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, target(), 0);

	if (p == MAP_FAILED)
		return -errno;
	p[0] = 'x';
	return tried(msync(p, 4096, MS_SYNC));
}

static int map_shared_then_allow(void)
{
	char *p = mmap(NULL, 4096, PROT_READ, MAP_SHARED, target(), 0);

	if (p == MAP_FAILED || mprotect(p, 4096, PROT_READ | PROT_WRITE) < 0)
		return -errno;
	p[0] = 'x';
	return file_has(in_repo("file"), "xello") ? 0 : -EROFS;
}

/* A private mapping is written to by force; the file behind it must not notice. */
static int write_own_memory(void)
{
	char *p = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, target(), 0);
	int mem = open("/proc/self/mem", O_RDWR | O_CLOEXEC);

	if (p == MAP_FAILED || mem < 0 || pwrite(mem, "x", 1, (off_t)(size_t)p) < 0)
		return -errno;
	return file_has(in_repo("file"), "xello") ? 0 : -EROFS;
}

static int discard_written_pages(void)
{
	char *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, target(), 0);

	if (p == MAP_FAILED)
		return -errno;
	for (int i = 0; i < 200; i++) {
		p[0] = 'x';
		madvise(p, 4096, MADV_DONTNEED);
	}
	return file_has(in_repo("file"), "xello") ? 0 : -EROFS;
}

/* Pages of a file in a pipe must not take what is written to the pipe. */
static int splice_and_write(void)
{
	int ends[2], fd = target();
	loff_t at = 0;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	for (int i = 0; i < 16; i++) { /* every slot of the pipe was used for writing once */
		char page[4096] = "";

		if (write(ends[1], page, sizeof(page)) < 0 || read(ends[0], page, sizeof(page)) < 0)
			return -errno;
	}
	if (splice(fd, &at, ends[1], NULL, 1, 0) < 0 || write(ends[1], "xxxx", 4) < 0)
		return -errno;
	return file_has(in_repo("file"), "hxxxx") ? 0 : -EROFS;
}

static int copy_into(void)
{
	int from = open(scratch_file("x", "xxxxx"), O_RDONLY | O_CLOEXEC);

	return tried(copy_file_range(from, NULL, target(), NULL, 5, 0));
}

static int send_into(void)
{
	int from = open(scratch_file("x", "xxxxx"), O_RDONLY | O_CLOEXEC);

	return tried(sendfile(target(), from, NULL, 5));
}

static int splice_into(void)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0 || write(ends[1], "x", 1) < 0)
		return -errno;
	return tried(splice(ends[0], NULL, target(), NULL, 1, 0));
}

static int clone_into(void)
{
	int from = open(scratch_file("x", "xxxxx"), O_RDONLY | O_CLOEXEC);

	return tried(ioctl(target(), FICLONE, from));
}

static int deduplicate(void)
{
	union {
		struct file_dedupe_range range;
		char
		    bytes[sizeof(struct file_dedupe_range) + sizeof(struct file_dedupe_range_info)];
	} u = { .range = { .src_length = 6, .dest_count = 1 } };
	int from = open(in_repo("other"), O_RDONLY | O_CLOEXEC);

	u.range.info[0].dest_fd = target();
	if (ioctl(from, FIDEDUPERANGE, &u.range) < 0)
		return -errno;
	return u.range.info[0].status < 0 ? u.range.info[0].status : 0;
}

/* --- git and agents ---------------------------------------------------------------------- */

static int append_to_git_config(void)
{
	return open_as(in_repo(".git/config"), O_WRONLY | O_APPEND);
}

static int plant_hook(void)
{
	return open_as(in_repo(".git/hooks/post-checkout"), O_WRONLY | O_CREAT);
}

static int lock_index(void)
{
	return open_as(in_repo(".git/index.lock"), O_WRONLY | O_CREAT | O_EXCL);
}

static int move_head(void)
{
	return tried(rename(in_repo(".git/HEAD"), in_repo(".git/HEAD2")));
}

static int in_shell(const char *command)
{
	if (chdir(world.repo) < 0)
		return -errno;
	return system(command) == 0 ? 0 : -EROFS;
}

static int git_commits(void)
{
	return in_shell(
	    "git -c user.name=a -c user.email=a@b commit -q --allow-empty -m x 2>/dev/null");
}

static int git_makes_a_branch(void)
{
	return in_shell("git branch evil 2>/dev/null");
}

static int git_makes_a_worktree(void)
{
	return in_shell("git worktree add -q \"$TMPDIR\"/wt 2>/dev/null");
}

/* A name that is not there yet (CVE-2026-25725). */
static int make_agent_settings(void)
{
	static const char *const dirs[] = { ".qwen", ".claude", ".codex", ".gemini", ".cursor",
		".opencode" };
	int rc = -EROFS;

	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]) && rc < 0; i++)
		rc = tried(mkdir(in_repo(dirs[i]), 0755));
	return rc;
}

static int make_agent_file(void)
{
	static const char *const files[] = { ".mcp.json", ".env", "opencode.json", "QWEN.md",
		"AGENTS.override.md" };
	int rc = -EROFS;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]) && rc < 0; i++)
		rc = open_as(in_repo(files[i]), O_WRONLY | O_CREAT | O_EXCL);
	return rc;
}

const struct attack attacks_files[] = {
	{ "file: open for writing", open_to_write, OUT },
	{ "file: open for reading and writing", open_to_read_and_write, OUT },
	{ "file: open for appending", open_to_append, OUT },
	{ "file: open with O_SYNC and O_NOATIME", open_direct, OUT },
	{ "file: O_TRUNC on a read-only open", open_read_and_truncate, OUT },
	{ "file: O_TRUNC with access mode 3", open_mode_3, OUT },
	{ "file: create", create, OUT },
	{ "file: creat()", create_by_creat, OUT },
	{ "file: create below an O_PATH directory", create_below_directory_descriptor, OUT },
	{ "file: create in the working directory", create_in_working_directory, OUT },
	{ "file: create by openat2", create_by_openat2, OUT },
	{ "file: O_TMPFILE", create_unnamed, OUT },
	{ "file: O_TMPFILE, then linkat", create_unnamed_and_link, OUT },
	{ "file: reopen through /proc/self/fd", reopen_through_proc, OUT },
	{ "file: reopen an O_PATH descriptor", reopen_path_descriptor, OUT },
	{ "file: open through /proc/self/root", open_through_proc_root, OUT },
	{ "file: open through /proc/self/cwd", open_through_proc_cwd, OUT },
	{ "file: open through /proc/thread-self", open_through_thread, OUT },
	{ "file: open_by_handle_at", open_by_handle, 0 },
	{ "file: name_to_handle_at", name_to_handle, OUT },
	{ "link: write through a symlink", write_through_symlink, OUT },
	{ "link: write through a symlinked directory", write_through_symlinked_directory, OUT },
	{ "link: write through a hard link", write_through_hard_link, OUT },
	{ "link: hard link of a descriptor", hard_link_descriptor, OUT },
	{ "link: hard link within the repository", hard_link_within, OUT },
	{ "link: hard link into the repository", hard_link_into, OUT },
	{ "link: symlink into the repository", symlink_into, OUT },
	{ "name: unlink", unlink_file, OUT },
	{ "name: unlinkat", unlink_below_descriptor, OUT },
	{ "name: rmdir", remove_directory, OUT },
	{ "name: mkdir", make_directory, OUT },
	{ "name: rename within", rename_within, OUT },
	{ "name: rename over", rename_over, OUT },
	{ "name: rename out", rename_out, OUT },
	{ "name: rename in", rename_in, OUT },
	{ "name: exchange", rename_exchange, OUT },
	{ "name: exchange with scratch", rename_exchange_with_scratch, OUT },
	{ "name: rename with a whiteout", rename_whiteout, 0 },
	{ "name: mkfifo", make_fifo, OUT },
	{ "name: mknod, regular", make_regular, OUT },
	{ "name: mknod, character device", make_device, 0 },
	{ "name: mknod, block device", make_disk, 0 },
	{ "content: truncate", truncate_by_path, OUT },
	{ "content: ftruncate", truncate_descriptor, OUT },
	{ "content: fallocate", allocate, OUT },
	{ "content: punch a hole", punch_hole, OUT },
	{ "content: pwrite", write_at_offset, OUT },
	{ "content: shared mapping", map_shared, OUT },
	{ "content: shared mapping, then mprotect", map_shared_then_allow, OUT },
	{ "content: /proc/self/mem over a private mapping", write_own_memory, 0 },
	{ "content: written pages that are discarded", discard_written_pages, 0 },
	{ "content: spliced pages, then written", splice_and_write, 0 },
	{ "content: copy_file_range", copy_into, OUT },
	{ "content: sendfile", send_into, OUT },
	{ "content: splice", splice_into, OUT },
	{ "content: FICLONE", clone_into, 0 },
	{ "content: FIDEDUPERANGE", deduplicate, 0 },
	{ "git: append to .git/config", append_to_git_config, OUT },
	{ "git: plant a hook", plant_hook, OUT },
	{ "git: lock the index", lock_index, OUT },
	{ "git: move HEAD", move_head, OUT },
	{ "git: commit", git_commits, OUT },
	{ "git: branch", git_makes_a_branch, OUT },
	{ "git: worktree add", git_makes_a_worktree, OUT },
	{ "agent: make a settings directory", make_agent_settings, OUT },
	{ "agent: make a settings file", make_agent_file, OUT },
	{ NULL, NULL, 0 },
};
