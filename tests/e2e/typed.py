#!/usr/bin/env python3
"""typed.py [WAIT TYPE]… -- COMMAND…: COMMAND in a terminal of its own. As soon as WAIT is there, behind what
was waited for before, TYPE is typed (\\n, \\x04). What was on the terminal goes to stdout; ends as COMMAND does."""
import os
import pty
import select
import sys
import time

LIMIT = 60  # seconds
at = sys.argv.index("--")
pairs, command = sys.argv[1:at], sys.argv[at + 1:]
todo = [(wait.encode(), text.encode().decode("unicode_escape").encode()) for wait, text in zip(pairs[::2], pairs[1::2])]
pid, fd = pty.fork()
if pid == 0:
    os.execvp(command[0], command)
said, seen, end = b"", 0, time.time() + LIMIT
while time.time() < end:
    ready, _, _ = select.select([fd], [], [], 0.1)
    try:
        got = os.read(fd, 65536) if ready else None
    except OSError:  # nobody has the other end any more
        break
    if got == b"":
        break
    said += got or b""
    if todo and todo[0][0] in said[seen:]:
        seen = said.index(todo[0][0], seen) + len(todo[0][0])
        os.write(fd, todo.pop(0)[1])
else:
    os.kill(pid, 9)
sys.stdout.buffer.write(said.replace(b"\r", b""))
sys.stdout.flush()
code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
sys.exit(code if code >= 0 else 128 - code)
