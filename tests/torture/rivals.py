"""A game with others that want the data directory: more daemons, and commands."""
import json
import os
import random
import subprocess
import time

from check import Check, facts_of
from place import NOT_READY, PATIENCE, Clients, Daemon, Violation, until
from side import tally

NOT_FOUND = 5
FOLLOWS = "run quick", "runs resume"  # and end as the run does, which somebody else may cancel
OFTEN = 12  # moments of a round


class Command:
    """tutti with ARGS; what it promised goes into the account LOG."""

    def __init__(self, place, args, run):
        self.place, self.args, self.run, self.what = place, args, run, " ".join(args[:2])
        self.process = subprocess.Popen([place.program, *args], env=place.env, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=place.top)

    def over(self):
        said = self.wait().decode()
        code = self.process.returncode
        ways = {0, NOT_READY, NOT_FOUND, 2 if self.run else 0, 1 if self.what in FOLLOWS else 0}
        if code not in ways:
            raise Violation(f"{' '.join(self.args)} ended with {code}: {said}")
        if code > 1 and "error: " not in said and '"error"' not in said:
            raise Violation(f"{' '.join(self.args)} does not say why it ended with {code}: {said!r}")
        return code, said

    def wait(self):
        """Who resumed a run that asks a person is that person: its client may be done with it."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            try:
                return self.process.communicate(timeout=1)[0]
            except subprocess.TimeoutExpired:
                if self.what == "runs resume":
                    self.place.tutti("runs", "approve", self.run, "enough")
        raise Violation(f"{' '.join(self.args)} does not end")


def runs_of(clients):
    """Runs that clients were told of."""
    return [fact["id"] for fact in facts_of(filter(os.path.exists, clients.logs)) if fact["t"] == "run"]


def command(place, clients, rng, n):
    runs = runs_of(clients)
    run = rng.choice(runs) if runs else None
    ways = [["db", "verify"], ["db", "verify", "--json"], ["db", "gc", "--keep", "1d"],
            ["db", "backup", place.path("tmp", f"copy-{n}")], ["runs", "list", "--all", "--json"],
            ["run", "quick", "queue", "--repo", place.repo, "--model", "rehearsal", "--format", "plain"]]
    if run:
        ways += [["runs", "cancel", run]] * 3 + [["runs", "resume", run, "--format", "plain"],
                                                 ["runs", "show", run]]
    return Command(place, rng.choice(ways), run)


def settle(daemons):
    """One owner at most: everybody else has ended, and said who it is."""
    until("everybody knows", lambda: all(d.process.poll() is not None or d.announcement() for d in daemons))
    owners = [d for d in daemons if d.process.poll() is None]
    if len(owners) > 1:
        raise Violation(f"{len(owners)} own it: {[d.process.pid for d in owners]}")
    for d in daemons:
        if d not in owners and not d.killed:
            said = d.last_words()
            if d.process.returncode != NOT_READY or "another tutti" not in said or \
               "(process 0)" in said:
                raise Violation(f"a second one ended with {d.process.returncode}: {said}")
    return [d.ready() for d in owners]


def begin(place):
    daemon = Daemon(place)
    daemon.killed = False
    return daemon


def kill(daemon):
    daemon.killed = True
    daemon.process.kill()
    daemon.process.wait()


def moment(place, clients, rng, owners, n):
    """Daemons and commands at once, and now and then the owner is killed in the middle of it."""
    daemons = owners + [begin(place) for _ in range(rng.randint(0, 2))]
    commands = [command(place, clients, rng, f"{n}-{i}") for i in range(rng.randint(0, 2))]
    time.sleep(rng.uniform(0, rng.choice((0.02, 0.3))))
    if owners and rng.random() < 0.4:
        kill(owners[0])
        daemons += [begin(place) for _ in range(rng.randint(0, 2))]
    owners = settle(daemons)
    if rng.random() < 0.7:  # else commands are alone
        owners = [owner_of(place, owners)]
    return owners, [(c, *c.over()) for c in commands]


def owner_of(place, owners):
    """Somebody who works: a command may have it for a while."""
    while not owners:
        owners = settle([begin(place)])
    return owners[0]


def note(log, ended):
    """What commands promised, as clients note it."""
    with open(log, "a") as f:
        for c, code, said in ended:
            if code == 0 and c.what == "runs cancel":
                f.write(json.dumps(dict(t="cancelled", id=c.run)) + "\n")
            elif c.what == "runs resume":
                f.write(json.dumps(dict(t="resuming", id=c.run)) + "\n")


def two(place, n, seed):
    rng = random.Random(seed)
    place.empty()
    clients, others = Clients(place, 3, f"two-{n}"), place.path("acks", f"others-{n}")
    note(others, [])
    try:
        owners = settle([begin(place) for _ in range(3)])
        for i in range(OFTEN):
            owners, ended = moment(place, clients, rng, owners, f"{n}-{i}")
            note(others, ended)
        clients.leave()
        daemon = owner_of(place, owners)
        clients.left()
        for name in os.listdir(place.tmp):
            os.unlink(os.path.join(place.tmp, name))
        Check(place, [*clients.logs, others]).all()
        daemon.end()
        place.clean()
    finally:
        clients.kill()
    return "one owner"


def rivals(place, n, rng):
    return tally(place, [rng.randrange(1 << 32) for _ in range(n)],
                 lambda at, n, seed: two(at, n, seed), lambda seed: f"two {seed}")
