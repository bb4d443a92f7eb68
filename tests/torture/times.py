"""Games with time: the wall clock is stepped, or everybody stands still."""
import mmap
import os
import random
import signal
import struct
import time

from check import Check
from place import Clients, Daemon, Violation
from side import AT_ONCE, tally
from sites import Injected

SECOND, HOUR, DAY = 1000, 3600000, 86400000
STEPS = 1, SECOND, 90 * SECOND, HOUR, 2 * DAY, 3650 * DAY
FLOWS = "timed", "timed", "team", "quick", "asks"

# Longer than limits of the flow "timed"; longer than a lease as well, once in LEASES rounds.
PAUSES, LEASE, LEASES = (0.1, 3.0, 5.0), 65.0, 8


def alive(daemon):
    if daemon.process.poll() is not None:
        raise Violation(f"ended with {daemon.process.returncode}: {daemon.last_words()}")


def over(place, daemon, clients):
    """All comes to its end, as if nothing had been."""
    clients.leave()
    clients.left()
    Check(place, clients.logs).all()
    alive(daemon)
    daemon.ask_to_end()
    if daemon.process.wait() != 0:
        raise Violation(f"asked to end, ended with {daemon.process.returncode}: {daemon.last_words()}")
    place.clean()


class Clocks:
    """What the program believes the wall clock to be, off by some milliseconds."""

    def __init__(self, path):
        with open(path, "wb") as f:
            f.write(bytes(16))
        with open(path, "r+b") as f:
            self.at = mmap.mmap(f.fileno(), 16)
        self.path = path

    def step(self, rng):
        off, = struct.unpack("q", self.at[:8])
        step = rng.choice(STEPS) * rng.choice((-1, 1))
        self.at[:8] = struct.pack("q", 0 if abs(off + step) > 4000 * DAY else off + step)


def clock(place, n, seed):
    rng = random.Random(seed)
    place.empty()
    clocks = Clocks(place.path("clocks"))
    clients, kills = Clients(place, 3, f"clock-{n}", FLOWS), 0
    try:
        daemon = Injected(place, "-t", clocks.path).ready()
        for _ in range(rng.randint(3, 12)):
            time.sleep(rng.uniform(0.02, 0.6))
            clocks.step(rng)
            alive(daemon)
            if rng.random() < 0.15:
                daemon.kill()
                place.nobody_left()
                clocks.step(rng)
                daemon = Injected(place, "-t", clocks.path).ready()
                kills += 1
        over(place, daemon, clients)
    finally:
        clients.kill()
    return "went on" + (f", and on after {kills} kills" if kills else "")


# --- pauses --------------------------------------------------------------------------------


def whom(place, daemon, rng):
    """The daemon, its launcher, or both, or everybody."""
    children = [pid for pid, _ in place.processes() if parent(pid) == daemon.pid]
    everybody = [pid for pid, _ in place.processes()]
    return rng.choice(([daemon.pid], [daemon.pid], children, [daemon.pid, *children], everybody))


def parent(pid):
    try:
        with open(f"/proc/{pid}/stat", "rb") as f:
            return int(f.read().rpartition(b")")[2].split()[1])
    except OSError:
        return 0


def send(pids, number):
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass


def stand_still(place, daemon, rng, lease):
    pids = whom(place, daemon, rng)
    send(pids, signal.SIGSTOP)
    time.sleep(LEASE if lease else rng.uniform(0, rng.choice(PAUSES)))
    send(pids, signal.SIGCONT)


def pause(place, n, what):
    seed, lease = what
    rng = random.Random(seed)
    place.empty()
    clients = Clients(place, 3, f"pause-{n}", FLOWS)
    try:
        daemon = Daemon(place).ready()
        for _ in range(1 if lease else rng.randint(2, 6)):
            time.sleep(rng.uniform(0.05, 1.5))
            stand_still(place, daemon, rng, lease)
            alive(daemon)
        over(place, daemon, clients)
    finally:
        clients.kill()
    return "longer than a lease" if lease else "went on"


def clocks(place, n, rng):
    return tally(place, [rng.randrange(1 << 32) for _ in range(n)],
                 lambda at, n, seed: clock(at, n, seed), lambda seed: f"clock {seed}")


def pauses(place, n, rng):
    """Most of the time nobody works, so there is room for more at once."""
    todo = [(rng.randrange(1 << 32), i % LEASES == LEASES - 1) for i in range(n)]
    return tally(place, todo, lambda at, n, what: pause(at, n, what), lambda what: f"pause {what}", 2 * AT_ONCE)
