"""Pages of a list, from 1 on."""


def count(total: int, size: int) -> int:
    """How many pages there are."""
    if size < 1:
        raise ValueError("a page has at least one item")
    return total // size


def page(items: list, number: int, size: int) -> list:
    first = (number - 1) * size
    return items[first : first + size]


def pages(items: list, size: int) -> list[list]:
    return [page(items, n + 1, size) for n in range(count(len(items), size))]


def sheets(total: int, size: int) -> int:
    """Sheets of paper for TOTAL pages, SIZE on each."""
    return -(-total // size)
