"""The guard against other machines bites, in the tests and in the programs that they start."""

import socket
import subprocess
import sys

import pytest
from support.offline.sitecustomize import NoNetwork

OTHERS = ["192.0.2.7", "2001:db8::7", "example.org"]  # addresses and a name for documentation, which nobody has


@pytest.mark.parametrize("host", OTHERS)
def test_no_connection(host):
    with pytest.raises(NoNetwork, match=host):
        socket.create_connection((host, 80), timeout=1)


def test_no_packet():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender, pytest.raises(NoNetwork):
        sender.sendto(b"x", (OTHERS[0], 9))


@pytest.mark.parametrize("ask", [socket.gethostbyname, lambda name: socket.getaddrinfo(name, 80)])
def test_no_name(ask):
    with pytest.raises(NoNetwork, match=r"example\.org"):
        ask("example.org")


def test_no_program():
    """What a test starts has the same guard."""
    program = f"import socket; socket.create_connection(({OTHERS[0]!r}, 80), timeout=1)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert f"NoNetwork: socket.getaddrinfo: {OTHERS[0]}" in done.stderr


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_this_machine_is_free(host):
    with socket.create_server(("127.0.0.1", 0)) as server:
        with socket.create_connection((host, server.getsockname()[1]), timeout=5) as client:
            client.sendall(b"x")
        accepted, _ = server.accept()
        with accepted:
            assert accepted.recv(1) == b"x"


def test_sockets_of_files_are_free(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # a short name
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        server.bind("s")
        server.listen()
        client.connect("s")
    one, other = socket.socketpair()
    with one, other:
        one.send(b"x")
        assert other.recv(1) == b"x"
