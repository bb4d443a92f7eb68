/* Modes, owners, times, attributes. What pretends to succeed and changes nothing was refused. */
#include "probe.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <utime.h>

enum { CALL_FCHMODAT2 = 452, CALL_SETXATTRAT = 463, CALL_REMOVEXATTRAT = 466 };
enum { CALL_FILE_GETATTR = 468, CALL_FILE_SETATTR = 469 };

#define ATTRIBUTE "user.attack"
#define THEN 86400 /* the second day of 1970 */

static struct stat look(const char *path)
{
	struct stat st = { 0 };

	lstat(path, &st);
	return st;
}

/* RC, but an effect that did not come about is a refusal. */
static int judge(long rc, const char *path, struct stat before)
{
	int code = tried(rc);
	struct stat after = look(path);

	if (code < 0)
		return code;
	bool same = after.st_mode == before.st_mode && after.st_uid == before.st_uid &&
		    after.st_gid == before.st_gid && after.st_mtime == before.st_mtime &&
		    after.st_ctim.tv_sec == before.st_ctim.tv_sec &&
		    after.st_ctim.tv_nsec == before.st_ctim.tv_nsec;

	return same ? -EALREADY : 0;
}

#define CHANGES(name, path, call)                 \
	static int name(void)                     \
	{                                         \
		const char *file = path;          \
		struct stat before = look(file);  \
                                                  \
		return judge(call, file, before); \
	}

static int descriptor(const char *path)
{
	return open(path, O_RDONLY | O_CLOEXEC);
}

static int path_descriptor(const char *path)
{
	return open(path, O_PATH | O_CLOEXEC);
}

static const char *through_proc(const char *path)
{
	static char self[64];

	snprintf(self, sizeof(self), "/proc/self/fd/%d", path_descriptor(path));
	return self;
}

static const char *through_link(const char *path)
{
	return symlink(path, in_scratch("link")) < 0 ? path : in_scratch("link");
}

static const struct timespec times[2] = { { THEN, 0 }, { THEN, 0 } };
static const struct timeval old_times[2] = { { THEN, 0 }, { THEN, 0 } };
static const struct utimbuf oldest_times = { THEN, THEN };

/* --- modes and owners -------------------------------------------------------------------- */

CHANGES(by_chmod, in_repo("file"), chmod(file, 0777))
CHANGES(by_fchmod, in_repo("file"), fchmod(descriptor(file), 0777))
CHANGES(by_fchmodat, in_repo("file"), syscall(SYS_fchmodat, AT_FDCWD, file, 0777))
CHANGES(by_fchmodat2, in_repo("file"), syscall(CALL_FCHMODAT2, AT_FDCWD, file, 0777, 0))
CHANGES(by_chmod_through_proc, in_repo("file"), chmod(through_proc(file), 0777))
CHANGES(by_chmod_through_link, in_repo("file"), chmod(through_link(file), 0777))
CHANGES(set_user_id, in_repo("run"), chmod(file, 04755))
CHANGES(mode_of_directory, in_repo("dir"), chmod(file, 0777))
CHANGES(mode_of_root, world.repo, chmod(file, 0711))
CHANGES(mode_of_git, in_repo(".git/config"), chmod(file, 0666))
CHANGES(by_chown, in_repo("file"), chown(file, getuid(), getgid()))
CHANGES(by_lchown, in_repo("link"), lchown(file, getuid(), getgid()))
CHANGES(by_fchown, in_repo("file"), fchown(descriptor(file), getuid(), getgid()))
CHANGES(by_fchownat, in_repo("file"),
    fchownat(path_descriptor(file), "", getuid(), getgid(), AT_EMPTY_PATH))
CHANGES(group_to_worker, in_repo("file"), chown(file, (uid_t)-1, getegid()))

/* --- times ------------------------------------------------------------------------------- */

CHANGES(by_utime, in_repo("file"), syscall(SYS_utime, file, &oldest_times))
CHANGES(by_utimes, in_repo("file"), syscall(SYS_utimes, file, old_times))
CHANGES(by_futimesat, in_repo("file"), syscall(SYS_futimesat, AT_FDCWD, file, old_times))
CHANGES(by_utimensat, in_repo("file"), utimensat(AT_FDCWD, file, times, 0))
CHANGES(by_futimens, in_repo("file"), futimens(descriptor(file), times))
CHANGES(by_empty_path, in_repo("file"),
    syscall(SYS_utimensat, descriptor(file), "", times, AT_EMPTY_PATH))
CHANGES(touch_now, in_repo("file"), utimensat(AT_FDCWD, file, NULL, 0))
CHANGES(times_of_link, in_repo("link"), utimensat(AT_FDCWD, file, times, AT_SYMLINK_NOFOLLOW))
CHANGES(times_of_directory, in_repo("dir"), utimensat(AT_FDCWD, file, times, 0))

/* --- attributes -------------------------------------------------------------------------- */

static int has_attribute(long rc)
{
	char got[8];
	int code = tried(rc);

	if (code < 0)
		return code;
	return getxattr(in_repo("file"), ATTRIBUTE, got, sizeof(got)) > 0 ? 0 : -EALREADY;
}

static int by_setxattr(void)
{
	return has_attribute(setxattr(in_repo("file"), ATTRIBUTE, "x", 1, 0));
}

static int by_lsetxattr(void)
{
	return has_attribute(lsetxattr(in_repo("file"), ATTRIBUTE, "x", 1, 0));
}

static int by_fsetxattr(void)
{
	return has_attribute(fsetxattr(descriptor(in_repo("file")), ATTRIBUTE, "x", 1, 0));
}

static int by_setxattrat(void)
{
	const struct {
		unsigned long long value;
		unsigned size, flags;
	} args = { (unsigned long long)(size_t) "x", 1, 0 };

	return has_attribute(
	    syscall(CALL_SETXATTRAT, AT_FDCWD, in_repo("file"), 0, ATTRIBUTE, &args, sizeof(args)));
}

/* What is not there cannot be removed: that it is looked for is enough. */
static int removal(long rc)
{
	int code = tried(rc);

	return code == -ENODATA ? 0 : code;
}

static int by_removexattr(void)
{
	return removal(removexattr(in_repo("file"), ATTRIBUTE));
}

static int by_fremovexattr(void)
{
	return removal(fremovexattr(descriptor(in_repo("file")), ATTRIBUTE));
}

static int by_removexattrat(void)
{
	return removal(syscall(CALL_REMOVEXATTRAT, AT_FDCWD, in_repo("file"), 0, ATTRIBUTE));
}

/* An access list that lets everybody write. */
static int access_list(void)
{
	static const unsigned char everybody[] = { 2, 0, 0, 0, 1, 0, 7, 0, 255, 255, 255, 255, 4, 0,
		7, 0, 255, 255, 255, 255, 32, 0, 7, 0, 255, 255, 255, 255 };
	const char *file = in_repo("file");
	struct stat before = look(file);

	return judge(setxattr(file, "system.posix_acl_access", everybody, sizeof(everybody), 0),
	    file, before);
}

static int file_capabilities(void)
{
	static const unsigned char all[20] = { 1, 0, 0, 2, 255, 255, 255, 255 };

	return tried(setxattr(scratch_file("x", "x"), "security.capability", all, sizeof(all), 0));
}

/* --- flags of the file system ------------------------------------------------------------ */

static int set_flags(unsigned long command, int flag)
{
	int fd = descriptor(in_repo("file")), flags = 0;

	ioctl(fd, FS_IOC_GETFLAGS, &flags);
	flags |= flag;
	return tried(syscall(SYS_ioctl, fd, command, &flags));
}

static int no_dump_flag(void)
{
	return set_flags(FS_IOC_SETFLAGS, FS_NODUMP_FL);
}

static int no_time_flag(void)
{
	return set_flags(FS_IOC_SETFLAGS, FS_NOATIME_FL);
}

/* The kernel looks at 32 bits of the command only. */
static int no_dump_flag_with_garbage(void)
{
	return set_flags(FS_IOC_SETFLAGS | 1ul << 40, FS_NODUMP_FL);
}

static int extended_flags(void)
{
	struct fsxattr attr = { 0 };
	int fd = descriptor(in_repo("file"));

	ioctl(fd, FS_IOC_FSGETXATTR, &attr);
	attr.fsx_xflags |= FS_XFLAG_NODUMP;
	return tried(ioctl(fd, FS_IOC_FSSETXATTR, &attr));
}

static int set_generation(void)
{
	int generation = 7;

	return tried(ioctl(descriptor(in_repo("file")), _IOW('v', 2, long), &generation));
}

static int set_file_attributes(void)
{
	struct {
		unsigned long long flags;
		unsigned size, count, id, cow;
	} attr = { .flags = FS_XFLAG_NODUMP };

	return called(
	    CALL_FILE_SETATTR, AT_FDCWD, (long)in_repo("file"), (long)&attr, sizeof(attr), 0);
}

static int set_label(void)
{
	char label[256] = "attack";

	return tried(ioctl(descriptor(world.repo), _IOW(0x94, 50, char[256]), label));
}

static int freeze_file_system(void)
{
	return tried(ioctl(descriptor(world.repo), FIFREEZE, 0));
}

static int encryption_policy(void)
{
	char policy[32] = "";

	return tried(ioctl(descriptor(in_repo("dir")), _IOR('f', 19, char[12]), policy));
}

/* --- elsewhere --------------------------------------------------------------------------- */

CHANGES(mode_of_program, in_program("probe"), chmod(file, 0777))
CHANGES(times_of_program, in_program("probe"), utimensat(AT_FDCWD, file, times, 0))
CHANGES(mode_of_system, "/usr/bin/env", chmod(file, 0777))
CHANGES(times_of_system, "/usr/bin/env", utimensat(AT_FDCWD, file, times, 0))
CHANGES(mode_of_secret, in_secrets("key"), chmod(file, 0777))
CHANGES(times_of_secret, in_secrets("key"), utimensat(AT_FDCWD, file, times, 0))
CHANGES(mode_of_null, "/dev/null", chmod(file, 0600))
CHANGES(mode_of_own_process, "/proc/self/status", chmod(file, 0777))

const struct attack attacks_meta[] = {
	{ "mode: chmod", by_chmod, OUT },
	{ "mode: fchmod", by_fchmod, OUT },
	{ "mode: fchmodat", by_fchmodat, OUT },
	{ "mode: fchmodat2", by_fchmodat2, 0 },
	{ "mode: chmod through /proc/self/fd", by_chmod_through_proc, OUT },
	{ "mode: chmod through a link", by_chmod_through_link, OUT },
	{ "mode: set-user-id", set_user_id, OUT },
	{ "mode: of a directory", mode_of_directory, OUT },
	{ "mode: of the repository's root", mode_of_root, OUT },
	{ "mode: of .git/config", mode_of_git, OUT },
	{ "mode: of the program", mode_of_program, 0 },
	{ "mode: of a program of the system", mode_of_system, 0 },
	{ "mode: of a secret", mode_of_secret, 0 },
	{ "mode: of /dev/null", mode_of_null, 0 },
	{ "mode: of a file in /proc", mode_of_own_process, 0 },
	{ "owner: chown", by_chown, OUT },
	{ "owner: lchown", by_lchown, OUT },
	{ "owner: fchown", by_fchown, OUT },
	{ "owner: fchownat of a descriptor", by_fchownat, OUT },
	{ "owner: group", group_to_worker, OUT },
	{ "time: utime", by_utime, OUT },
	{ "time: utimes", by_utimes, OUT },
	{ "time: futimesat", by_futimesat, OUT },
	{ "time: utimensat", by_utimensat, OUT },
	{ "time: futimens", by_futimens, OUT },
	{ "time: utimensat of a descriptor", by_empty_path, 0 },
	{ "time: touch", touch_now, OUT },
	{ "time: of a link", times_of_link, OUT },
	{ "time: of a directory", times_of_directory, OUT },
	{ "time: of the program", times_of_program, 0 },
	{ "time: of a program of the system", times_of_system, 0 },
	{ "time: of a secret", times_of_secret, 0 },
	{ "attribute: setxattr", by_setxattr, OUT },
	{ "attribute: lsetxattr", by_lsetxattr, OUT },
	{ "attribute: fsetxattr", by_fsetxattr, OUT },
	{ "attribute: setxattrat", by_setxattrat, 0 },
	{ "attribute: removexattr", by_removexattr, OUT },
	{ "attribute: fremovexattr", by_fremovexattr, OUT },
	{ "attribute: removexattrat", by_removexattrat, 0 },
	{ "attribute: access list", access_list, 0 },
	{ "attribute: capabilities of a file", file_capabilities, 0 },
	{ "flag: FS_IOC_SETFLAGS, nodump", no_dump_flag, 0 },
	{ "flag: FS_IOC_SETFLAGS, noatime", no_time_flag, 0 },
	{ "flag: FS_IOC_SETFLAGS with garbage above", no_dump_flag_with_garbage, 0 },
	{ "flag: FS_IOC_FSSETXATTR", extended_flags, 0 },
	{ "flag: generation", set_generation, 0 },
	{ "flag: file_setattr", set_file_attributes, 0 },
	{ "flag: label of the file system", set_label, 0 },
	{ "flag: freeze the file system", freeze_file_system, 0 },
	{ "flag: encryption policy", encryption_policy, 0 },
	{ NULL, NULL, 0 },
};
