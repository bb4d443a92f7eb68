"""The servers that some engines need, each in a directory of its own, and what processes hold and use."""
import glob
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
import urllib.request

TICK = os.sysconf("SC_CLK_TCK")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def descendants(pid):
    children = {}
    for path in glob.glob("/proc/[0-9]*/stat"):
        try:
            fields = open(path).read().rsplit(") ", 1)[1].split()
        except OSError:
            continue
        children.setdefault(int(fields[1]), []).append(int(path.split("/")[2]))
    todo, found = [pid], []
    while todo:
        one = todo.pop()
        found.append(one)
        todo += children.get(one, [])
    return found


def held(pids, word=None):
    """Bytes: what is resident of one process, the share of several that have pages in common."""
    word = word or ("Rss:" if len(pids) == 1 else "Pss:")
    total = 0
    for pid in pids:
        try:
            for line in open(f"/proc/{pid}/smaps_rollup"):
                if line.startswith(word):
                    total += int(line.split()[1]) * 1024
        except OSError:
            pass
    return total


def used(pids):
    """Seconds of processor, and how often something woke up."""
    seconds = wakes = 0
    for pid in pids:
        try:
            fields = open(f"/proc/{pid}/stat").read().rsplit(") ", 1)[1].split()
            seconds += (int(fields[11]) + int(fields[12])) / TICK
            for path in glob.glob(f"/proc/{pid}/task/*/status"):
                for line in open(path):
                    if line.startswith("voluntary_ctxt_switches"):
                        wakes += int(line.split()[1])
        except OSError:
            pass
    return seconds, wakes


def resting(pids, seconds):
    """What processes with nothing to do hold, and use a second."""
    before = used(pids)
    time.sleep(seconds)
    after = used(pids)
    return {"bytes": held(pids), "cpu": (after[0] - before[0]) / seconds, "wakes": (after[1] - before[1]) / seconds}


def started(kind, top):
    """A server; twice, since somebody else may have taken the port that was free."""
    try:
        return kind(top)
    except RuntimeError:
        return kind(top)


def wait_until(what, seconds=30):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if what():
                return
        except OSError:
            pass
        time.sleep(0.02)
    raise RuntimeError("its server does not answer")


def answers(port):
    with socket.create_connection(("127.0.0.1", port), 1):
        return True


class Server:
    process = None
    ends_with = signal.SIGTERM

    def spawn(self, argv, **more):
        with open(os.path.join(self.dir, "log"), "w") as log:
            self.process = subprocess.Popen(argv, stdout=log, stderr=log, stdin=subprocess.DEVNULL, **more)

    def until(self, what):
        """It answers; a server that does not is gone afterwards."""
        try:
            wait_until(what)
        except RuntimeError as error:
            log = open(os.path.join(self.dir, "log")).read()[-1500:]
            self.stop()
            raise RuntimeError(f"{error}\n{log}") from None

    def pids(self):
        return descendants(self.process.pid)

    def stop(self):
        self.process.send_signal(self.ends_with)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.dir, ignore_errors=True)


class Postgres(Server):
    """PostgreSQL as Debian has it, fsync and synchronous_commit on as they are by default."""
    ends_with = signal.SIGINT  # without waiting for whoever is connected

    def __init__(self, top):
        self.dir, self.port = os.path.join(top, "postgres"), free_port()
        self.bin = sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1]
        os.makedirs(self.dir)
        self.who = {}
        if os.geteuid() == 0:  # it refuses to run as root
            user = pwd.getpwnam("postgres")
            os.chown(self.dir, user.pw_uid, user.pw_gid)
            self.who = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        subprocess.run([f"{self.bin}/initdb", "-D", f"{self.dir}/data", "-U", "postgres", "-A", "trust", "-E", "UTF8",
                        "--locale=C"], check=True, stdout=subprocess.DEVNULL, cwd="/", **self.who)
        self.spawn([f"{self.bin}/postgres", "-D", f"{self.dir}/data", "-p", str(self.port), "-k", self.dir,
                    "-c", "listen_addresses=127.0.0.1"], cwd="/", **self.who)
        self.until(lambda: subprocess.run([f"{self.bin}/pg_isready", "-q", "-h", "127.0.0.1", "-p",
                                           str(self.port)]).returncode == 0)

    def options(self):
        return {"url": f"postgresql://postgres@127.0.0.1:{self.port}/postgres"}


class Redis(Server):
    def __init__(self, top):
        self.dir, self.port = os.path.join(top, "redis"), free_port()
        os.makedirs(self.dir)
        self.spawn(["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--dir", self.dir, "--save", "",
                    "--appendonly", "yes", "--appendfsync", "always", "--maxmemory-policy", "noeviction"])
        self.until(lambda: answers(self.port))

    def options(self):
        return {"redis": self.port}


class Restate(Server):
    """One node with its default settings, which sync each batch of its log."""

    def __init__(self, top):
        self.dir = os.path.join(top, "restate")
        os.makedirs(self.dir)
        ports = {name: free_port() for name in ("ingress", "admin", "node", "service")}
        self.ports = ports
        binary, = glob.glob(os.path.join(os.path.dirname(__file__),
                                         "node_modules/@restatedev/restate-server-linux-*/bin/restate-server"))
        env = dict(os.environ, RESTATE_INGRESS__BIND_ADDRESS=f"127.0.0.1:{ports['ingress']}",
                   RESTATE_ADMIN__BIND_ADDRESS=f"127.0.0.1:{ports['admin']}",
                   RESTATE_BIND_ADDRESS=f"127.0.0.1:{ports['node']}",
                   RESTATE_ADVERTISED_ADDRESS=f"http://127.0.0.1:{ports['node']}",
                   RESTATE_LISTEN_MODE="tcp", DO_NOT_TRACK="1", RESTATE_DISABLE_TELEMETRY="true")
        self.spawn([binary, "--no-logo", "--base-dir", os.path.join(self.dir, "data")], env=env)
        self.until(lambda: urllib.request.urlopen(f"http://127.0.0.1:{ports['admin']}/health", timeout=1).status == 200)
        self.until(lambda: urllib.request.urlopen(f"http://127.0.0.1:{ports['ingress']}/restate/health",
                                                  timeout=1).status == 200)

    def options(self):
        return {"restate": self.ports}
