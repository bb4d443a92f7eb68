from pager import pages


def test_even():
    assert pages([1, 2, 3, 4], 2) == [[1, 2], [3, 4]]


def test_empty():
    assert pages([], 3) == []
