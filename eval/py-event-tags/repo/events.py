"""Events with tags, as the collector makes them."""

from dataclasses import dataclass, field


@dataclass
class Event:
    name: str
    tags: list[str] = field(default_factory=list)


def tagged(name: str, *words: str, tags: list[str] = []) -> Event:
    """An event with TAGS and, in lower case, WORDS."""
    for word in words:
        tags.append(word.lower())
    return Event(name, tags)


def merged(first: Event, *others: Event) -> Event:
    """One event with the tags of all, each once, in order."""
    seen = dict.fromkeys(first.tags)
    for other in others:
        seen.update(dict.fromkeys(other.tags))
    return Event(first.name, list(seen))
