"""Requests over the daemon's unix socket."""
import http.client
import json
import socket

API = "/api/v1"
# what a daemon that dies under a request looks like
BROKEN = (OSError, http.client.HTTPException)


class Connection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=60)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(60)
        self.sock.connect(self.path)


def ask(sock, method, path, body=None, **headers):
    """(status, bytes); headers are written with _ for -."""
    conn = Connection(sock)
    named = {k.replace("_", "-"): v for k, v in headers.items()}
    if method != "GET":
        named["Content-Type"] = "application/json"
        body = json.dumps({} if body is None else body)
    try:
        conn.request(method, API + path, body, named)
        answer = conn.getresponse()
        return answer.status, answer.read()
    finally:
        conn.close()


def follow(sock, run, after, sse):
    """The log of RUN from AFTER on: a list of (seq, bytes) for each piece that comes in."""
    conn = Connection(sock)
    path = f"{API}/runs/{run}/events?follow=1"
    if sse:
        headers = {"Accept": "text/event-stream", "Last-Event-ID": str(after)}
    else:
        path += f"&after={after}"
        headers = {"Accept": "application/x-ndjson"}
    try:
        conn.request("GET", path, headers=headers)
        answer = conn.getresponse()
        if answer.status != 200:
            raise http.client.HTTPException(f"{answer.status} {answer.read()[:200]}")
        rest = b""
        while piece := answer.read1(1 << 16):
            *lines, rest = (rest + piece).split(b"\n")
            yield list(told(lines, sse))
    finally:
        conn.close()


def told(lines, sse):
    for line in lines:
        if sse and not line.startswith(b"data: "):
            continue
        line = line.removeprefix(b"data: ") if sse else line
        if line:
            yield json.loads(line)["seq"], line
