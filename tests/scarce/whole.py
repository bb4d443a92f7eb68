"""Whole runs, and whole starts, without memory somewhere in them."""
import collections
import itertools
import os
import re
import shutil
import signal
import subprocess
import time

import check
import references
from check import Check, without_run_facts
from client import Client
from life import NO_MEMORY, Scarce, announced, verify
from memory import FIRST, FOR_EVER, Plan
from place import Clients, Daemon, Violation, tree_hash, until
from sites import one_run

FACTS = 45  # that are told of runs before their first life ends
QUIET = "went on", "not hit", f"ended with {NO_MEMORY}", "VIOLATION"  # of which no more is said


# Of a report: what attempts that were lost leave of their proof; and what a repository tells programs.
VOLATILE = [(re.compile(p), r) for p, r in (
    (r"proven(?: for \d+ of \d+)? \((.*?)\)(?:; of \d+ no end is recorded)?$", r"proven (\1)"),
    (r"(?:agent|__freeze) +\d+ +\d+", "_"), (r"`[0-9a-f]{12}`", "_"), (r"\b[0-9a-f]{64}\b", "_"),
)]


def facts_apart(text):
    """A report without what is another one in another run; in place of torture's own."""
    lines = without_run_facts(text)
    for pattern, by in VOLATILE:
        lines = [pattern.sub(by, line) for line in lines]
    return lines


check.without_run_facts = references.without_run_facts = facts_apart


def each(what, sites, most, one, say, place, memory):
    """ONE(k, goes on) says how that was taken; what dies of one failure is not given more of them."""
    took, bad = collections.Counter(), 0
    plan = Plan(sites, most)
    for k in plan:
        for goes_on in False, True:
            words = f"{what}, request {k}{' and on' if goes_on else ''} of {len(sites)}"
            try:
                how = one(k, goes_on)
            except Violation as e:
                how, bad = "VIOLATION", bad + 1
                say(f"VIOLATION: {words}: {e}\n    in {memory.where(place.program)}")
                for pid, _ in place.processes():
                    os.kill(pid, signal.SIGKILL)
                place.nobody_left()
            took[how] += 1
            plan.note(k, how.startswith(f"ended with {NO_MEMORY}"))
            if how not in QUIET and not how.endswith("at its start") and memory.failed:
                say(f"{words}: {how}\n    in {memory.where(place.program)}")
            if how.startswith("ended") or how == "not hit":
                break
    say(f"{what}: {plan}, " + ", ".join(f"{n} {how}" for how, n in took.most_common()))
    return bad


def as_told(place, logs):
    """Nobody is at work; what clients were told holds, and nothing is left behind."""
    held = Check(place, logs, refused=True, failed=True)
    held.all()
    return "".join({f", run {r['status']}" for r in held.runs.values() if r["status"] != "completed"})


def at_rest(place, daemon):
    daemon.ready().end()
    Daemon(place).ready().end()  # who could not clear up behind itself has it done
    place.clean()
    verify(place)


class Run:
    """A life with one run of everything: without memory in the daemon, or in the fence."""

    lives = itertools.count(1)  # of all: no two have an account of the same name

    def __init__(self, place, memory, who):
        self.place, self.memory, self.who = place, memory, who
        self.daemon = None

    def live(self, k, goes_on=False):
        """Until the run is over, or the daemon."""
        self.place.empty()
        self.memory.off()
        self.daemon = daemon = Scarce(self.place, self.memory)
        if not announced(daemon):
            raise Violation(f"ended with {daemon.code}: {daemon.last_words()}")
        self.memory.arm(daemon.pid if self.who == "daemon" else -daemon.pid, k, goes_on)
        clients = one_run(self.place, f"{self.who}-{next(self.lives)}")
        until("the run is over", lambda: clients.gone() or daemon.code is not None)
        self.memory.off()
        return clients

    def sites(self):
        clients = self.live(FOR_EVER)
        clients.left()
        sites = self.memory.sites()
        self.daemon.end()
        return sites

    def __call__(self, k, goes_on):
        clients = self.live(k, goes_on)
        daemon, how = self.daemon, "went on" if self.memory.failed else "not hit"
        try:
            if daemon.code is not None:
                daemon.ended_in_order()
                how = f"ended with {daemon.code}"
                self.place.nobody_left()
                daemon = Daemon(self.place)
            clients.left()
            daemon.ready()
            how += as_told(self.place, clients.logs)
            at_rest(self.place, daemon)
        finally:
            clients.kill()
        return how


def copy(data, to):
    subprocess.run(["cp", "-a", data, to], check=True)


class Recovery:
    """The start of a daemon over runs that were interrupted, without memory somewhere in it."""

    def __init__(self, place, memory):
        self.place, self.memory = place, memory
        self.kept, self.daemon = place.path("kept"), None
        clients = Clients(place, 4, "interrupted", ["team", "quick"], cancels=0)
        daemon = Daemon(place).ready()
        until("runs are under way", lambda: clients.facts() > FACTS)
        daemon.kill()
        clients.kill()
        place.nobody_left()
        self.logs = clients.logs
        os.unlink(place.sock)
        copy(place.data, self.kept)

    def over(self):
        db = self.place.database()
        n = db.execute("SELECT count(*) FROM runs WHERE status = 'running'").fetchone()[0]
        db.close()
        return n == 0

    def live(self, k, goes_on=False):
        shutil.rmtree(self.place.data)
        copy(self.kept, self.place.data)
        self.memory.arm(FIRST, k, goes_on)
        self.daemon = daemon = Scarce(self.place, self.memory)
        if not announced(daemon):
            return
        until("runs are over", lambda: daemon.code is not None or self.over(), pause=0.03)

    def sites(self):
        """Of requests until it has begun to work on them."""
        self.memory.arm(FIRST)
        self.daemon = Scarce(self.place, self.memory).ready()
        time.sleep(0.2)
        sites = self.memory.sites()
        until("runs are over", self.over)
        self.daemon.end()
        return sites

    def took(self):
        code = self.daemon.code
        if code is None:
            return "went on" if self.memory.failed else "not hit"
        early = not self.daemon.announcement()
        if code != NO_MEMORY and not (early and 0 < code < 128):
            raise Violation(f"ended with {code}: {self.daemon.last_words()}")
        return f"ended with {code}{' at its start' if early else ''}"

    def __call__(self, k, goes_on):
        self.live(k, goes_on)
        self.memory.off()
        how, daemon = self.took(), self.daemon
        if how.startswith("ended"):
            self.place.nobody_left()
            daemon = Daemon(self.place).ready()
            until("runs are over", self.over)
        how += as_told(self.place, self.logs)
        at_rest(self.place, daemon)
        return how


def model_server(place, memory):
    """The rehearsal model as a server, which runs ask from now on."""
    place.model = place.path("model")
    os.mkdir(place.model)
    ports = os.path.join(place.model, "ports")
    open(place.path("script"), "w").close()
    server = subprocess.Popen([os.path.join(memory.beside, "upstream"), place.model, place.path("script")])
    port = until("the model server listens", lambda: os.path.exists(ports) and open(ports).read().split())[0]
    place.env.update(OPENAI_BASE_URL=f"http://127.0.0.1:{port}/v1", OPENAI_API_KEY="key")
    Client.model = "scarce"
    return server


def runs(place, memory, most, say, only=None):
    """WHO has no memory: the daemon, also with a model server, or the fence."""
    bad = 0
    for who in "daemon", "fence", "server":
        if only and who not in only:
            continue
        server = model_server(place, memory) if who == "server" else None
        references.references(place)
        run = Run(place, memory, "fence" if who == "fence" else "daemon")
        bad += each(f"a run, {who}", run.sites(), most, run, say, place, memory)
        place.empty()
        if server:
            server.kill()
    return bad


def recovery(place, memory, most, say, only=None):
    references.references(place)
    place.empty()
    start = Recovery(place, memory)
    return each("recovery", start.sites(), most, start, say, place, memory)


class Fenced(Run):
    """A life in which programs of ours behind the fence are short of memory; the repository tells them."""

    @staticmethod
    def tell(place, who, k, n=1):
        with open(os.path.join(place.repo, ".scarce"), "w") as f:
            f.write(f"{who} {k:9} {n:9}\n")
        place.repo_hash = tree_hash(place.repo)

    def live(self, k, goes_on=False):
        self.tell(self.place, self.who, k, 1000 if goes_on else 1)
        self.place.empty()
        self.memory.off()
        self.daemon = Scarce(self.place, self.memory).ready()
        clients = one_run(self.place, f"{self.who}-{next(self.lives)}")
        until("the run is over", lambda: clients.gone() or self.daemon.code is not None)
        return clients

    def __call__(self, k, goes_on):
        clients = self.live(k, goes_on)
        try:
            clients.left()
            how = "went on" + as_told(self.place, clients.logs)
            for row in self.place.database().execute("SELECT data FROM events WHERE type = 'step'"):
                if re.search(r"SIG[A-Z]{3,}|signal", row["data"]):
                    raise Violation(f"a child died: {row['data'][:1000]}")
            at_rest(self.place, self.daemon)
        finally:
            clients.kill()
        return how


def fenced(place, memory, most, say, only=None):
    """So many requests as there may be; what they come to shows only in the run."""
    shutil.copy(os.path.join(memory.beside, "tutti-scarce"), place.program)
    Fenced.tell(place, "agent", 1 << 29)
    references.references(place)
    bad = 0
    for who, count in ("agent", 4000), ("__freeze", 600):
        if not only or who in only:
            bad += each(f"{who} behind the fence", range(count), most or 400, Fenced(place, memory, who), say, place, memory)
    return bad
