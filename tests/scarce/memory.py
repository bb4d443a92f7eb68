"""Memory of a process that runs out: what tests/scarce/scarce.c is told, and what it says."""
import collections
import mmap
import os
import random
import shutil
import struct
import subprocess
import threading

# struct scarce
ON, PID, FROM, N, COUNT, FAILED, WHO, WHERE = 0, 8, 16, 24, 32, 40, 48, 56
LOOK = WHERE + 4096
SITE, SITES = LOOK + 8, 1 << 18
SIZE = SITE + 8 * SITES
FOR_EVER = 1 << 40
FIRST = 0  # of pid: the process that comes first
WHILE = 0.3  # seconds after which there is memory again


class Memory:
    def __init__(self, place, library):
        self.file = place.path("scarce")
        with open(self.file, "wb") as f:
            f.write(bytes(SIZE))
        with open(self.file, "r+b") as f:
            self.map = mmap.mmap(f.fileno(), SIZE)
        self.beside = os.path.dirname(os.path.abspath(library))
        self.library = shutil.copy(library, place.path("libscarce.so"))
        self.env = dict(LD_PRELOAD=self.library, TUTTI_SCARCE=self.file)
        if "libasan" in subprocess.run(["ldd", place.program], capture_output=True, text=True).stdout:
            asan = subprocess.run(["gcc", "-print-file-name=libasan.so"], capture_output=True, text=True)
            self.env["LD_PRELOAD"] = f"{self.library}:{asan.stdout.strip()}"
        self.over, self.lifter = threading.Event(), None

    def get(self, at):
        return struct.unpack_from("q", self.map, at)[0]

    def put(self, at, value):
        struct.pack_into("q", self.map, at, value)

    def arm(self, pid, k=FOR_EVER, goes_on=False):
        """From now on requests of PID are counted, and the K-th fails, or all from it on for a while. Without
        K it is written down where they come from."""
        self.off()
        for at, value in (PID, pid), (FROM, k), (N, FOR_EVER if goes_on else 1), (COUNT, 0), (FAILED, 0), \
                (LOOK, k == FOR_EVER):
            self.put(at, value)
        self.put(ON, 1)
        if goes_on:
            self.over.clear()
            self.lifter = threading.Thread(target=self.lift, daemon=True)
            self.lifter.start()

    def lift(self):
        """A while after the first that failed, none fails any more."""
        while not self.failed:
            if self.over.wait(0.002):
                return
        if not self.over.wait(WHILE):
            self.put(ON, 0)

    def off(self):
        if self.lifter:
            self.over.set()
            self.lifter.join()
            self.lifter = None
        self.put(ON, 0)

    @property
    def count(self):
        return self.get(COUNT)

    @property
    def failed(self):
        return self.get(FAILED)

    def sites(self):
        """Of each request that was counted, one number for where it came from."""
        return struct.unpack_from(f"{min(self.count, SITES)}Q", self.map, SITE)

    def where(self, program, depth=14):
        """What asked for the first that failed: functions, the innermost first."""
        lines = self.map[WHERE:].partition(b"\0")[0].decode().splitlines()
        said = []
        for line in lines:
            name, _, offset = line.rpartition(" ")
            name = program if name.startswith("/proc/") else name
            base = os.path.basename(name)
            if base.startswith("libscarce"):
                continue
            said.append(function(name, offset) if base == os.path.basename(program) else base.partition(".so")[0])
        return " < ".join(said[:depth])


def function(program, offset):
    said = subprocess.run(["addr2line", "-f", "-s", "-e", program, offset], capture_output=True, text=True)
    return said.stdout.partition("\n")[0]


def positions(sites):
    """Which of the requests from SITES fail: all of some hundreds; of more the first hundred, the first from
    each site, and a hundred at even distances."""
    count = len(sites)
    if count <= 600:
        return list(range(1, count + 1))
    first = {site: count - i for i, site in enumerate(reversed(sites))}
    return sorted({*range(1, 101), *first.values(), *range(1, count + 1, count // 100)})


class Plan:
    """The requests that fail, mixed; at most MOST; a negative MOST leaves none out. Else a function that
    ENOUGH times ended the process in order, and did nothing else, is taken at its word: one in TENTH of what it
    asks for further is tried."""

    ENOUGH, TENTH = 15, 10

    def __init__(self, sites, most):
        self.sites, self.most = sites, most
        self.todo = positions(sites)
        random.Random(1).shuffle(self.todo)
        self.ended, self.passed, self.others, self.tried = collections.Counter(), collections.Counter(), set(), 0
        if most > 0:
            self.todo = self.todo[:most]

    def innermost(self, k):
        return self.sites[k - 1] >> 32

    def is_left_out(self, k):
        who = self.innermost(k)
        if self.most or who in self.others or self.ended[who] < self.ENOUGH:
            return False
        self.passed[who] += 1
        return self.passed[who] % self.TENTH

    def __iter__(self):
        for k in self.todo:
            if not self.is_left_out(k):
                self.tried += 1
                yield k

    def note(self, k, ended):
        if ended:
            self.ended[self.innermost(k)] += 1
        else:
            self.others.add(self.innermost(k))

    def __str__(self):
        return f"{self.tried} of {len(self.sites)} requests"
