"""Every call of the API: how it is made, and what has to be true behind it."""
import base64
import http.client
import itertools
import json
import os
import re

from place import Violation
from talk import BROKEN, Connection

API = "/api/v1"
REFUSED = {500, 503}  # what may be answered in place of what is right

# What is another one each time, or in each life.
VOLATILE = [(re.compile(p), r) for p, r in (
    (rb'("(?:epoch|time|now|sign_in|url)": ?)"[^"]*"', rb'\1"_"'),
    (rb'(?m)^(tutti_\w+(?:\{[^}]*\})?) [0-9.e+]+$', rb"\1 _"),
    (rb'("(?:took_ms|elapsed_ms|median_ms|low_ms|high_ms)": ?)[0-9]+', rb"\1_"),
    (rb'https?://127\.0\.0\.1:[0-9]+', b"_"),
    (rb'[0-9]+ (?:s|min|h) ago *', b"_"), (rb'[0-9]+ [KM]iB', b"_"), (rb'process [0-9]+', b"_"),
)]


class Stuck(Exception):
    """No answer, and no end of the connection."""


def plain(body):
    for pattern, by in VOLATILE:
        body = pattern.sub(by, body)
    return body


def exchange(where, method, path, body=None, headers=None):
    """(status, body, cookie, headers), or None where the connection breaks off. WHERE: a unix socket, or HOST:PORT."""
    conn = Connection(where) if where.startswith("/") else http.client.HTTPConnection(where, timeout=60)
    headers = dict(headers or {})
    if method != "GET":
        headers.setdefault("Content-Type", "application/json")
        body = json.dumps({} if body is None else body) if not isinstance(body, bytes) else body
    try:
        conn.request(method, path, body, headers)
        answer = conn.getresponse()
        cookie = (answer.headers["Set-Cookie"] or "").partition(";")[0]
        return answer.status, answer.read(), cookie, answer.getheaders()
    except TimeoutError:
        raise Stuck from None
    except BROKEN:
        return None
    finally:
        conn.close()


# --- a WebSocket --------------------------------------------------------------------------------


def frame(text):
    mask = b"\1\2\3\4"
    data = bytes(b ^ mask[i % 4] for i, b in enumerate(text.encode()))
    size = bytes([128 | len(data)]) if len(data) < 126 else bytes([254]) + len(data).to_bytes(2, "big")
    return b"\x81" + size + mask + data


def frames(stream):
    while len(head := stream.read(2)) == 2:
        size = head[1] & 127
        if size > 125:
            size = int.from_bytes(stream.read(2 if size == 126 else 8), "big")
        yield head[0] & 15, stream.read(size)


def talk(stream):
    """All frames up to the answers on all of ours, or None."""
    heard, waiting = {}, {"pong", "snap", "blocks"}
    for op, data in frames(stream):
        if op == 8:
            return None
        if op != 1:
            continue
        doc = json.loads(data)
        heard[doc["t"]] = plain(data)
        waiting.discard(doc["t"])
        if doc["t"] == "error" and "run" in doc:
            return 500, data
        if not waiting:
            return 101, b"\n".join(heard[t] for t in sorted(heard))
    return None


def websocket(sock, says):
    conn = Connection(sock)
    try:
        conn.connect()
        conn.sock.sendall(
            (f"GET {API}/ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
             f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}\r\nSec-WebSocket-Version: 13\r\n"
             "Sec-WebSocket-Protocol: tutti.v1\r\n\r\n").encode())
        with conn.sock.makefile("rb") as stream:
            status = stream.readline().split()
            if len(status) < 2:
                return None
            while stream.readline().strip():
                pass
            if status[1] != b"101":
                return int(status[1]), b""
            conn.sock.sendall(b"".join(map(frame, says)))
            return talk(stream)
    except TimeoutError:
        raise Stuck from None
    except (*BROKEN, http.client.HTTPException):
        return None
    finally:
        conn.close()


# --- what is only read --------------------------------------------------------------------------


class Read:
    """Its answer is the same each time, or it is refused."""

    def __init__(self, name, path, method="GET", body=None, status=200, **headers):
        self.name, self.path, self.method, self.body, self.status = name, path, method, body, status
        self.headers = {k.replace("_", "-"): v for k, v in headers.items()}
        self.want = None

    def request(self, world):
        body = self.body
        if isinstance(body, dict):
            body = {k: v.format(**world.ids) for k, v in body.items()}
        got = exchange(world.place.sock, self.method, self.path.format(**world.ids), body, self.headers)
        if not got:
            return None
        heads = "".join(f"{k}: {v}\n" for k, v in sorted(got[3]) if k not in ("Date", "Content-Length"))
        return got[0], plain(heads.encode() + got[1])

    def learn(self, world):
        self.want = self.request(world)
        if not self.want or self.want[0] != self.status:
            raise Violation(f"{self.name}, with all memory there is: {self.want}")

    def prepare(self, world):
        pass

    def judge(self, world, got):
        if got and got != self.want and got[0] not in REFUSED:
            raise Violation(f"answered {got[0]} {differs(got[1], self.want[1])}")

    def settle(self, world, got):
        """There is memory again."""
        again = self.request(world)
        if again != self.want:
            raise Violation(f"and then {again and again[0]} {differs(again and again[1] or b'', self.want[1])}")


def differs(got, want):
    at = next((i for i, (a, b) in enumerate(zip(got, want)) if a != b), min(len(got), len(want)))
    return f"at {at}: {got[max(0, at - 60):at + 200]!r}, not {want[max(0, at - 60):at + 200]!r}"


class Socket(Read):
    def request(self, world):
        run = world.ids["team"]
        says = [dict(t="list"), dict(t="sub", run=run, after=0), dict(t="watch", run=run, step="look"),
                dict(t="nonsense"), dict(t="ping", id=1)]
        return websocket(world.place.sock, [json.dumps(s) for s in says])


def reads():
    run, step = API + "/runs/{team}", API + "/runs/{team}/steps/look"
    forms = [Read(f"report {form}", f"{run}/report?as={form}") for form in ("md", "html", "json", "sarif", "junit")]
    lines, stream = "application/x-ndjson", "text/event-stream"
    return [
        Read("healthz", "/healthz"), Read("metrics", "/metrics"), Read("openapi", f"{API}/openapi.json"),
        Read("runs", f"{API}/runs"), Read("runs of", f"{API}/runs?flow=team&status=completed&limit=1&size=small"),
        Read("runs with", f"{API}/runs?q=queue"), Read("run", run), Read("no run", f"{API}/runs/r-none", status=404),
        Read("a parameter", f"{API}/runs?limit=x", status=400),
        Read("no JSON", f"{API}/runs", "POST", b"{", status=400),
        Read("a launch in vain", f"{API}/runs", "POST", dict(flow="nothing", question="x", repo="/"), status=404),
        *forms, Read("report fragment", f"{run}/report?as=html&fragment=1&download=1"),
        Read("events", f"{run}/events"), Read("events as lines", f"{run}/events", Accept=lines),
        Read("events as stream", f"{run}/events?follow=1", Accept=stream),
        Read("events of a step", f"{run}/events?step=look"),
        Read("blocks", f"{step}/blocks"), Read("raw", f"{step}/raw"), Read("find", f"{step}/find?q=queue"),
        Read("find regex", f"{step}/find?q=que.e&regex=1&tools=1"), Read("step", step),
        Read("step within", f"{run}/steps/many/1"), Read("files", f"{run}/files?path=queue.c"),
        Read("coverage", f"{run}/coverage"), Read("proof", f"{run}/proof"),
        Read("compare", f"{API}/compare?a={{team}}&b={{other}}"), Read("search", f"{API}/search?q=queue"),
        Read("flows", f"{API}/flows"), Read("flow", f"{API}/flows/architectural-analysis"),
        Read("own flow", f"{API}/flows/team"), Read("agents", f"{API}/agents"),
        Read("repositories", f"{API}/repositories"), Read("session", f"{API}/session"),
        Read("preview", f"{API}/preview", "POST",
             dict(flow="architectural-analysis", question="queue", repo="{repo}", model="rehearsal")),
        Socket("websocket", "", status=101),
        Read("page", "/"), Read("page of a run", "/runs/{team}"), Read("page of a report", "/runs/{team}/report.html"),
        Read("no page", "/nothing", status=404, Accept="text/html"), Read("asset", "{asset}", Accept_Encoding="gzip"),
        Read("asset unpacked", "{asset}"),
    ]


# --- what is changed ----------------------------------------------------------------------------


class Change:
    """A run of its own each time, on which it is done."""
    numbers = itertools.count()
    name, path, body, status, before, then = "", "", None, 202, (), ""

    def learn(self, world):
        self.prepare(world)
        got = self.request(world)
        if not got or got[0] != self.status:
            raise Violation(f"{self.name}, with all memory there is: {got}")
        self.settle(world, got)

    def launch(self, world):
        return exchange(world.place.sock, "POST", f"{API}/runs", dict(
            flow="waits", question="Enough?", repo=world.place.repo, model="rehearsal", size="small"),
            {"Idempotency-Key": self.key})

    def prepare(self, world):
        self.key = f"{self.name}-{next(self.numbers)}"
        self.run = json.loads(world.sure(self.launch(world), 201))["id"]
        for what in self.before:
            self.ask(world, *what)

    def ask(self, world, what, body=None):
        got = exchange(world.place.sock, "POST", f"{API}/runs/{self.run}/{what}", body)
        if not got or got[0] not in (202, 409):
            raise Violation(f"{what} of {self.run}: {got}")
        return got[0] == 202

    def request(self, world):
        return exchange(world.place.sock, "POST", f"{API}/runs/{self.run}/{self.path}", self.body)

    def judge(self, world, got):
        if got and got[0] != self.status and got[0] not in REFUSED:
            raise Violation(f"answered {got}")

    def state(self, world):
        got = exchange(world.place.sock, "GET", f"{API}/runs/{self.run}")
        return json.loads(got[1])["status"] if got and got[0] == 200 else got and got[0]

    def settle(self, world, got):
        """Acknowledged is done; what was not done can be done now."""
        if got and got[0] == self.status and self.state(world) != self.then:
            raise Violation(f"acknowledged, and {self.run} is {self.state(world)}")
        if self.state(world) != self.then:
            self.again(world)
        if self.state(world) != self.then:
            raise Violation(f"done again, and {self.run} is {self.state(world)}")
        self.clear(world)

    def again(self, world):
        self.ask(world, self.path, self.body)

    def clear(self, world):
        if self.state(world) == "running":
            self.ask(world, "cancel")
        world.sure(exchange(world.place.sock, "DELETE", f"{API}/runs/{self.run}"), 204)


class Launch(Change):
    name, status = "launch", 201

    def prepare(self, world):
        self.key = f"launch-{next(self.numbers)}"

    def request(self, world):
        return self.launch(world)

    def settle(self, world, got):
        doc = json.loads(world.sure(self.launch(world), 201))
        self.run = doc["id"]
        if got and got[0] == 201 and (json.loads(got[1])["id"] != self.run or not doc["existed"]):
            raise Violation(f"launched and lost: {got}, then {doc}")
        if self.state(world) != "running":
            raise Violation(f"launched, and {self.run} is {self.state(world)}")
        self.clear(world)


class LaunchAgain(Launch):
    """With a key that is known."""
    name = "launch again"

    def prepare(self, world):
        self.key = f"again-{next(self.numbers)}"
        self.run = json.loads(world.sure(self.launch(world), 201))["id"]

    def judge(self, world, got):
        super().judge(world, got)
        if got and got[0] == 201 and json.loads(got[1])["id"] != self.run:
            raise Violation(f"{self.key} was {self.run}, and is {got}")


class Cancel(Change):
    name, path, then = "cancel", "cancel", "cancelled"


class Resume(Change):
    name, path, then, before = "resume", "resume", "running", (("cancel",),)


class Approve(Change):
    name, path, then = "approve", "approve", "completed"
    body = dict(step="enough", choice="enough")


class Retry(Change):
    name, path, then = "retry", "retry", "running"
    body, before = dict(step="enough"), (("approve", Approve.body),)


class Delete(Change):
    name, status, then, before = "delete", 204, 404, (("cancel",),)

    def request(self, world):
        return exchange(world.place.sock, "DELETE", f"{API}/runs/{self.run}")

    def again(self, world):
        world.sure(self.request(world), 204)

    def clear(self, world):
        pass


# --- sessions -----------------------------------------------------------------------------------


class Link(Change):
    """A browser's way in, over the port."""
    name, status = "link", 200

    def prepare(self, world):
        pass

    def ask_for_link(self, world):
        return exchange(world.place.sock, "POST", f"{API}/session/link")

    request = ask_for_link

    def new_link(self, world):
        return self.path_of(world.sure(self.ask_for_link(world), 200))

    def path_of(self, body):
        return "/sign-in" + json.loads(body)["sign_in"].partition("/sign-in")[2]

    def enter(self, world, path):
        return exchange(world.port, "GET", path)

    def is_in(self, world, cookie):
        return world.know(exchange(world.port, "GET", f"{API}/session", None, {"Cookie": cookie}), (200, 401)) == 200

    def settle(self, world, got):
        if got and got[0] == 200 and not world.died:  # codes end with the life
            world.sure(self.enter(world, self.path_of(got[1])), 303)
        world.sure(self.enter(world, self.new_link(world)), 303)


class SignIn(Link):
    name, status = "sign in", 303

    def prepare(self, world):
        self.link = self.new_link(world)

    def request(self, world):
        return self.enter(world, self.link)

    def settle(self, world, got):
        if got and got[0] == 303 and not self.is_in(world, got[2]):
            raise Violation("signed in, and is not")


class SignOut(Link):
    name, status = "sign out", 204

    def prepare(self, world):
        entered = self.enter(world, self.new_link(world))
        world.sure(entered, 303)
        self.cookie = entered[2]

    def request(self, world):
        return exchange(world.port, "POST", f"{API}/session/sign-out", None,
                        {"Cookie": self.cookie, "Origin": f"http://{world.port}"})

    def settle(self, world, got):
        if got and got[0] == 204 and self.is_in(world, self.cookie):
            raise Violation("signed out, and is not")
        if self.is_in(world, self.cookie):
            world.sure(self.request(world), 204)


CHANGES = [Launch, LaunchAgain, Cancel, Resume, Approve, Retry, Delete, Link, SignIn, SignOut]


def all_calls():
    return reads() + [change() for change in CHANGES]
