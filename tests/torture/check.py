"""What clients were told, held against what is stored and what the daemon tells now."""
import collections
import difflib
import hashlib
import json
import re

from place import Violation
from talk import ask


def facts_of(logs):
    for log in logs:
        with open(log, "rb") as f:
            for line in f:
                yield json.loads(line)


def digest(data):
    return hashlib.sha256(data).hexdigest()


class Check:
    """PLACE has a daemon that is at rest; LOGS are the accounts of its clients. REFUSED: requests may have
    been, FAILED: steps may have."""

    def __init__(self, place, logs, refused=False, failed=False):
        self.place, self.may_refuse, self.may_fail = place, refused, failed
        self.db = place.database()
        self.facts = list(facts_of(logs))
        self.resumed = {fact["id"] for fact in self.facts if fact["t"] == "resuming"}
        self.runs = {r["id"]: r for r in self.db.execute("SELECT * FROM runs")}
        self.events = {}
        self.counts = collections.Counter()

    def bad(self, what):
        raise Violation(what)

    def all(self):
        for fact in self.facts:
            if fact["t"] == "bad":
                self.bad(fact["what"])
        self.store()
        for run in self.runs.values():
            self.log(run)
        tried = self.keys()
        for fact in self.facts:
            getattr(self, "told_" + fact["t"], lambda _: None)(fact)
            self.counts[fact["t"]] += 1
        for run in self.runs.values():
            if run["idempotency"] in tried:
                self.report(run)
        return self.counts

    # --- the store as such ---

    def store(self):
        for row in self.db.execute("PRAGMA integrity_check"):
            if row[0] != "ok":
                self.bad(f"integrity: {row[0]}")
        for row in self.db.execute("PRAGMA foreign_key_check"):
            self.bad(f"foreign key: {tuple(row)}")
        for row in self.db.execute("SELECT subject, status FROM tasks WHERE status <> 'ended'"):
            self.bad(f"an attempt has no end: {tuple(row)}")
        for run in self.runs.values():
            if run["status"] == "running":
                self.bad(f"{run['id']} has no end")

    def keys(self):
        """Keys that were tried are in the store once, and no others."""
        tried = {f["key"]: f["flow"] for f in self.facts if f["t"] == "try"}
        stored = collections.Counter(r["idempotency"] for r in self.runs.values() if r["idempotency"])
        for key, n in stored.items():
            if n != 1:
                self.bad(f"key {key} has {n} runs")
        for run in self.runs.values():
            if run["idempotency"] in tried and run["flow"] != tried[run["idempotency"]]:
                self.bad(f"{run['id']} has the key {run['idempotency']} and another flow")
        return tried

    # --- a log ---

    def log(self, run):
        """As the API tells it, equal to the store; no number twice or missing; no step done twice."""
        status, body = ask(self.place.sock, "GET", f"/runs/{run['id']}/events",
                           Accept="application/x-ndjson")
        if status != 200:
            self.bad(f"the log of {run['id']}: {status}")
        lines = body.splitlines()
        rows = self.db.execute("SELECT seq, type, data FROM events WHERE run = ? ORDER BY seq",
                               (run["key"],)).fetchall()
        if len(rows) != len(lines):
            self.bad(f"{run['id']}: {len(rows)} events are stored, {len(lines)} are told")
        for n, (row, line) in enumerate(zip(rows, lines), 1):
            event = json.loads(line)
            if row["seq"] != n or event["seq"] != n:
                self.bad(f"{run['id']}: event {row['seq']} stands at {n}")
            if event["type"] != row["type"] or not line.endswith(row["data"].encode() + b"}"):
                self.bad(f"{run['id']}: event {n} is told otherwise than it is stored")
        self.events[run["id"]] = lines
        self.steps(run, [json.loads(line) for line in lines])

    def steps(self, run, events):
        done, epochs, stopped = set(), {}, False
        for event in events:
            data = event["data"]
            if event["type"] == "run":
                stopped = data["status"] != "running"
            if event["type"] != "step":
                continue
            step = data["step"]
            if data.get("reason") == "again":  # with all that is inside of it
                stopped = False
                done = {s for s in done if not s.startswith(step + "/")}
                epochs = {s: n for s, n in epochs.items() if not s.startswith(step + "/")}
            if data["status"] == "running" and (step in done or stopped):
                self.bad(f"{run['id']}: {step} begins again, event {event['seq']}")
            if data["epoch"] < epochs.get(step, 0):
                self.bad(f"{run['id']}: {step} goes back to epoch {data['epoch']}")
            epochs[step] = data["epoch"]
            stopped = stopped or data.get("reason") == "the run was cancelled"
            if data["status"] == "completed":
                if step in done:
                    self.bad(f"{run['id']}: {step} is completed twice")
                done.add(step)
        last = events[-1]
        if last["type"] != "run" or last["data"]["status"] != run["status"]:
            self.bad(f"{run['id']} is {run['status']}, and its log ends with {last}")

    def report(self, run):
        """What came out is what comes out when nobody is killed."""
        if run["status"] == "failed" and not self.may_fail:
            self.bad(f"{run['id']} failed: {run['reason']} {self.events[run['id']][-3:]}")
        if run["status"] != "completed":
            return
        status, text = ask(self.place.sock, "GET", f"/runs/{run['id']}/report?as=md")
        if status != 200:
            self.bad(f"the report of {run['id']}: {status} {text[:300]!r}")
        got, want = without_run_facts(text), self.place.want[run["flow"]]
        if self.may_fail:
            got, want = without_proofs(got), without_proofs(want)
        if got != want and not (self.may_fail and names_failures(text)):
            self.bad("\n".join([f"the report of {run['id']} is another one:",
                                *difflib.unified_diff(want, got, "without", "with", lineterm="", n=0)]))

    # --- what clients were told ---

    def told_refused(self, fact):
        if not self.may_refuse:
            self.bad(f"refused: {fact}")

    def told_run(self, fact):
        run = self.runs.get(fact["id"])
        if not run or run["idempotency"] != fact["key"]:
            self.bad(f"launched and lost: {fact}")

    def told_event(self, fact):
        lines = self.events.get(fact["id"], [])
        if len(lines) < fact["seq"] or digest(lines[fact["seq"] - 1]) != fact["sha"]:
            self.bad(f"told and lost: {fact}")

    def told_state(self, fact):
        lines = self.events[fact["id"]]
        if len(lines) < fact["seq"]:
            self.bad(f"{fact['id']} was at {fact['seq']} and is at {len(lines)}")
        done = {e["data"]["step"] for e in map(json.loads, lines[:fact["seq"]])
                if e["type"] == "step" and e["data"]["status"] == "completed"}
        if not set(fact["done"]) <= done:
            self.bad(f"{fact['id']}: completed in {fact}, but not in its log: {done}")

    def told_output(self, fact):
        _, body = ask(self.place.sock, "GET", f"/runs/{fact['id']}/steps/{fact['step']}")
        if digest(json.dumps(json.loads(body)["output"]).encode()) != fact["sha"]:
            self.bad(f"another output: {fact}")

    def told_approved(self, fact):
        if not any(e["type"] == "step" and e["data"]["step"] == "enough" and
                   e["data"]["status"] == "completed" for e in map(json.loads, self.events[fact["id"]])):
            self.bad(f"approved and lost: {fact}")

    def told_cancelled(self, fact):
        if not any(e["type"] == "run" and e["data"]["status"] == "cancelled"
                   for e in map(json.loads, self.events[fact["id"]])):
            self.bad(f"cancelled and lost: {fact}")

    def told_over(self, fact):
        run = self.runs[fact["id"]]
        if fact["id"] in self.resumed:  # by others, whenever they came to it
            return
        if run["status"] != fact["status"] or len(self.events[fact["id"]]) != fact["seq"]:
            self.bad(f"over and changed: {fact}, now {run['status']}")


def without_run_facts(text):
    """Of a report what is the same in every run of the same question."""
    lines = [line.replace(", lost attempts left no trace)", ")") for line in text.decode().splitlines()]
    return [line for line in lines if not line.startswith("**Run**")]


def without_proofs(lines):
    """Where looks failed, the report says how much was seen, and in which mode it was."""
    return [re.sub(r"^- read-only: proven \(.*", "- read-only: proven", line) for line in lines]


def names_failures(text):
    return re.search(r"^- .* failed \(", text.decode(), re.M)
