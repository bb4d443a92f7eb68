"""Games with single system calls: the program is killed at one, or one of them fails."""
import os
import signal

from check import Check
from place import Clients, Daemon, Violation, until
from side import tally

# What a kill is aimed at: everything that others can see of the program, before and behind it.
SITES = [(call, how) for how, calls in (
    ("before", ("fdatasync", "fsync", "pwrite64", "sendmsg", "sendto", "clone", "clone3", "rename", "unlink",
                "mkdir", "ftruncate", "openat", "write")),
    ("after", ("fdatasync", "fsync", "sendmsg", "sendto", "clone", "clone3", "rename", "mkdir")),
    ("half", ("pwrite64", "write"))) for call in calls]

EARLIER = 10, 30, 50, 70  # facts that are told of a run before its first life ends


class Injected(Daemon):
    """A life under tests/torture/inject.c, with these options of it."""

    def __init__(self, place, *options):
        self.told = place.path("injected")
        if os.path.exists(self.told):
            os.unlink(self.told)
        super().__init__(place, before=(place.injector, "-l", "-o", self.told, *options, "--"))

    def hit(self):
        """What was hit, or nothing yet."""
        try:
            with open(self.told) as f:
                line = f.readline()
        except FileNotFoundError:
            return ""
        return line if line.startswith("hit") and line.endswith("\n") else ""

    def counts(self):
        with open(self.told) as f:
            return {name: int(n) for name, n, *_ in map(str.split, f) if name != "hit"}

    def lift(self):
        self.process.send_signal(signal.SIGUSR1)

    def dead(self):
        return self.process.poll() is not None


def one_run(place, name):
    """A client that makes one run of everything, and always the same."""
    clients = Clients(place, 1, name, ["team"], cancels=0, key="site")
    clients.leave()
    return clients


def interrupted(place, clients, facts):
    """An earlier life, killed in the middle of the run; false if it was over before."""
    daemon = Daemon(place).ready()
    until("a run is under way", lambda: clients.facts() > facts or clients.gone())
    daemon.kill()
    place.nobody_left()
    return not clients.gone()


def counted(place, earlier):
    """How often one life with one run makes each call."""
    place.empty()
    clients = one_run(place, "counted")
    if earlier:
        interrupted(place, clients, EARLIER[0])
    daemon = Injected(place)
    clients.left()
    daemon.ready().end()
    return daemon.counts()


def site(place, n, what):
    """A life killed at its K-th CALL, behind so many FACTS of another one, and the next life."""
    call, how, k, facts = what
    place.empty()
    clients, daemon = one_run(place, f"site-{n}"), None
    try:
        if facts and not interrupted(place, clients, facts):
            return "over before"
        daemon = Injected(place, "-c", call, "-k", how, "-n", str(k))
        until("a kill, or the end", lambda: daemon.dead() or clients.gone())
        if not daemon.dead():
            daemon.ready().ask_to_end()
        if daemon.process.wait() not in (0, 128 + signal.SIGKILL):
            raise Violation(f"ended with {daemon.process.returncode}: {daemon.last_words()}")
        place.nobody_left()
        after = Daemon(place).ready()
        clients.left()
        Check(place, clients.logs).all()
        after.end()
        place.clean()
    except Violation as e:
        raise Violation(f"{daemon.hit().strip() if daemon else ''}: {e}") from None
    finally:
        clients.kill()
    return "killed" if daemon.hit() else "not hit"


def all_sites(counts, rng, earlier):
    return [(call, how, k, rng.choice(EARLIER) if earlier else 0)
            for call, how in SITES for k in range(1, counts.get(call, 0) + 1)]


def words(what):
    call, how, k, facts = what
    return f"killed {how} {call} {k}" + (f", {facts} facts behind" if facts else "")


def sites(place, n, rng, earlier):
    """N of all sites, or a range of them; EARLIER: in a life that goes on with a run."""
    counts = counted(place, earlier)
    todo = all_sites(counts, rng, earlier)
    print(f"{len(todo)} sites: " + ", ".join(f"{c} {counts[c]}" for c in sorted(dict(SITES)) if c in counts))
    todo = todo[n.start:n.stop] if isinstance(n, range) else rng.sample(todo, min(n, len(todo)))
    return tally(place, todo, lambda at, n, what: site(at, n, what), words)
