"""Memory of a process that runs out: what tests/scarce/scarce.c is told, and what it says."""
import mmap
import os
import shutil
import struct
import subprocess
import threading

# struct scarce
ON, PID, FROM, N, COUNT, FAILED, WHO, WHERE = 0, 8, 16, 24, 32, 40, 48, 56
SIZE = WHERE + 4096
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
        """From now on requests of PID are counted, and the K-th fails, or all from it on for a while."""
        self.off()
        for at, value in (PID, pid), (FROM, k), (N, FOR_EVER if goes_on else 1), (COUNT, 0), (FAILED, 0):
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


def positions(count, most):
    """Which requests of COUNT fail: all of some hundreds, else the first hundred and even steps behind it;
    with MOST no more than that."""
    if most and most < count:
        return sorted({1 + (2 * i + 1) * count // (2 * most) for i in range(most)})
    if count <= 600:
        return list(range(1, count + 1))
    return list(range(1, 101)) + list(range(101, count + 1, max(1, (count - 100) // 200)))
