"""A stage in a thread of its own gives what it gives without one, ends with its reader, and says
what went wrong.
"""

import threading
import time

import pytest

from tslib.video.ahead import ahead


def counted(n, seen, closed=None):
    """Yield 0..n - 1 and write down in which thread each is made."""
    try:
        for i in range(n):
            seen.append(threading.current_thread())
            yield i
    finally:
        if closed is not None:
            closed.append(True)


def test_all_items_come_in_order_from_another_thread():
    seen = []
    assert list(ahead(counted(50, seen))) == [*range(50)]
    assert len(set(seen)) == 1 and seen[0] is not threading.current_thread()
    assert list(ahead(counted(0, seen))) == []


def test_only_a_few_items_are_made_ahead():
    seen = []
    stream = ahead(counted(50, seen), 3)
    assert next(stream) == 0
    time.sleep(0.2)
    assert 1 < len(seen) <= 4
    stream.close()


def test_an_exception_comes_in_the_place_of_its_item():
    def fails():
        yield 1
        raise KeyError("two")

    stream = ahead(ahead(fails()))
    assert next(stream) == 1
    with pytest.raises(KeyError, match="two"):
        next(stream)
    assert list(stream) == []


@pytest.mark.parametrize("error", [None, KeyboardInterrupt])
def test_the_stage_is_closed_with_its_reader(error):
    """Also where stages are nested, and by a Ctrl-C."""
    before, closed = threading.active_count(), []
    stream = ahead(ahead(counted(1000, [], closed)))
    next(stream)
    if error is None:
        stream.close()
    else:
        with pytest.raises(error):
            stream.throw(error())
    assert closed == [True] and threading.active_count() == before
