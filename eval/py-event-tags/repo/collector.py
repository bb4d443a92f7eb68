"""Reads lines `NAME WORD…` and prints how many events have each tag."""

import sys
from collections import Counter

from events import tagged


def count(lines) -> Counter:
    found: Counter = Counter()
    for line in lines:
        name, *words = line.split() or [""]
        if name:
            found.update(set(tagged(name, *words).tags))
    return found


if __name__ == "__main__":
    for tag, n in count(sys.stdin).most_common():
        print(n, tag)
