"""Programs that find this folder on their path reach no other machine: Python imports it when it starts."""

import sys


class NoNetwork(RuntimeError):
    """A test, or a program that it started, turned to another machine."""


def watch(event: str, args: tuple[object, ...]) -> None:
    """An audit hook that refuses connections and names beyond this machine; loopback and AF_UNIX are free."""
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        address = args[1]  # a path for AF_UNIX; none where the socket is connected already
        host = address[0] if isinstance(address, tuple) else None
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        host = args[0]
    else:
        return
    name = host.decode() if isinstance(host, bytes) else host
    if isinstance(name, str) and name not in ("", "localhost", "::1", "0.0.0.0", "::") and name[:4] != "127.":
        raise NoNetwork(f"{event}: {name}")


sys.addaudithook(watch)
