"""Torture of the real program: torture.py PROGRAM DIRECTORY WHAT [N].

WHAT is a game below; N is how often. A violation ends it with the reason; what it was about stays in
DIRECTORY, which must not be there before.
"""
import json
import os
import random
import sys
import time

from check import Check, without_run_facts
from faults import faults
from place import Clients, Daemon, Place, Violation
from sites import sites
from talk import ask

CLIENTS = 4
BATCH = 50  # kills from one rest to the next
SPANS = 0.1, 0.4, 1.2  # of a life, at most: for starts, for beginnings, for ends


def references(place):
    """The report of each flow when nobody is killed."""
    daemon, want = Daemon(place).ready(), {}
    clients = {}
    for flow in place.flows:
        clients[flow] = Clients(place, 1, f"want-{flow}", [flow], cancels=0)
    for c in clients.values():
        c.leave()
    for c in clients.values():
        c.left()
    for row in place.database().execute("SELECT id, flow FROM runs WHERE parent IS NULL"):
        status, text = ask(place.sock, "GET", f"/runs/{row['id']}/report?as=md")
        want[row["flow"]] = without_run_facts(text)
    daemon.end()
    place.clean()
    return want


def rest(place, clients, logs, want):
    """Nobody is killed any more: all comes to its end, and is as clients were told."""
    clients.leave()
    daemon = Daemon(place).ready()
    clients.left()
    counts = Check(place, logs, want).all()
    daemon.end()
    place.clean()
    return counts


# --- games ------------------------------------------------------------------------------------


def game_kill(place, n, rng):
    """kill -9 at random moments, from the start of the program on."""
    want, logs, total = references(place), [], {}
    for done in range(0, n, BATCH):
        clients = Clients(place, CLIENTS, f"kill-{done}")
        logs += clients.logs
        try:
            for _ in range(min(BATCH, n - done)):
                daemon = Daemon(place)
                time.sleep(rng.uniform(0, rng.choice(SPANS)))
                if daemon.process.poll() is not None:
                    raise Violation(f"the daemon ended by itself: {daemon.last_words()}")
                own = daemon.kill()
                if rng.random() < 0.5:  # else the next one begins while the kernel clears up
                    place.nobody_left(own)
            total = rest(place, clients, logs, want)
        finally:
            clients.kill()
        print(f"{min(done + BATCH, n)} of {n} kills: {dict(total)}", flush=True)


def game_sites(place, n, rng):
    """kill -9 at single system calls of a first life, with a run from its beginning to its end."""
    sites(place, references(place), n, rng, False)


def game_recovery(place, n, rng):
    """The same in a life that goes on with a run of an earlier one."""
    sites(place, references(place), n, rng, True)


def game_faults(place, n, rng):
    """Calls that fail, N of each kind, once and for a while: the daemon goes on by itself."""
    return faults(place, references(place), n, rng)


GAMES = {name[5:]: fn for name, fn in globals().items() if name.startswith("game_")}


def main():
    program, top, what = sys.argv[1:4]
    n = int(sys.argv[4]) if len(sys.argv) > 4 else 100
    seed = int(os.environ.get("SEED") or random.randrange(1 << 32))
    print(f"{what}, SEED={seed}", flush=True)
    place = Place(top, program)
    try:
        return 1 if GAMES[what](place, n, random.Random(seed)) else 0
    except Violation as e:
        print(f"VIOLATION: {e}", flush=True)
        return 1
    finally:
        for pid, _ in place.processes():
            os.kill(pid, 9)


if __name__ == "__main__":
    sys.exit(main())
