"""Commands, with each of their requests for memory failing."""
import collections
import json
import os
import shutil
import subprocess

from calls import differs, plain
from life import NO_MEMORY, Scarce, verify
from memory import FIRST, Plan
from place import PATIENCE, Clients, Daemon, Violation, until

NOT_READY = 4
LIBC, NO_TLS = 127, b"cannot allocate memory for thread-local data"  # what libraries have in each thread
RUN = "quick", "queue", "--model", "rehearsal", "--size", "small"


class Command:
    """What it says is the same each time, or it says what is wrong. WANT: its exit code; BEFORE: a command
    that makes good again what a failure left."""

    def __init__(self, *args, want=0, same=True, daemon=False, before=()):
        self.args, self.want, self.same, self.daemon, self.before = args, want, same, daemon, before
        self.name = " ".join(args)

    def run(self, place, env):
        args = [a.format(top=place.top) for a in self.args]
        try:
            done = subprocess.run([place.program, *args], env=place.env | env, stdin=subprocess.DEVNULL,
                                  capture_output=True, cwd=place.repo, timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            raise Violation("it does not end") from None
        return done.returncode, plain(done.stdout), done.stderr


COMMANDS = [
    Command("version"), Command("help"), Command("help", "run"), Command("help", "exit-codes"),
    Command("completion", "bash"), Command("nothing", want=2),
    Command("runs", "list"), Command("runs", "list", "--all", "--json"), Command("runs", "list", "--flow", "quick"),
    Command("runs", "show", "last"), Command("runs", "show", "last", "--json"),
    Command("runs", "show", "last", "--proof"), Command("runs", "show", "last", "--proof", "--json"),
    Command("runs", "show", "last", "--coverage"), Command("runs", "show", "r-none", want=5),
    Command("runs", "logs", "last"), Command("runs", "watch", "last", "--format", "plain"),
    *(Command("runs", "export", "last", "--as", form) for form in ("md", "json", "html", "sarif", "junit", "github")),
    Command("runs", "compare", "last~1", "last"), Command("runs", "cancel", "last", want=2),
    Command("flows", "list"), Command("flows", "list", "--json"), Command("flows", "show", "code-review", "--expanded"),
    Command("flows", "validate", "{top}/config/tutti/flows/team.yaml"),
    Command("flows", "validate", "{top}/wrong.yaml", want=6), Command("personas", "list"),
    Command("agents"), Command("doctor", "--json"), Command("db", "verify"), Command("db", "gc", "--dry-run"),
    Command("proof", "verify", "{top}/run.proof"), Command("db", "backup", "{top}/copy.db", same=False),
    Command("run", *RUN, "--dry-run"), Command("run", *RUN, "--format", "quiet", same=False),
    Command("runs", "retry", "last", "--step", "both", same=False, before=("runs", "resume", "last")),
    Command("serve", "--link", same=False, daemon=True), Command("runs", "list", daemon=True),
    Command("run", *RUN, "--detach", same=False, daemon=True),
    Command("run", *RUN, "--format", "quiet", same=False, daemon=True),
]


def furnish(place):
    """A run of everything and one of two commands; a file that is no flow; a proof."""
    for flow in "team", "quick":
        said = place.tutti("run", flow, *RUN[1:], "--repo", place.repo, "--format", "quiet")
        if said.returncode:
            raise Violation(f"run {flow}: {said}")
    with open(place.path("wrong.yaml"), "w") as f:
        f.write("flow: wrong\nsteps:\n  - {id: a, kind: nothing}\n")
    with open(place.path("run.proof"), "wb") as f:
        f.write(place.tutti("runs", "show", "last", "--proof", "--json", "--repo", place.repo).stdout)


def stored(place):
    db = place.database()
    rows = dict(db.execute("SELECT id, status FROM runs WHERE parent IS NULL"))
    db.close()
    return rows


class Sweep:
    def __init__(self, place, memory, say):
        self.place, self.memory, self.say = place, memory, say
        self.before = {}

    def make_good(self, command):
        if command.before:
            self.place.tutti(*command.before, "--repo", self.place.repo)

    def learn(self, command):
        """Where its requests come from, and what it says."""
        self.make_good(command)
        self.memory.arm(FIRST)
        got = command.run(self.place, self.memory.env)
        sites = self.memory.sites()
        self.memory.off()
        again = command.run(self.place, {})
        if got[0] != command.want or (command.same and got[:2] != again[:2]):
            raise Violation(f"{command.name}, with all memory there is: {got}, then {again}")
        return sites, (command.want, again[1])

    def acknowledged(self, command, out):
        """What it says that it has done is done."""
        new = {run: status for run, status in stored(self.place).items() if run not in self.before}
        if command.args[0] == "run" and not new:
            raise Violation(f"a run was told and is not there: {out!r}")
        if command.args[:2] == ("db", "backup") and self.place.tutti(
                "db", "verify", "--data", self.place.data).returncode:
            raise Violation("a copy that is none")

    def judge(self, command, got, want):
        code, out, err = got
        if code < 0 or code >= 128:
            raise Violation(f"ended with {code}: {err[-500:]!r}")
        if code == want[0] and command.same and out != want[1]:
            raise Violation(f"{code}, and said {differs(out, want[1])}")
        if code == 0 and not command.same:
            self.acknowledged(command, out)
        if code == LIBC and NO_TLS in err:
            return f"ended with {code} by the C library"
        if code not in (want[0], NO_MEMORY, NOT_READY):
            raise Violation(f"ended with {code}: {err[-500:]!r} {out[-300:]!r}")
        if code != 0 and not err and not out:
            raise Violation(f"ended with {code} without a word")
        return "right" if code == want[0] else f"ended with {code}"

    def attempt(self, command, k, goes_on, want):
        if os.path.exists(self.place.path("copy.db")):
            os.unlink(self.place.path("copy.db"))
        self.make_good(command)
        self.before = stored(self.place)
        self.memory.arm(FIRST, k, goes_on)
        got = command.run(self.place, self.memory.env)
        self.memory.off()
        how = self.judge(command, got, want)
        return how if self.memory.failed else "not hit"

    def sweep(self, command, most):
        took, bad = collections.Counter(), 0
        sites, want = self.learn(command)
        plan = Plan(sites, most)
        for k in plan:
            for goes_on in False, True:
                try:
                    how = self.attempt(command, k, goes_on, want)
                except Violation as e:
                    how, bad = "VIOLATION", bad + 1
                    self.say(f"VIOLATION: {command.name}, request {k}{' and on' if goes_on else ''} of {len(sites)}: {e}\n"
                             f"    in {self.memory.where(self.place.program)}")
                took[how] += 1
                plan.note(k, how == f"ended with {NO_MEMORY}")
                if how in ("not hit", f"ended with {NO_MEMORY}"):
                    break
        self.say(f"{command.name}{' (daemon)' if command.daemon else ''}: {plan}, " +
                 ", ".join(f"{n} {how}" for how, n in took.most_common()))
        return bad


def at_end(place):
    """What was left by commands without memory comes to its end."""
    daemon = Daemon(place).ready()
    until("all runs are over", lambda: "running" not in stored(place).values())
    daemon.end()
    shutil.rmtree(place.path("data", "reports"), ignore_errors=True)  # commands leave them to people
    place.clean()
    verify(place)


def commands(place, memory, most, say, only=None):
    furnish(place)
    sweep, bad, daemon = Sweep(place, memory, say), 0, None
    for command in COMMANDS:
        if only and command.name not in only:
            continue
        if command.daemon and not daemon:
            daemon = Scarce(place, memory, "--bind", "127.0.0.1:0").ready()
        bad += sweep.sweep(command, most)
    if daemon:
        daemon.end()
    at_end(place)
    return bad
