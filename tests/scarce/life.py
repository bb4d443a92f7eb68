"""A daemon that is short of memory, and what has to hold of one whatever happens."""
import subprocess
import time

from client import PAUSE
from place import PATIENCE, Daemon, Violation, until
from talk import BROKEN, ask

NO_MEMORY = 71  # EXIT_MEMORY


class Scarce(Daemon):
    """One life with the library in front of it. DOORS are options of serve."""

    def __init__(self, place, memory, *doors):
        place.lives += 1
        self.place, self.memory = place, memory
        self.said, self.log = place.path("said"), place.path("log")
        with open(self.said, "wb") as said, open(self.log, "ab") as log:
            log.write(f"--- life {place.lives}\n".encode())
            self.process = subprocess.Popen(
                [place.program, "serve", "--json", *(doors or ("--no-port",))], stdin=subprocess.DEVNULL,
                stdout=said, stderr=log, env=place.env | memory.env, cwd=place.top)
        self.pid = self.process.pid

    def announcement(self):
        """An error is a document, too."""
        doc = super().announcement()
        return doc if doc and "pid" in doc else None

    @property
    def code(self):
        return self.process.poll()

    def answers(self):
        """True: it does; False: it is dead."""
        end = time.monotonic() + PATIENCE
        while self.code is None:
            try:
                if ask(self.place.sock, "GET", "/runs/r-none")[0] == 404:
                    return True
            except BROKEN:
                pass
            if time.monotonic() > end:
                raise Violation("it lives and does not answer")
            time.sleep(PAUSE)
        return False

    def ended_in_order(self):
        if self.code != NO_MEMORY:
            raise Violation(f"ended with {self.code}: {self.last_words()}")


def announced(daemon):
    """Whether it came to that; otherwise it has ended."""
    until("the daemon is ready, or gone", lambda: daemon.code is not None or daemon.announcement())
    return bool(daemon.announcement())


def verify(place):
    """What is stored, as the program itself looks at it."""
    said = place.tutti("db", "verify")
    if said.returncode != 0:
        raise Violation(f"tutti db verify: {said.returncode} {said.stdout[-1500:]!r} {said.stderr[-500:]!r}")
