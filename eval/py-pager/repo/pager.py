"""Pages of a list, from 1 on."""


def pages(items: list, size: int) -> list[list]:
    if size < 1:
        raise ValueError("a page has at least one item")
    return [items[i : i + size] for i in range(0, len(items), size)]
