"""Where a torture takes place: directories, a repository, a copy of the program that nobody else runs, and
the daemons that live and die there."""
import hashlib
import json
import multiprocessing
import os
import shutil
import signal
import sqlite3
import subprocess
import time

from client import Client

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
NOT_READY = 4  # an exit code
PATIENCE = 120  # seconds, for what has no reason to take long


class Violation(Exception):
    """Something that must never be."""


FORK = multiprocessing.get_context("fork")
# Who is root only in here (disks.py) lets the program be who he is outside.
AS_USER = os.environ.get("TORTURE_AS_USER", "").split()


def mount(*args, how="mount"):
    done = subprocess.run([how, *args], capture_output=True, text=True)
    if done.returncode:
        raise Violation(f"{how} {' '.join(args)}: {done.stderr}")


def until(what, fn, limit=PATIENCE, pause=0.005):
    """The first true value of FN."""
    end = time.monotonic() + limit
    while not (value := fn()):
        if time.monotonic() > end:
            raise Violation(f"after {limit} s still not: {what}")
        time.sleep(pause)
    return value


def tree_hash(top):
    """Names, modes, targets, times and content of everything below."""
    h = hashlib.sha256()
    for at, dirs, files in os.walk(top):
        dirs.sort()
        for name in sorted(dirs + files):
            path = os.path.join(at, name)
            st = os.lstat(path)
            h.update(repr((path, st.st_mode, st.st_mtime_ns)).encode())
            if os.path.islink(path):
                h.update(os.readlink(path).encode())
            elif os.path.isfile(path):
                with open(path, "rb") as f:
                    h.update(f.read())
    return h.hexdigest()


class Place:
    """DISK: its data lie on a file system of their own, of so many bytes (disks.py)."""
    made = 0

    def __init__(self, top, program, disk=0):
        Place.made += 1
        self.top = os.path.abspath(top)
        os.makedirs(self.top)
        self.origin = program
        self.program = self.path("tutti-own")
        shutil.copy(program, self.program)
        st = os.stat(self.program)
        self.identity = st.st_dev, st.st_ino
        # what commands sleep, as a number that only processes of this place have in their arguments
        self.mark = f"0.03{os.getpid():07d}{Place.made:02d}"
        self.disk = disk
        self.data, self.repo, self.tmp = map(self.path, ("disk/data", "repo", "tmp"))
        for name in ("disk", "repo", "tmp", "home", "config/tutti/flows", "acks", "lives"):
            os.makedirs(self.path(name))
        if disk:
            mount("-t", "tmpfs", "-o", f"size={disk},mode=777", "torture", self.path("disk"))
        os.mkdir(self.data, 0o700)
        self.sock = os.path.join(self.data, "tutti.sock")
        self.env = {k: v for k, v in os.environ.items() if not k.startswith(("OPENAI_", "XDG_", "TUTTI"))}
        self.env.update(HOME=self.path("home"), XDG_CONFIG_HOME=self.path("config"),
                        TUTTI_DATA=self.data, TMPDIR=self.tmp)
        self.flows = []
        for name in sorted(os.listdir(os.path.join(HERE, "flows"))):
            with open(os.path.join(HERE, "flows", name)) as f:
                text = f.read().replace("MARK", self.mark)
            with open(self.path("config/tutti/flows", name), "w") as f:
                f.write(text)
            self.flows.append(name.removesuffix(".yaml"))
        self.wants = self.flows[:]  # of which there are references
        self.flows.remove("timed")  # it takes its time
        self.make_repo()
        self.lives = 0
        self.injector = os.path.join(os.path.dirname(os.path.abspath(program)), "tests/inject")

    def beside(self, n):
        """Another one, below."""
        other = Place(self.path(f"place-{n}"), self.origin, self.disk)
        other.wants = self.wants
        return other

    def path(self, *names):
        return os.path.join(self.top, *names)

    def make_repo(self):
        with open(self.path("repo", "queue.c"), "w") as f:
            f.write("int queue;\n")
        git = ["git", "-C", self.repo, "-c", "user.name=tests", "-c", "user.email=tests@example.org"]
        for args in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "as it came"]):
            subprocess.run(git + args, check=True)
        self.repo_hash = tree_hash(self.repo)

    def tutti(self, *args, **more):
        return subprocess.run([self.program, *args], env=self.env, stdin=subprocess.DEVNULL,
                              capture_output=True, cwd=self.top, **more)

    # --- processes ---

    def is_own(self, pid):
        try:
            st = os.stat(f"/proc/{pid}/exe")
            if (st.st_dev, st.st_ino) == self.identity:
                return True
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                return self.mark.encode() in f.read()
        except OSError:
            return False

    def empty(self):
        """The data directory as it is before there is anything."""
        shutil.rmtree(self.data)
        os.mkdir(self.data, 0o700)

    def processes(self):
        """Daemons, launchers, agents and commands of this place, as (id, when it began)."""
        found = set()
        for name in os.listdir("/proc"):
            if name.isdigit() and self.is_own(name):
                try:
                    with open(f"/proc/{name}/stat", "rb") as f:
                        found.add((int(name), f.read().rpartition(b")")[2].split()[19]))
                except OSError:
                    pass
        return found

    def nobody_left(self, of=None):
        """Of the processes OF (of all) none is alive; the kernel needs a moment for it."""
        def gone():
            left = self.processes()
            return not (left & of if of is not None else left)
        until(f"processes are gone: {of or self.processes()}", gone, 10)

    def end_all(self):
        for pid, _ in self.processes():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def keep(self, name):
        """As it is now, for whoever asks what was wrong."""
        shutil.copytree(self.top, f"{self.top}-{name}", symlinks=True, dirs_exist_ok=True,
                        ignore=lambda at, names: [n for n in names if n in ("tutti-own", "tutti.sock", "repo")])

    # --- what must be as it was ---

    def clean(self):
        """Nobody is at work: nothing of anybody's work may be left."""
        self.nobody_left()
        if tree_hash(self.repo) != self.repo_hash:
            raise Violation("the repository was changed")
        scratch = os.path.join(self.data, "scratch")
        left = os.listdir(self.tmp) + (os.listdir(scratch) if os.path.isdir(scratch) else [])
        left += [n for n in os.listdir(self.data) if n not in KEPT]
        left += [n for n in os.listdir(os.path.join(self.data, "snapshots")) if len(n) != 64]
        if left:
            raise Violation(f"left behind: {left}")

    def database(self):
        db = sqlite3.connect(f"file:{self.data}/tutti.db?mode=ro", uri=True, timeout=60)
        db.row_factory = sqlite3.Row
        return db


KEPT = {"epoch", "lock", "reports", "scratch", "sessions", "snapshots", "spill", "token", "tutti.db", "tutti.db-shm",
        "tutti.db-wal", "programs.json"}


class Daemon:
    """One life. BEFORE is what the program is run by, with its arguments; MORE are options of serve."""

    def __init__(self, place, *more, before=(), **env):
        place.lives += 1
        self.place = place
        self.said, self.log = (place.path("lives", f"{place.lives}.{what}") for what in ("said", "log"))
        with open(self.said, "wb") as said, open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [*AS_USER, *before, place.program, "serve", "--no-port", "--json", *more], stdin=subprocess.DEVNULL,
                stdout=said, stderr=log, env=place.env | env, cwd=place.top)
        self.pid = None if before else self.process.pid

    def ready(self):
        """Its announcement; a daemon that ended instead has ended for no reason."""
        def announced():
            if self.process.poll() is not None:
                raise Violation(f"the daemon ended with {self.process.returncode}: {self.last_words()}")
            return self.announcement()
        self.pid = until("the daemon is ready", announced)["pid"]
        return self

    def announcement(self):
        """Where it is, or nothing yet, or an error instead."""
        with open(self.said, "rb") as f:
            text = f.read()
        told = json.loads(text) if text.endswith(b"\n") else {}
        return told if "pid" in told else None

    def last_words(self):
        with open(self.log, errors="replace") as log, open(self.said, errors="replace") as said:
            return (log.read() + said.read())[-2000:]

    def refuses(self):
        """Whether it ended at once, and then with a reason; else it is there."""
        until("a start, or a reason", lambda: self.process.poll() is not None or self.announcement())
        if self.process.poll() is None:
            return False
        if self.process.returncode != NOT_READY or '"error"' not in self.last_words():
            raise Violation(f"the start ended with {self.process.returncode}: {self.last_words()}")
        return True

    def kill(self):
        """kill -9; returns the processes that were there with it."""
        own = self.place.processes()
        os.kill(self.pid, signal.SIGKILL)
        self.process.wait()
        return own

    def ask_to_end(self):
        os.kill(self.pid, signal.SIGTERM)

    def end(self):
        """Asked to, it ends in good order."""
        self.ask_to_end()
        code = self.process.wait(PATIENCE)
        if code != 0:
            raise Violation(f"asked to end, the daemon ended with {code}: {self.last_words()}")



def one_client(*args):
    Client(*args).main()


class Clients:
    """Some clients, each a process, each with an account of what it was told."""

    def __init__(self, place, n, name, flows=None, cancels=0.2, key=None):
        self.logs = [place.path("acks", f"{name}-{i}") for i in range(n)]
        self.processes = []
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})  # until they know what to do with it
        for log in self.logs:
            client = FORK.Process(target=one_client, daemon=True, args=(
                place.sock, place.repo, log, key or os.path.basename(log), cancels, flows or place.flows))
            client.start()
            self.processes.append(client)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})

    def leave(self):
        """They launch no more and see their runs to the end."""
        for p in self.processes:
            p.terminate()

    def gone(self):
        return all(p.exitcode is not None for p in self.processes)

    def left(self):
        end = time.monotonic() + PATIENCE
        for p in self.processes:
            p.join(max(0, end - time.monotonic()))
        if not self.gone():
            raise Violation(f"stuck: {self.waiting()}")
        if any(p.exitcode for p in self.processes):
            raise Violation("a client failed")

    def facts(self):
        """How many they have noted."""
        n = 0
        for log in filter(os.path.exists, self.logs):
            with open(log, "rb") as f:
                n += f.read().count(b"\n")
        return n

    def waiting(self):
        """The last facts of those that are still there."""
        said = []
        for p, log in zip(self.processes, self.logs):
            if p.exitcode is None:
                with open(log, "rb") as f:
                    said.append(f.read()[-300:].rpartition(b"\n{")[2].decode())
        return said

    def kill(self):
        for p in self.processes:
            p.kill()
            p.join()
