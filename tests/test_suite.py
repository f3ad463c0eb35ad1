"""The suite itself: it asks no other machine, and can be run in another order."""

import socket
from types import SimpleNamespace

import conftest
import pytest


@pytest.mark.parametrize(
    "ask",
    [
        lambda: socket.create_connection(("192.0.2.1", 80), timeout=1),
        lambda: socket.socket().connect_ex(("192.0.2.1", 80)),
        lambda: socket.getaddrinfo("example.org", 443),
    ],
    ids=["connect", "connect_ex", "getaddrinfo"],
)
def test_a_test_that_asks_the_network_fails(ask):
    with pytest.raises(pytest.fail.Exception, match="asks the network for"):
        ask()


def test_this_machine_may_be_asked():
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()


def test_shuffling_loses_no_test_and_keeps_files_together():
    items = [SimpleNamespace(path=n // 5, name=n) for n in range(25)]
    first, again, other = (conftest.shuffled(items, seed) for seed in (1, 1, 2))
    assert first == again != other
    assert sorted(item.name for item in first) == list(range(25))
    paths = [item.path for item in first]
    assert paths != sorted(paths) and [paths[n] for n in range(0, 25, 5)] == list(
        dict.fromkeys(paths)
    )
    assert [item.name for item in first if item.path == 0] != list(range(5))
