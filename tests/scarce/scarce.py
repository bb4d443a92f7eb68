"""The program without memory: scarce.py PROGRAM LIBRARY DIRECTORY WHAT [MOST [NAME…]].

WHAT is a sweep below; of each call MOST requests fail, one after the other (all, or some hundreds of
thousands); NAME: only these calls of it. A violation is told, and the sweep goes on; what it was about stays
in DIRECTORY, which must not be there before.
"""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "torture"))

from memory import Memory
from place import Place, Violation
from commands import commands
from sweep import calls
from whole import fenced, recovery, runs

SWEEPS = dict(calls=calls, commands=commands, recovery=recovery, runs=runs, fenced=fenced)


def say(text):
    print(text, flush=True)


def main():
    program, library, top, what = sys.argv[1:5]
    most = int(sys.argv[5]) if len(sys.argv) > 5 else 0
    place = Place(top, program)
    with open(os.path.join(HERE, "waits.yaml")) as f:
        flow = f.read()
    with open(place.path("config/tutti/flows/waits.yaml"), "w") as f:
        f.write(flow)
    try:
        bad = SWEEPS[what](place, Memory(place, library), most, say, sys.argv[6:])
        say(f"{what}: {bad} violations")
        return 1 if bad else 0
    except Violation as e:
        say(f"VIOLATION: {e}")
        return 1
    finally:
        for pid, _ in place.processes():
            os.kill(pid, 9)


if __name__ == "__main__":
    sys.exit(main())
