"""The chaos proxy does what it says, and nothing else: each fault on the bytes of an echo server."""

import socket
import threading
import time

from chaos_proxy import Fault, Proxy

MESSAGE = bytes(range(256)) * 40


class Echo:
    """Sends back what it is sent. A context manager."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *unused):
        self.listener.close()

    def _accept(self):
        while True:
            try:
                connection = self.listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=self._echo, args=(connection,), daemon=True).start()

    @staticmethod
    def _echo(connection):
        try:
            while data := connection.recv(65536):
                connection.sendall(data)
        except OSError:
            pass
        connection.close()


def connect(proxy):
    connection = socket.create_connection(("127.0.0.1", proxy.port))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def receive(connection, size, seconds=20):
    """What comes, until it is so much, the end, or the time is over."""
    data = b""
    deadline = time.monotonic() + seconds
    while len(data) < size and (left := deadline - time.monotonic()) > 0:
        connection.settimeout(left)
        try:
            more = connection.recv(size - len(data))
        except (TimeoutError, ConnectionResetError):
            break
        if not more:
            break
        data += more
    return data


def echoed(connection, message=MESSAGE):
    """The seconds that it took to come back as it was."""
    began = time.monotonic()
    connection.sendall(message)
    assert receive(connection, len(message)) == message
    return time.monotonic() - began


def check_waiting(proxy, connection, direction):
    proxy.set(**{direction: Fault(stall=True)})
    connection.sendall(MESSAGE)
    assert receive(connection, 1, 0.2) == b"", f"{direction} were stalled"
    proxy.clear()
    assert receive(connection, len(MESSAGE)) == MESSAGE, "a stall loses nothing"
    proxy.set(**{direction: Fault(delay=0.2)})
    assert 0.2 <= echoed(connection) < 10
    proxy.set(**{direction: Fault(bandwidth=len(MESSAGE) * 4)})
    assert 0.2 <= echoed(connection) < 10
    proxy.set(**{direction: Fault(parts=7)})
    echoed(connection)


def check_dropping(proxy, direction):
    connection = connect(proxy)
    proxy.set(**{direction: Fault(drop=True)})
    connection.sendall(MESSAGE)
    assert receive(connection, 1, 0.2) == b""
    proxy.clear()
    connection.sendall(MESSAGE)
    assert receive(connection, 1, 0.2) == b"", "bytes behind a hole"
    echoed(connect(proxy))


def check_closing(proxy, direction):
    connection = connect(proxy)
    proxy.set(**{direction: Fault(close_after=1000)})
    connection.sendall(MESSAGE)
    data = receive(connection, len(MESSAGE))
    assert len(data) <= 1000 and MESSAGE.startswith(data), len(data)
    assert direction == "requests" or len(data) == 1000, len(data)
    proxy.clear()
    echoed(connect(proxy))


def check_corruption(proxy, connection, direction):
    before = proxy.flipped
    proxy.set(**{direction: Fault(corrupt=1000)})
    connection.sendall(MESSAGE)
    data = receive(connection, len(MESSAGE))
    flipped = sum(bin(a ^ b).count("1") for a, b in zip(data, MESSAGE))
    assert len(data) == len(MESSAGE)
    assert flipped == proxy.flipped - before and 1 <= flipped <= 40, flipped


def check_insertion(proxy, connection, direction):
    proxy.set(**{direction: Fault(insert=b"more")})
    connection.sendall(MESSAGE)
    assert receive(connection, len(MESSAGE) + 4) == b"more" + MESSAGE
    echoed(connection)


def check_cut(proxy):
    connection = connect(proxy)
    echoed(connection)
    proxy.cut()
    assert receive(connection, 1) == b""
    echoed(connect(proxy))


def main():
    with Echo() as echo, Proxy(echo.port) as proxy:
        connection = connect(proxy)
        echoed(connection, MESSAGE * 40)
        for direction in ("requests", "answers"):
            check_waiting(proxy, connection, direction)
            check_corruption(proxy, connection, direction)
            check_insertion(proxy, connection, direction)
            check_dropping(proxy, direction)
            check_closing(proxy, direction)
        proxy.clear()
        echoed(connection)
        check_cut(proxy)
        target, proxy.target = proxy.target, 1  # nobody is there
        assert receive(connect(proxy), 1) == b""
        proxy.target = target
        echoed(connect(proxy))
    print("1 passed, 0 failed")


if __name__ == "__main__":
    main()
