"""Games with calls that fail: one of them, or all from one on until the cause is gone."""
import collections
import errno
import os
import signal
import time

from check import Check
from place import Daemon, Violation, until
from sites import Injected, counted, one_run

# Calls of the daemon and its launcher, and what the kernel may answer to each. "short" is half of it.
FAULTS = {
    "fdatasync": "EIO ENOSPC", "fsync": "EIO ENOSPC", "pwrite64": "EIO ENOSPC short", "pread64": "EIO",
    "ftruncate": "EIO ENOSPC", "openat": "EIO EMFILE ENFILE ENOMEM ENOSPC EINTR", "openat2": "EMFILE EAGAIN EINTR",
    "mmap": "ENOMEM", "mprotect": "ENOMEM", "clone": "EAGAIN ENOMEM", "clone3": "EAGAIN ENOMEM",
    "socketpair": "EMFILE ENOMEM", "pipe2": "EMFILE ENFILE", "memfd_create": "EMFILE ENOMEM",
    "eventfd2": "EMFILE", "epoll_create1": "EMFILE ENOMEM", "socket": "EMFILE ENOMEM", "accept4": "EMFILE ENFILE "
    "ENOMEM EINTR ECONNABORTED", "sendmsg": "EAGAIN EINTR ENOMEM", "sendto": "EAGAIN EINTR ENOMEM short",
    "recvmsg": "EINTR ENOMEM", "recvfrom": "EINTR EAGAIN ENOMEM", "read": "EIO EINTR", "write": "EINTR EAGAIN",
    "unlink": "EIO", "mkdir": "EIO ENOSPC", "rename": "EIO ENOSPC", "rmdir": "EIO", "epoll_wait": "EINTR",
    "epoll_ctl": "ENOMEM ENOSPC", "fcntl": "EINTR EAGAIN", "poll": "EINTR ENOMEM", "wait4": "EINTR",
    "newfstatat": "EIO ENOMEM", "getdents64": "EIO", "fchown": "EIO", "chmod": "EIO",
}

FOR_EVER = 1 << 40
WHILE = 0.5  # seconds for which a fault goes on


def number(name):
    return 0 if name == "short" else getattr(errno, name)


def fault(place, want, name, call, error, k, goes_on):
    """One life with it, and how the daemon took it: what clients were told holds in any case."""
    place.empty()
    daemon = Injected(place, "-c", call, "-e", str(number(error)), "-n", str(k), "-m",
                      str(FOR_EVER if goes_on else 1))
    clients, took = one_run(place, name), "went on"
    try:
        until("a fault, or the end", lambda: daemon.hit() or daemon.dead() or clients.gone())
        if goes_on and daemon.hit():
            time.sleep(WHILE)
            daemon.lift()
        until("the end", lambda: daemon.dead() or clients.gone())
        if daemon.dead():
            took = f"ended with {daemon.process.returncode}"
            if daemon.process.returncode >= 128:
                raise Violation(f"{took}: {daemon.last_words()}")
            place.nobody_left()
            daemon = Daemon(place)
        clients.left()
        check = Check(place, clients.logs, want, hurt=True)
        check.all()
        daemon.ready().end()
        place.clean()
        if any(r["status"] == "failed" for r in check.runs.values()):
            took += ", run failed"
    except Violation as e:
        raise Violation(f"{call} {k}{' and on' if goes_on else ''}: {error}: {e}") from None
    finally:
        clients.kill()
    return took


def all_faults(counts, rng, each):
    """EACH of every call and error, once and going on; not always the same ones."""
    for call, errors in FAULTS.items():
        for error in errors.split():
            for goes_on in (False, True):
                for k in sorted(rng.sample(range(1, counts.get(call, 0) + 1), min(each, counts.get(call, 0)))):
                    yield call, error, k, goes_on


def faults(place, want, each, rng):
    counts = counted(place, False)
    took, bad = collections.Counter(), 0
    for n, one in enumerate(all_faults(counts, rng, each)):
        call, error, k, goes_on = one
        try:
            how = fault(place, want, f"fault-{n}", *one)
        except Violation as e:
            how, bad = "VIOLATION", bad + 1
            print(f"VIOLATION: {e}", flush=True)
            for pid, _ in place.processes():
                os.kill(pid, signal.SIGKILL)
            place.nobody_left()
        took[how] += 1
        if how != "went on":
            print(f"{call} {k}{' and on' if goes_on else ''}: {error}: {how}", flush=True)
    print(dict(took))
    return bad
