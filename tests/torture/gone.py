"""A game with the files of the database: somebody takes them away under a living daemon.

It has to end by itself and say what was done and what helps, nothing that came later may have been
acknowledged, and no new database may come into the place of the one that is gone. Where the old one is
only not there any more, all that clients were told has to be in what the daemon saved of it.
"""
import glob
import os
import random
import re
import shutil
import time

from check import Check, facts_of
from place import Clients, Daemon, Violation, until
from side import tally

LOST = 74  # an exit code


def remove(db, _):
    os.unlink(db)


def move(db, _):
    os.rename(db, db + "-moved")


def replace(db, rng):
    """By a copy of itself, by a text, by nothing."""
    beside = db + "-other"
    kind = rng.randrange(3)
    with open(beside, "wb") as f:
        if kind == 1:
            f.write(b"no database\n" * 1000)
    if kind == 0:
        shutil.copy(db, beside)
    os.rename(beside, db)


def cut(db, rng):
    size = os.path.getsize(db)
    os.truncate(db, rng.choice([n for n in (0, 100, 4096, 8192, size - 4096) if 0 <= n < size]))


def remove_log(db, _):
    os.unlink(db + "-wal")


def replace_log(db, _):
    with open(db + "-other", "wb") as f:
        f.write(b"no log\n" * 1000)
    os.rename(db + "-other", db + "-wal")


def cut_log(db, _):
    os.truncate(db + "-wal", 0)


def remove_all(db, _):
    for name in glob.glob(db + "*"):
        os.unlink(name)


DEEDS = remove, move, replace, remove_all, remove_log, replace_log, cut, cut_log


def refused(place):
    """The next daemon does not begin anew: it says what is wrong. False: it works."""
    daemon = Daemon(place)
    if not daemon.refuses():
        daemon.ready().end()
        return False
    if '"fix"' not in daemon.last_words():
        raise Violation(f"it does not say what helps: {daemon.last_words()}")
    return True


def restore(place, file):
    done = place.tutti("db", "restore", file)
    if done.returncode:
        raise Violation(f"{file} is not put back: {done.stderr.decode()}")


def ends(daemon):
    until("it ends by itself", lambda: daemon.process.poll() is not None, 30)
    said = daemon.last_words()
    if daemon.process.returncode != LOST or "while it was in use" not in said or "fix: " not in said:
        raise Violation(f"ended with {daemon.process.returncode}: {said}")
    return said


def backup_of(place, n):
    file = place.path("acks", f"backup-{n}")
    done = place.tutti("db", "backup", file)
    if done.returncode:
        raise Violation(f"backup: {done.stderr.decode()}")
    return file


def nothing_since(clients, when):
    """No run that was asked for since WHEN was promised: its database was not there any more."""
    asked = {}
    for fact in facts_of(clients.logs):
        if fact["t"] == "try":
            asked[fact["key"]] = fact["at"]
        elif fact["t"] == "run" and asked[fact["key"]] > when:
            raise Violation(f"promised when there was no database: {fact}")


def take_away(place, deed, rng):
    db = os.path.join(place.data, "tutti.db")
    if deed is cut_log or deed is remove_log or deed is replace_log:
        until("there is a log", lambda: os.path.exists(db + "-wal") and os.path.getsize(db + "-wal"))
    deed(db, rng)
    return time.monotonic()


def put_right(place, deed, said):
    """As the last words say; where nothing was put back yet, the next daemon does not begin."""
    saved = re.search(r"tutti db restore (/\S+)", said)
    if bool(saved) != (deed in (remove, move, replace, remove_all)):
        raise Violation(f"what was saved: {said}")
    if deed is not replace and refused(place) != bool(saved):
        raise Violation(f"what the next daemon did: {said}")
    if saved:
        restore(place, saved[1])


def cut_off(place, clients, backup):
    """What there is, is whole; or it is refused, and a backup put in its place."""
    clients.kill()
    if refused(place):
        restore(place, backup)


def gone(place, n, what):
    deed, seed = what
    rng = random.Random(seed)
    place.empty()
    clients = Clients(place, 3, f"gone-{n}")
    try:
        daemon = Daemon(place).ready()
        time.sleep(rng.uniform(0.2, 2))
        if rng.random() < 0.5:  # so that the log is short
            daemon.end()
            daemon = Daemon(place).ready()
        backup = backup_of(place, n)
        time.sleep(rng.uniform(0, 1))
        when = take_away(place, deed, rng)
        said = ends(daemon)
        place.nobody_left()
        nothing_since(clients, when)
        if deed in (cut, cut_log):
            cut_off(place, clients, backup)
        else:
            put_right(place, deed, said)
        daemon = Daemon(place).ready()
        if deed not in (cut, cut_log):
            clients.leave()
            clients.left()
            Check(place, clients.logs, refused=True).all()
        daemon.end()
        verified = place.tutti("db", "verify")
        if verified.returncode:
            raise Violation(f"afterwards: {verified.stdout.decode()}")
        for file in glob.glob(place.data + "/tutti.db?*"):
            os.unlink(file)
        place.clean()
    finally:
        clients.kill()
    return deed.__name__


def takings(place, n, rng):
    todo = [(DEEDS[i % len(DEEDS)], rng.randrange(1 << 32)) for i in range(n)]
    return tally(place, todo, lambda at, n, what: gone(at, n, what),
                 lambda what: f"{what[0].__name__} {what[1]}")
