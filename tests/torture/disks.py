"""Games with the file system below the data: it is full, or only to be read, for a while.

They need a mount namespace of their own. Root makes one; others are root there, and the program is not.
"""
import os
import random
import signal
import sys
import time

from check import Check
from place import Clients, Daemon, Violation, mount, until
from side import tally
from sites import Injected

SIZE = 48 << 20
LEFT = 0, 0, 4096, 40960  # bytes that are still free where it is full
AT_MOST = 1.5  # seconds of trouble
CALLS = "pwrite64,write,ftruncate,fdatasync,fsync,fallocate"
EROFS, FOR_EVER = "30", str(1 << 40)


def own_mounts():
    """This program once more, where it may mount; or it ends with the reason why not."""
    if "TORTURE_AS_USER" in os.environ:
        return
    way = ["unshare", "--mount"]
    os.environ["TORTURE_AS_USER"] = ""
    if os.geteuid() != 0:
        way.append("--map-root-user")
        os.environ["TORTURE_AS_USER"] = \
            f"unshare --user --map-user={os.getuid()} --map-group={os.getgid()}"
    os.execvp(way[0], [*way, sys.executable, *sys.argv])


class Full:
    """No room, but for a little."""

    def __init__(self, place, rng):
        self.path, self.left = place.path("disk/filler"), rng.choice(LEFT)

    def daemon(self, place):
        return Daemon(place)

    def begin(self, _):
        with open(self.path, "wb", buffering=0) as f:
            try:
                while True:
                    f.write(bytes(1 << 16))
            except OSError:
                pass
            try:
                while True:
                    f.write(bytes(512))
            except OSError:
                f.truncate(max(0, f.tell() - self.left))

    def end(self, _):
        os.unlink(self.path)


class ReadOnly:
    """What is opened from now on is only to be read; and, LYING, what is open answers so as well. The
    kernel makes nothing read-only by itself in which files are open for writing."""

    def __init__(self, place, rng):
        self.data, self.lying = place.data, rng.random() < 0.7

    def daemon(self, place):
        if not self.lying:
            return Daemon(place)
        return Injected(place, "-c", CALLS, "-p", self.data, "-e", EROFS, "-m", FOR_EVER, "-w")

    def begin(self, daemon):
        until("nothing is opened between two mounts", self.cover)
        if self.lying and daemon:
            daemon.process.send_signal(signal.SIGUSR2)

    def cover(self):
        mount("--bind", self.data, self.data)
        try:
            mount("-o", "remount,bind,ro", self.data)
        except Violation:  # a file was opened for writing in between
            mount("--lazy", self.data, how="umount")
            return False
        return True

    def end(self, daemon):
        if self.lying and daemon:
            daemon.process.send_signal(signal.SIGUSR1)
        mount("--lazy", self.data, how="umount")


def start_in(place, trouble):
    """A life that begins in the middle of it: it works, or says why it cannot."""
    daemon = trouble.daemon(place)
    return None if daemon.refuses() else daemon.ready()


def suffer(place, trouble, daemon, rng):
    """Once; the daemon that is there afterwards, and whether it is another one."""
    time.sleep(rng.uniform(0.05, 0.8))
    trouble.begin(daemon)
    other = rng.random() < 0.3
    try:
        time.sleep(rng.uniform(0.05, AT_MOST))
        if other:
            daemon.kill()
            place.nobody_left()
            daemon = start_in(place, trouble)
            time.sleep(rng.uniform(0, 0.5))
    finally:
        trouble.end(daemon)
    if daemon and daemon.process.poll() is not None:
        raise Violation(f"ended with {daemon.process.returncode}: {daemon.last_words()}")
    return (daemon or trouble.daemon(place)).ready(), other


def one(place, n, kind, seed):
    """A life, or some, with trouble again and again."""
    rng = random.Random(seed)
    place.empty()
    trouble, others = kind(place, rng), 0
    clients = Clients(place, 3, f"{kind.__name__}-{n}")
    try:
        daemon = trouble.daemon(place).ready()
        for _ in range(rng.randint(1, 4)):
            daemon, other = suffer(place, trouble, daemon, rng)
            others += other
        clients.leave()
        clients.left()
        Check(place, clients.logs, refused=True).all()
        daemon.ask_to_end()
        if daemon.process.wait() != 0:
            raise Violation(f"asked to end, ended with {daemon.process.returncode}: {daemon.last_words()}")
        Daemon(place).ready().end()
        place.clean()
    finally:
        clients.kill()
    return "went on" + (", and began in it" if others else "")


def disks(place, n, rng, kind):
    seeds = [rng.randrange(1 << 32) for _ in range(n)]
    return tally(place, seeds, lambda at, n, seed: one(at, n, kind, seed),
                 lambda seed: f"{kind.__name__} {seed}")
