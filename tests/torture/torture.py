"""Torture of the real program: torture.py PROGRAM DIRECTORY WHAT [N].

WHAT is a game below; N is how often; "all" or "500-1000" where there is an end. DIRECTORY must not be there before.
Each violation is told with its reason; the place where it was is kept beside the others.
"""
import json
import os
import random
import sys
import time

from check import Check
from disks import SIZE, Full, ReadOnly, disks, own_mounts
from faults import faults
from gone import takings
from place import Clients, Daemon, Place, Violation
from references import references
from rivals import rivals
from sites import sites
from times import clocks, pauses

CLIENTS = 4
BATCH = 50  # kills from one rest to the next
TIMED = "clock", "pause"
OWN_MOUNTS = "disk", "readonly"
SPANS = 0.1, 0.4, 1.2  # of a life, at most: for starts, for beginnings, for ends
FEW, SHORT = 100, 0.5  # where there are so few of them, shorter by this


def rest(place, clients, logs):
    """Nobody is killed any more: all comes to its end, and is as clients were told."""
    clients.leave()
    daemon = Daemon(place).ready()
    clients.left()
    counts = Check(place, logs).all()
    daemon.end()
    place.clean()
    return counts


# --- games ------------------------------------------------------------------------------------


def game_kill(place, n, rng):
    """kill -9 at random moments, from the start of the program on."""
    logs, total = [], {}
    references(place)
    for done in range(0, n, BATCH):
        clients = Clients(place, CLIENTS, f"kill-{done}")
        logs += clients.logs
        try:
            for _ in range(min(BATCH, n - done)):
                daemon = Daemon(place)
                time.sleep(rng.uniform(0, rng.choice(SPANS)) * (SHORT if n <= FEW else 1))
                if daemon.process.poll() is not None:
                    raise Violation(f"the daemon ended by itself: {daemon.last_words()}")
                own = daemon.kill()
                if rng.random() < 0.5:  # else the next one begins while the kernel clears up
                    place.nobody_left(own)
            total = rest(place, clients, logs)
        finally:
            clients.kill()
        print(f"{min(done + BATCH, n)} of {n} kills: {dict(total)}", flush=True)


def game_sites(place, n, rng):
    """kill -9 at single system calls of a first life, with a run from its beginning to its end."""
    return sites(place, n, rng, False)


def game_recovery(place, n, rng):
    """The same in a life that goes on with a run of an earlier one."""
    return sites(place, n, rng, True)


def game_faults(place, n, rng):
    """Calls that fail, N of each kind, once and for a while: the daemon goes on by itself."""
    return faults(place, n, rng)


def game_disk(place, n, rng):
    """The disk is full for a while, again and again: all goes on by itself."""
    return disks(place, n, rng, Full)


def game_readonly(place, n, rng):
    """The data can only be read for a while."""
    return disks(place, n, rng, ReadOnly)


def game_two(place, n, rng):
    """Other daemons and commands come to the same data: one owns it."""
    return rivals(place, n, rng)


def game_gone(place, n, rng):
    """The database is removed, replaced or cut short under the daemon: it says so, and acknowledges no more."""
    return takings(place, n, rng)


def game_clock(place, n, rng):
    """The wall clock is stepped, by a millisecond or by ten years: limits and pauses are as long as ever."""
    return clocks(place, n, rng)


def game_pause(place, n, rng):
    """Daemon or launcher are stopped, for longer than limits, than silence, than a lease."""
    return pauses(place, n, rng)


GAMES = {name[5:]: fn for name, fn in globals().items() if name.startswith("game_")}


def how_often(word):
    """A number, or of what can be counted: all of it, or from the one to the other."""
    if "-" in word:
        return range(*map(int, word.split("-")))
    return range(1 << 30) if word == "all" else int(word)


def main():
    program, top, what = sys.argv[1:4]
    n = how_often(sys.argv[4] if len(sys.argv) > 4 else "100")
    seed = int(os.environ.get("SEED") or random.randrange(1 << 32))
    print(f"{what}, SEED={seed}", flush=True)
    if what in OWN_MOUNTS:
        own_mounts()
    place = None
    try:
        place = Place(top, program, SIZE if what in OWN_MOUNTS else 0)
        place.wants = [flow for flow in place.wants if flow != "timed" or what in TIMED]
        return 1 if GAMES[what](place, n, random.Random(seed)) else 0
    except Violation as e:
        print(f"VIOLATION: {e}", flush=True)
        return 1
    finally:
        if place:
            place.end_all()


if __name__ == "__main__":
    sys.exit(main())
