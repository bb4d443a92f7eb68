"""Rounds that have nothing to do with each other: each in a place of its own, several at a time."""
import collections
import os
import queue
import signal
import sys
import traceback

from place import FORK, Violation
from references import references

AT_ONCE = int(os.environ.get("JOBS") or os.cpu_count())
SILENCE = 900  # seconds, for one round


def attempt(place, one, n, what):
    try:
        return one(place, n, what)
    except Violation as e:
        how = e
    except Exception:
        how = Violation(traceback.format_exc())
    place.end_all()
    place.nobody_left()
    place.keep(f"violation-{n}")
    return how


def work(place, share, one, out):
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    wrong = attempt(place, lambda *_: references(place), "undisturbed", None)
    for n, what in share:
        out.put((n, what, wrong or attempt(place, one, n, what)))


def side_by_side(place, todo, one, many):
    """What ONE(place, n, what) returned for each of TODO, or which violation there was, as they end."""
    out = FORK.Queue()
    places = [place.beside(i) for i in range(min(many, len(todo)))]
    numbered = list(enumerate(todo, 1))
    workers = [FORK.Process(target=work, args=(p, numbered[i::len(places)], one, out))
               for i, p in enumerate(places)]
    for w in workers:
        w.start()
    try:
        for _ in todo:
            yield out.get(timeout=SILENCE)
    except queue.Empty:
        raise Violation(f"for {SILENCE} s nothing was heard of a round") from None
    finally:
        for w in workers:
            w.terminate()
            w.join()
        for p in places:
            p.end_all()


def tally(place, todo, one, words=str, many=AT_ONCE, every=100):
    """How the rounds came out; returns how many violations there were."""
    took, bad = collections.Counter(), 0
    for done, (_, what, how) in enumerate(side_by_side(place, todo, one, many), 1):
        if isinstance(how, Violation):
            bad += 1
            print(f"VIOLATION: {words(what)}: {how}", flush=True)
            how = "VIOLATION"
        elif how.startswith("!"):  # worth a line
            how = how[1:]
            print(f"{words(what)}: {how}", flush=True)
        took[how] += 1
        if done % every == 0 or done == len(todo):
            print(f"{done} of {len(todo)}: " + ", ".join(f"{n} {how}" for how, n in took.most_common()),
                  flush=True)
    return bad
