"""Games with calls that fail: one of them, or all from one on until the cause is gone."""
import errno
import itertools
import signal
import time

from check import Check
from place import Daemon, Violation, until
from side import tally
from sites import Injected, counted, one_run

# Calls of the daemon and its launcher, and what the kernel may answer to each. "short" is half of it; behind
# a + stands what the path has in it.
FAULTS = {
    "fdatasync": "EIO ENOSPC", "fsync": "EIO ENOSPC", "pwrite64": "EIO ENOSPC short", "pread64": "EIO",
    "ftruncate": "EIO ENOSPC", "openat": "EIO+disk/data EIO+/repo EMFILE ENFILE ENOMEM ENOSPC+disk/data EINTR",
    "openat2": "EMFILE ENOMEM EINTR", "mmap": "ENOMEM", "mprotect": "ENOMEM", "clone": "EAGAIN ENOMEM",
    "clone3": "EAGAIN ENOMEM", "socketpair": "EMFILE ENOMEM", "pipe2": "EMFILE ENFILE",
    "memfd_create": "EMFILE ENOMEM", "eventfd2": "EMFILE", "epoll_create1": "EMFILE ENOMEM",
    "socket": "EMFILE ENOMEM", "accept4": "EMFILE ENFILE ENOMEM EINTR ECONNABORTED", "sendmsg": "EINTR ENOMEM",
    "sendto": "EINTR ENOMEM", "recvmsg": "EINTR ENOMEM", "recvfrom": "EINTR ENOMEM", "read": "EIO+disk/data EIO+/repo EINTR",
    "write": "ENOSPC+disk/data", "unlink": "EIO EROFS", "mkdir": "EIO ENOSPC EROFS", "rename": "EIO ENOSPC",
    "rmdir": "EIO", "epoll_wait": "EINTR", "epoll_ctl": "ENOMEM ENOSPC", "fcntl": "EAGAIN+tutti.db",
    "poll": "EINTR ENOMEM", "wait4": "EINTR", "newfstatat": "EIO ENOMEM", "getdents64": "EIO",
    "fchown": "EIO", "chmod": "EIO",
}

# The loader's first mapping, before any line of ours: it ends by SIGSEGV there. Else no signal ends the daemon.
BEFORE_MAIN = ("mmap", 1)

FOR_EVER = 1 << 40
WHILE = 0.5  # seconds for which a fault goes on


def options(call, error, k, goes_on):
    name, _, path = error.partition("+")
    number = 0 if name == "short" else getattr(errno, name)
    more = ["-p", path] if path else []
    return ["-c", call, "-e", str(number), "-n", str(k), "-m", str(FOR_EVER if goes_on else 1), *more]


def suffer(daemon, clients, goes_on):
    """Until the clients have what they want, or the daemon is gone. How it took it."""
    until("a fault, or the end", lambda: daemon.hit() or daemon.dead() or clients.gone())
    if goes_on and daemon.hit():
        time.sleep(WHILE)
        daemon.lift()
    until("the end", lambda: daemon.dead() or clients.gone())
    if not daemon.dead():
        return "went on" if daemon.hit() else "not hit"
    code, when = daemon.process.returncode, "" if daemon.announcement() else " at its start"
    if code >= 128 and not (daemon.site == BEFORE_MAIN and code == 128 + signal.SIGSEGV):
        raise Violation(f"ended with {code}: {daemon.last_words()}")
    if not when and code < 128 and code != 71:
        raise Violation(f"ended by itself with {code}: {daemon.last_words()}")
    return f"ended with {code}{when}"


def fault(place, n, what):
    """One life with it, and one without: what clients were told holds."""
    call, error, k, goes_on = what
    place.empty()
    daemon = Injected(place, *options(call, error, k, goes_on))
    daemon.site = call, k
    clients = one_run(place, f"fault-{n}")
    try:
        took = suffer(daemon, clients, goes_on)
        if daemon.dead():
            place.nobody_left()
            daemon = Daemon(place)
        else:
            daemon.lift()  # it is not aimed at those who look at what came out
        clients.left()
        check = Check(place, clients.logs, refused=True, failed=True)
        check.all()
        daemon.ready().end()
        Daemon(place).ready().end()  # who could not clear up behind itself has it done
        place.clean()
        if any(r["status"] == "failed" for r in check.runs.values()):
            took += ", run failed"
    finally:
        clients.kill()
    return took if took in ("went on", "not hit") else "!" + took


def all_faults(counts, rng):
    """Every call and error, once and going on, at some of the calls."""
    kinds = [(call, error, goes_on) for call, errors in FAULTS.items() for error in errors.split()
             for goes_on in (False, True) if counts.get(call)]
    while True:
        rng.shuffle(kinds)
        for call, error, goes_on in kinds:
            yield call, error, rng.randint(1, counts[call]), goes_on


def words(what):
    call, error, k, goes_on = what
    return f"{call} {k}{' and on' if goes_on else ''}: {error}"


def faults(place, n, rng):
    todo = list(itertools.islice(all_faults(counted(place, False), rng), n))
    return tally(place, todo, lambda at, n, what: fault(at, n, what), words)
