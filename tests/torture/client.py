"""A client of the daemon, a process of its own: launches runs, follows them to their ends, and keeps an
account of every fact that it was told, on the disk before it goes on.

Each line of the account is one fact; check.py holds them against what is stored later.
"""
import hashlib
import json
import os
import random
import signal
import time

from talk import BROKEN, ask, follow

PAUSE = 0.02  # from one try to reach a daemon to the next


def digest(data):
    return hashlib.sha256(data).hexdigest()


class Client:
    """Until SIGTERM, but one run at least; the share CANCELS of them is cancelled somewhere. SEED makes the
    keys of its runs, too."""

    model = "rehearsal"

    def __init__(self, sock, repo, log, seed, cancels, flows):
        self.sock, self.repo, self.seed = sock, repo, seed
        self.cancels, self.flows = cancels, flows
        self.log = open(log, "ab", buffering=0)
        self.random = random.Random(seed)
        self.leaving = False
        signal.signal(signal.SIGTERM, self.leave)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})  # blocked by who started us

    def leave(self, *_):
        self.leaving = True

    def note(self, *facts):
        self.log.write(b"".join(json.dumps(f).encode() + b"\n" for f in facts))
        os.fsync(self.log.fileno())

    def ask(self, method, path, body=None, **headers):
        """Until somebody answers, over as many lives of the daemon as it takes."""
        while True:
            try:
                status, answer = ask(self.sock, method, path, body, **headers)
            except BROKEN:
                time.sleep(PAUSE)
                continue
            if status < 500:
                return status, answer
            self.note(dict(t="refused", status=status, what=f"{method} {path}: {answer[:300]!r}"))
            time.sleep(PAUSE)

    # --- a run ---

    def launch(self, key):
        body = dict(flow=self.random.choice(self.flows), question="queue", repo=self.repo,
                    model=self.model, size="small")
        self.note(dict(t="try", key=key, flow=body["flow"], at=time.monotonic()))
        status, answer = self.ask("POST", "/runs", body, Idempotency_Key=key)
        if status != 201:
            self.note(dict(t="bad", what=f"launch {key}: {status} {answer[:300]!r}"))
            return None
        run = json.loads(answer)["id"]
        self.note(dict(t="run", key=key, id=run))
        return run

    def again(self, key, run):
        """The same key, sent once more."""
        status, answer = self.ask("POST", "/runs", dict(
            flow="quick", question="queue", repo=self.repo, model="rehearsal"), Idempotency_Key=key)
        told = json.loads(answer)
        if status != 201 or told["id"] != run or not told["existed"]:
            self.note(dict(t="bad", what=f"{key} was {run} and is {answer[:300]!r}"))

    def act(self, run, what, path, body=None):
        """A change that is asked for: 202 is a promise, 409 says that it makes no sense any more."""
        status, answer = self.ask("POST", f"/runs/{run}/{path}", body)
        if status == 202:
            self.note(dict(t=what, id=run))
        elif status != 409:
            self.note(dict(t="bad", what=f"{what} {run}: {status} {answer[:300]!r}"))
        return status == 202

    def look(self, run):
        """The run as it is now; and an output of a step that is completed."""
        status, answer = self.ask("GET", f"/runs/{run}")
        if status != 200:
            self.note(dict(t="bad", what=f"GET {run}: {status} {answer[:300]!r}"))
            return
        doc = json.loads(answer)
        done = [s["step"] for s in doc["steps"] if s["status"] == "completed"]
        self.note(dict(t="state", id=run, seq=doc["seq"], status=doc["status"], done=done))
        if done:
            name = self.random.choice(done)
            status, answer = self.ask("GET", f"/runs/{run}/steps/{name}")
            self.note(dict(t="output", id=run, step=name, sha=digest(
                json.dumps(json.loads(answer)["output"]).encode())))

    def went_on(self, run):
        status, answer = self.ask("GET", f"/runs/{run}")
        return status == 200 and json.loads(answer)["seq"] > self.last

    def seen(self, run, seq, line):
        event = json.loads(line)
        data = event["data"]
        self.last = seq
        if event["type"] == "run" and data["status"] != "running":
            self.over = data["status"]
        elif event["type"] == "run":
            self.over = None
        if event["type"] == "step" and data["step"] == "enough" and data["status"] == "running":
            self.asked = True

    def follow_once(self, run, sse):
        for told in follow(self.sock, run, self.last, sse):
            self.note(*[dict(t="event", id=run, seq=seq, sha=digest(line)) for seq, line in told])
            for seq, line in told:
                if seq != self.last + 1:
                    self.note(dict(t="bad", what=f"{run}: event {seq} behind {self.last}"))
                self.seen(run, seq, line)
            if told:
                yield

    def follow(self, run, cancel_at):
        while not self.over:
            try:
                for _ in self.follow_once(run, self.random.random() < 0.5):
                    if self.asked:
                        self.asked = False
                        self.act(run, "approved", "approve", dict(step="enough", choice="enough"))
                    if cancel_at and self.last >= cancel_at:
                        cancel_at = 0
                        self.act(run, "cancelled", "cancel")
                    if self.random.random() < 0.1:
                        self.look(run)
            except BROKEN:
                time.sleep(PAUSE)

    def one(self, key):
        self.last, self.over, self.asked = 0, None, False
        run = self.launch(key)
        if not run:
            return
        if self.random.random() < 0.3:
            self.again(key, run)
        cancel_at = self.random.randrange(2, 40) if self.random.random() < self.cancels else 0
        self.follow(run, cancel_at)
        if self.over == "cancelled" and self.random.random() < 0.5:
            # where nobody answered it is asked again, and the run may be over once more by then
            if self.act(run, "resumed", "resume") or self.went_on(run):
                self.over = None
                self.follow(run, 0)
        self.look(run)
        self.note(dict(t="over", id=run, seq=self.last, status=self.over))

    def main(self):
        n = 0
        while n == 0 or not self.leaving:
            n += 1
            self.one(f"{self.seed}-{n}")
        self.note(dict(t="left"))

