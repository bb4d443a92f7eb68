"""Every call of the API, with each of its requests for memory failing."""
import collections
import re

from calls import API, Stuck, all_calls, exchange
from life import Scarce, announced, verify
from memory import Plan
from place import Clients, Daemon, Violation

VERIFY_EVERY = 25  # deaths


class World:
    """A place with runs that are over, and a daemon that is started again whenever it has ended."""

    def __init__(self, place, memory):
        self.place, self.memory = place, memory
        self.deaths, self.died, self.daemon = 0, False, None
        self.ids = dict(repo=place.repo)
        self.furnish()
        self.start()
        page = exchange(place.sock, "GET", "/")[1].decode()
        self.ids["asset"] = re.search(r'"(/assets/[^"]+\.js)"', page).group(1)
        self.facts = self.read_facts()

    def furnish(self):
        clients = Clients(self.place, 1, "earlier", ["team"], cancels=0)
        clients.leave()
        daemon = Daemon(self.place).ready()
        clients.left()
        again = Clients(self.place, 1, "other", ["team"], cancels=0)
        again.leave()
        again.left()
        daemon.end()
        rows = self.place.database().execute("SELECT id FROM runs WHERE parent IS NULL ORDER BY key").fetchall()
        self.ids.update(team=rows[0]["id"], other=rows[1]["id"])

    def read_facts(self):
        return [self.sure(exchange(self.place.sock, "GET", f"{API}/runs/{self.ids[who]}/events"), 200)
                for who in ("team", "other")]

    # --- lives ---

    def start(self):
        self.memory.off()
        self.daemon = Scarce(self.place, self.memory, "--bind", "127.0.0.1:0")
        if not announced(self.daemon):
            raise Violation(f"does not start again: {self.daemon.code} {self.daemon.last_words()}")
        self.port = self.daemon.announcement()["url"].partition("//")[2]

    def start_again(self):
        """It has ended for want of memory; all that was told is there."""
        self.daemon.ended_in_order()
        self.deaths += 1
        if self.deaths % VERIFY_EVERY == 0:
            verify(self.place)
        self.start()
        if self.read_facts() != self.facts:
            raise Violation("what was told of earlier runs is another thing now")

    # --- what has to be, with memory ---

    def know(self, got, statuses):
        if not got or got[0] not in statuses:
            raise Violation(f"with memory: {got}, not {statuses}")
        return got[0]

    def sure(self, got, status):
        self.know(got, (status,))
        return got[1]


def attempt(world, call, k, goes_on):
    """How it went with the K-th request failing, or all from it on."""
    call.prepare(world)
    world.memory.arm(world.daemon.pid, k, goes_on)
    try:
        got = call.request(world)
    except Stuck:
        raise Violation("no answer") from None
    finally:
        world.memory.off()
    world.died = not world.daemon.answers()
    if world.died:
        world.start_again()
    call.judge(world, got)
    call.settle(world, got)
    if not world.memory.failed:
        return "not hit"
    if world.died:
        return "ended"
    return "no answer" if not got else "right" if got[0] == call.status else "refused"


def counted(world, call):
    """Where the requests of the call come from, the second time."""
    call.learn(world)
    call.learn(world)
    call.prepare(world)
    world.memory.arm(world.daemon.pid)
    got = call.request(world)
    world.memory.off()
    sites = world.memory.sites()
    call.settle(world, got)
    return sites


def sweep(world, call, most, say):
    """All of them fail once; where that was survived, all from there on fail for a while."""
    took, bad = collections.Counter(), 0
    plan = Plan(counted(world, call), most)
    for k in plan:
        for goes_on in False, True:
            try:
                how = attempt(world, call, k, goes_on)
            except Violation as e:
                how, bad = "VIOLATION", bad + 1
                say(f"VIOLATION: {call.name}, request {k}{' and on' if goes_on else ''} of {len(plan.sites)}: {e}\n"
                    f"    in {world.memory.where(world.place.program)}")
                world.daemon.process.kill()
                world.daemon.process.wait()
                world.place.nobody_left()
                world.start()
            took[how] += 1
            plan.note(k, how == "ended")
            if how in ("ended", "not hit"):
                break
    say(f"{call.name}: {plan}, " + ", ".join(f"{n} {how}" for how, n in took.most_common()))
    return bad, took


def calls(place, memory, most, say, only=None):
    world = World(place, memory)
    bad, took = 0, collections.Counter()
    for call in all_calls():
        if only and call.name not in only:
            continue
        b, t = sweep(world, call, most, say)
        bad, took = bad + b, took + t
    world.daemon.end()
    verify(place)
    place.clean()
    say("calls: " + ", ".join(f"{n} {how}" for how, n in took.most_common()))
    return bad
