"""What the tests of `tutti serve` ask it over its API, and the parts of a systemd that it meets.

serve.py CHECK [ARGUMENT…]: calls the function of that name below; a broken assertion fails it.
TUTTI_DATA is the data directory, URL the port where a check needs one, TUTTI the program.
"""
import base64
import concurrent.futures
import http.client
import http.server
import json
import os
import select
import socket
import subprocess
import sys
import threading
import time

DATA = os.environ["TUTTI_DATA"]
URL = os.environ.get("URL", "")
API = "/api/v1"


class UnixConnection(http.client.HTTPConnection):
    def __init__(self):
        super().__init__("localhost", timeout=60)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(60)
        self.sock.connect(os.path.join(DATA, "tutti.sock"))


class Answer:
    def __init__(self, response):
        self.status, self.headers = response.status, response.headers
        self.body = response.read()

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        """Of an error, which has the four parts of the contract."""
        error = self.json["error"]
        assert all(isinstance(error[k], str) for k in ("code", "what", "why", "docs")), error
        assert error["what"] and isinstance(error["fix"], list), error
        return error["code"]


def connection(port):
    return http.client.HTTPConnection(URL.split("//")[1], timeout=60) if port else UnixConnection()


def ask(method, path, body=None, port=False, on=None, **headers):
    conn = on or connection(port)
    named = {k.replace("_", "-"): v for k, v in headers.items()}
    if method != "GET":
        named.setdefault("Content-Type", "application/json")
        body = json.dumps({} if body is None else body)
    conn.request(method, path, body, named)
    answer = Answer(conn.getresponse())
    if not on:
        conn.close()
    return answer


def token():
    with open(os.path.join(DATA, "token")) as f:
        return f.read().strip()


def wait_for(run, *statuses):
    for _ in range(600):
        doc = ask("GET", f"{API}/runs/{run}").json
        if doc["status"] in statuses:
            return doc
        time.sleep(0.1)
    raise AssertionError(f"{run} is {doc['status']}, not one of {statuses}")


def launch(repo, flow="architectural-analysis", question="the engine", **more):
    key = more.pop("key", None)
    body = dict(flow=flow, question=question, repo=repo, size="small", model="rehearsal", **more)
    answer = ask("POST", f"{API}/runs", body, **({"Idempotency_Key": key} if key else {}))
    assert answer.status == 201, (answer.status, answer.body)
    return answer.json


# --- streams --------------------------------------------------------------------------------


def events(run, after=0, on=None, last=None, lines=False, stop=None, follow=1):
    """Numbers of a log as it comes, until it ends, breaks off, or STOP of them were read."""
    conn = on or UnixConnection()
    headers = {"Accept": "application/x-ndjson" if lines else "text/event-stream"}
    if last:
        headers["Last-Event-ID"] = str(last)
    conn.request("GET", f"{API}/runs/{run}/events?after={after}&follow={follow}", None, headers)
    response = conn.getresponse()
    assert response.status == 200, response.status
    found = []
    try:
        for line in response:
            if lines and line.strip():
                found.append(json.loads(line)["seq"])
            elif line.startswith(b"id:"):
                found.append(int(line[3:]))
            if stop and len(found) >= stop:
                break
    except (http.client.IncompleteRead, ConnectionError):
        pass  # the daemon is gone
    conn.close()
    return found


def websocket(port=False):
    """A WebSocket that is open."""
    conn = connection(port)
    key = base64.b64encode(os.urandom(16)).decode()
    conn.connect()
    conn.sock.sendall(
        (f"GET {API}/ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
         f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
         "Sec-WebSocket-Protocol: tutti.v1\r\n\r\n").encode())
    stream = conn.sock.makefile("rb")
    assert b" 101 " in stream.readline()
    while stream.readline().strip():
        pass
    stream.conn = conn
    return stream


def frames(stream):
    """(opcode, payload) until the other side hangs up."""
    while True:
        head = stream.read(2)
        if len(head) < 2:
            return
        size = head[1] & 127
        if size > 125:
            size = int.from_bytes(stream.read(2 if size == 126 else 8), "big")
        yield head[0] & 15, stream.read(size)


# --- checks ---------------------------------------------------------------------------------


def check_drain(pid):
    """It is asked to end while agents work: told to everybody who is there, and nobody is let in."""
    while b"\ntutti_busy 0\n" in ask("GET", "/metrics").body:
        time.sleep(0.05)
    kept, late = UnixConnection(), UnixConnection()
    for conn in (kept, late):
        assert ask("GET", "/healthz", on=conn).json["status"] == "ok"
    page = websocket()
    os.kill(int(pid), 15)
    codes = [int.from_bytes(p[:2], "big") for op, p in frames(page) if op == 8]
    assert codes == [1001], codes
    health = ask("GET", "/healthz", on=kept)
    assert health.status == 503, health.status
    refused = ask("POST", f"{API}/runs", dict(flow="one", question="y", repo="/"), on=late)
    assert refused.status == 503 and refused.code == "not_ready", refused.body
    for port in (False, True):
        try:
            ask("GET", "/healthz", port=port)
            raise AssertionError("a new connection was taken")
        except (ConnectionError, FileNotFoundError):
            pass


def check_sign_in(link):
    path = link[len(URL):]
    assert ask("GET", "/healthz", port=True).status == 200
    for private in ("/runs", "/runs/last"):
        nobody = ask("GET", API + private, port=True)
        assert nobody.status == 401 and nobody.code == "unauthorized", nobody.body
    assert ask("GET", "/metrics", port=True).status == 401
    assert b"tutti_busy" in ask("GET", "/metrics").body
    assert ask("GET", "/", port=True).status == 401
    first = ask("GET", path + "&next=/runs", port=True)
    assert first.status == 303 and first.headers["Location"] == "/runs", first.status
    cookie = first.headers["Set-Cookie"]
    for word in ("HttpOnly", "SameSite=Strict", "Path=/"):
        assert word in cookie, cookie
    again = ask("GET", path, port=True)
    assert again.status == 401 and b"used already" in again.body, again.status
    return cookie.split(";")[0]


def check_who(link, repo):
    """Token, cookie, and what a page may not do."""
    cookie = check_sign_in(link)
    page = dict(port=True, Cookie=cookie, Origin=URL)
    assert ask("GET", f"{API}/session", port=True, Authorization="Bearer " + token()).status == 200
    wrong = ask("GET", f"{API}/session", port=True, Authorization="Bearer x" + token()[1:],
                Cookie=cookie)
    assert wrong.status == 401, wrong.status
    assert ask("GET", f"{API}/session", port=True, Cookie=cookie).status == 200
    linked = ask("POST", f"{API}/session/link", **page)
    assert linked.status == 403 and linked.code == "forbidden", linked.body
    body = dict(flow="architectural-analysis", question="x", repo=repo, trust_repo=True)
    trusted = ask("POST", f"{API}/runs", body, **page)
    assert trusted.status == 403 and trusted.code == "forbidden", trusted.body
    foreign = ask("POST", f"{API}/preview", body, port=True, Cookie=cookie,
                  Origin="http://127.0.0.1:1")
    assert foreign.status == 403, foreign.status
    silent = ask("POST", f"{API}/preview", body, port=True, Cookie=cookie)
    assert silent.status == 403, silent.status
    elsewhere = ask("GET", "/healthz", port=True, Host="evil.example")
    assert elsewhere.status == 421 and elsewhere.code == "misdirected", elsewhere.body
    assert ask("GET", "/healthz", port=True, Host="tutti.example").status == 200
    assert ask("POST", f"{API}/session/sign-out", **page).status == 204
    assert ask("GET", f"{API}/session", port=True, Cookie=cookie).status == 401


def check_runs(repo):
    """What is launched, listed, searched, exported and taken out."""
    one = launch(repo, key="once", question="the café engine")
    two = launch(repo, key="once", question="the café engine")
    assert not one["existed"] and two["existed"] and one["id"] == two["id"], (one, two)
    ids = [one["id"]] + [launch(repo, flow="one", question=f"part {i}")["id"] for i in range(4)]
    for run in ids:
        wait_for(run, "completed")
    listed, cursor = [], ""
    while cursor is not None:
        page = ask("GET", f"{API}/runs?limit=2&cursor={cursor}").json
        assert len(page["items"]) <= 2
        listed += [r["id"] for r in page["items"]]
        cursor = page["next"]
    assert listed == ids[::-1], (listed, ids)
    hits = ask("GET", f"{API}/search?q=cafe+engi").json["items"]
    assert hits and hits[0]["run"] == one["id"], hits
    run = f"{API}/runs/{one['id']}"
    for form, start in (("md", b"# "), ("html", b"<!"), ("json", b"{"), ("sarif", b"{"),
                        ("junit", b"<?xml")):
        report = ask("GET", f"{run}/report?as={form}&download=1")
        assert report.status == 200 and report.body.lstrip().startswith(start), (form, report.body[:80])
        assert "attachment" in report.headers["Content-Disposition"], form
    lines = ask("GET", f"{run}/files?path=engine/engine.h&from=2&to=4").json
    with open(os.path.join(repo, "engine/engine.h")) as f:
        assert [x for x in lines["lines"]] == f.read().split("\n")[1:4], lines
    assert ask("GET", f"{run}/files?path=../etc/passwd&from=1&to=2").status in (400, 404)
    check_log(one["id"])
    check_errors(one["id"])
    assert ask("DELETE", run).status == 204
    gone = ask("GET", run)
    assert gone.status == 404 and gone.code == "not_found", gone.body


def check_log(run):
    """One log in its three forms."""
    paged, after = [], 0
    while after is not None:
        page = ask("GET", f"{API}/runs/{run}/events?after={after}").json
        paged += [e["seq"] for e in page["items"]]
        after = page["next"]
    assert paged == list(range(1, len(paged) + 1)) and len(paged) > 20, paged
    assert events(run, lines=True, follow=0) == paged
    assert events(run) == paged
    assert events(run, last=7) == paged[7:]
    assert events(run, after=3, last=7) == paged[7:]


def check_errors(run):
    for method, path, status, code in (
            ("GET", "/nothing", 404, "not_found"),
            ("GET", "/runs/r-none", 404, "not_found"),
            ("GET", f"/runs/{run}/steps/none", 404, "not_found"),
            ("GET", "/runs/r-", 404, "not_found"),
            ("GET", "/runs?limit=x", 400, "bad_request"),
            ("GET", "/runs?cursor=x", 400, "bad_request"),
            ("GET", f"/runs/{run}/events?after=-1", 400, "bad_request"),
            ("GET", f"/runs/{run}/report?as=pdf", 400, "bad_request"),
            ("POST", f"/runs/{run}/cancel", 409, "conflict"),
            ("POST", f"/runs/{run}/report", 405, "method_not_allowed"),
            ("POST", "/runs", 400, "bad_request")):
        answer = ask(method, API + path)
        assert (answer.status, answer.code) == (status, code), (path, answer.status, answer.body)
    plain = ask("POST", f"{API}/runs", Content_Type="text/plain")
    assert plain.status == 415 and plain.code == "unsupported_media_type", plain.body


def is_dead(pid):
    try:
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rpartition(")")[2].split()[0] == "Z"  # nobody has waited for it yet
    except FileNotFoundError:
        return True


def kill(pid):
    """At once; when this returns it is dead, and what it held is free."""
    os.kill(int(pid), 9)
    while not is_dead(pid):
        time.sleep(0.01)


def check_stream(run, pid, command):
    """The log of a run, read on across the death of the daemon: no gap, nothing twice."""
    first = events(run, stop=12)
    kill(pid)
    subprocess.run(command, shell=True, check=True)
    rest = events(run, last=first[-1])
    assert first + rest == list(range(1, len(first + rest) + 1)), (first, rest)
    assert wait_for(run, "completed")["seq"] >= rest[-1]


def hand_over(sockets, *command):
    """A child that executes COMMAND with SOCKETS, as systemd does."""
    pid = os.fork()
    if pid:
        return pid
    for i, s in enumerate(sockets):
        os.dup2(s.fileno(), 20 + i)  # out of the way first
    for i in range(len(sockets)):
        os.dup2(20 + i, 3 + i)
    os.closerange(3 + len(sockets), 100)
    os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(sockets)),
                      NOTIFY_SOCKET=os.path.join(DATA, "news"))
    os.execv(command[0], command)


def activate(repo):
    """Sockets of a service manager: who asks there first starts the daemon."""
    path, tutti = os.path.join(DATA, "tutti.sock"), os.environ["TUTTI"]
    unix, tcp = socket.socket(socket.AF_UNIX), socket.socket()
    news = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    os.umask(0o177)
    unix.bind(path)
    tcp.bind(("127.0.0.1", 0))
    news.bind(os.path.join(DATA, "news"))
    news.settimeout(60)
    for s in (unix, tcp):
        s.listen()
    os.umask(0o077)
    run = subprocess.Popen([tutti, "run", "one", "x", "--model", "rehearsal", "--repo", repo,
                            "--detach"], stdout=subprocess.PIPE, text=True)
    select.select([unix], [], [], 60)
    pid = hand_over((unix, tcp), tutti, "serve", "--log", "json")
    assert news.recv(100) == b"READY=1"
    globals()["URL"] = "http://127.0.0.1:%d" % tcp.getsockname()[1]
    assert ask("GET", "/healthz", port=True).status == 200
    assert ask("GET", f"{API}/session").json["loopback"] is True
    with open(f"/proc/{pid}/task/{pid}/children") as f:
        children = f.read().split()
    ours = {os.readlink(f"/proc/self/fd/{s.fileno()}") for s in (unix, tcp)}
    for child in children:
        held = {os.readlink(f"/proc/{child}/fd/{fd}") for fd in os.listdir(f"/proc/{child}/fd")}
        assert not held & ours, f"process {child} has the sockets, too"
    identity = run.communicate(timeout=60)[0].strip()
    wait_for(identity, "completed")
    os.kill(pid, 15)
    assert news.recv(100) == b"STOPPING=1"
    assert os.waitpid(pid, 0)[1] == 0
    assert os.path.exists(path)  # it is the manager's, and the next one gets it again
    print(identity)


class Models(http.server.BaseHTTPRequestHandler):
    """A model server that fails, then is slow with its list: until it may go on."""
    holds, may_go, asked = threading.Event(), threading.Event(), []

    def do_GET(self):
        held = self.holds.is_set()
        if held:
            self.asked.append(self.path)
            self.may_go.wait(60)
        body = json.dumps({"data": [{"id": "m"}]}).encode()
        self.send_response(200 if held else 500)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        self.send_error(500)

    def log_message(self, *words):
        pass


def look_for_models(repo):
    """Who launches waits for the model server; everybody else is answered meanwhile."""
    models = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Models)
    threading.Thread(target=models.serve_forever, daemon=True).start()
    os.environ["OPENAI_BASE_URL"] = "http://127.0.0.1:%d/v1" % models.server_port
    daemon = subprocess.Popen([os.environ["TUTTI"], "serve", "--no-port", "--json"],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert json.loads(daemon.stdout.readline())["pid"] == daemon.pid
    Models.holds.set()
    request = dict(flow="one", question="x", repo=repo, size="small")
    with concurrent.futures.ThreadPoolExecutor() as pool:
        waiting = [pool.submit(ask, "POST", f"{API}/{what}", request) for what in ("runs", "preview", "runs")]
        while not Models.asked:
            time.sleep(0.01)
        for path in ("/healthz", f"{API}/runs", f"{API}/session"):
            assert ask("GET", path).status == 200
        assert not any(w.done() for w in waiting)
        Models.may_go.set()
        first, preview, second = (w.result() for w in waiting)
    assert first.status == second.status == 201, (first.body, second.body)
    assert preview.json["warnings"] == [], preview.json
    assert len(Models.asked) <= 2, Models.asked  # all three waited for the same answer
    daemon.terminate()
    assert daemon.wait() == 0


if __name__ == "__main__":
    sys.exit(globals()[sys.argv[1]](*sys.argv[2:]) and None)
