"""A TCP proxy that does harm on demand: what a test puts between the service and Redis. Standard library only.

It runs on a thread of its own; what it does is switched at run time. Some 10,000 messages a second in each direction take it a processor."""

import asyncio
import collections
import dataclasses
import random
import threading


@dataclasses.dataclass(frozen=True)
class Fault:
    """What happens to the bytes of one direction. Without arguments: nothing."""

    stall: bool = False    # they wait until the fault is over; nothing is lost
    drop: bool = False     # they are thrown away; a connection that has lost some stays silent until it is closed
    delay: float = 0.0     # seconds that they take longer
    corrupt: int = 0       # of about so many bytes one has a flipped bit
    parts: int = 0         # they come in pieces of so many bytes
    bandwidth: int = 0     # so many bytes a second
    close_after: int = 0   # each connection is cut after so many bytes more, wherever that is
    insert: bytes = b""    # these come before the others, once


SOUND = Fault()
MAX_QUEUED = 1 << 16


class _Pipe(asyncio.Protocol):
    """One direction of one connection: takes what its side sends, gives it to the other side."""

    def __init__(self, proxy, direction):
        self.proxy = proxy
        self.direction = direction
        self.transport = None  # whose bytes these are
        self.other = None      # the pipe of the other direction
        self.queue = collections.deque()  # (when it is due, bytes)
        self.queued = 0
        self.timer = None
        self.free_at = 0.0     # when the bandwidth has room again
        self.sent = 0          # since the fault was set
        self.lost = False
        self.reading = True
        self.blocked = False   # the other side takes no more at the moment
        self.ended = False

    def connection_made(self, transport):
        self.transport = transport
        self.proxy.pipes.add(self)

    def data_received(self, data):
        fault = self.proxy.faults[self.direction]
        self.proxy.bytes[self.direction] += len(data)
        if fault is SOUND and not self.queue and not self.lost and self.other.transport is not None:
            self.other.transport.write(data)
            return
        self.queue.append((asyncio.get_running_loop().time() + fault.delay, data))
        self.queued += len(data)
        self.pump()

    def connection_lost(self, _):
        self.ended = True
        self.proxy.pipes.discard(self)
        if self.timer:
            self.timer.cancel()
        if self.other.transport is not None:
            self.other.transport.close()

    def pause_writing(self):
        self.other.blocked = True
        self.other.pump()

    def resume_writing(self):
        self.other.blocked = False
        self.other.pump()

    def changed(self):
        """Another fault was set."""
        self.sent = 0
        self.free_at = 0.0
        self.pump()

    def pump(self):
        """Gives on what is due, and looks again when more will be."""
        if self.ended or self.transport is None:
            return
        if self.timer:
            self.timer.cancel()
            self.timer = None
        wait = self._give()
        if wait is not None and self.queue:
            self.timer = asyncio.get_running_loop().call_later(wait, self.pump)
        self._read_on(not self.blocked and self.queued < MAX_QUEUED and not self.proxy.faults[self.direction].stall)

    def _give(self):
        """Seconds until there is more to give; None: until something changes."""
        fault = self.proxy.faults[self.direction]
        if fault.drop or self.lost:
            self.lost = self.lost or bool(self.queue)
            self.queue.clear()
            self.queued = 0
            return None
        while self.queue:
            if fault.stall or self.blocked or self.other.transport is None:
                return None
            now = asyncio.get_running_loop().time()
            due, data = self.queue[0]
            wait = max(due, self.free_at) - now
            if wait > 0:
                return wait
            size = self._piece(fault, len(data))
            self.queue.popleft()
            self.queued -= size
            if size < len(data):
                self.queue.appendleft((due, data[size:]))
            if fault.insert and not self.sent:
                self.other.transport.write(fault.insert)
            self.other.transport.write(self._damaged(fault, data[:size]))
            self.sent += size
            if fault.close_after and self.sent >= fault.close_after:
                self.other.transport.close()  # what was given before still goes out
                self.transport.abort()
                return None
            if fault.bandwidth:
                self.free_at = now + size / fault.bandwidth
            if fault.parts:
                return 0  # so that each piece is a packet
        return None

    def _piece(self, fault, size):
        if fault.parts:
            size = min(size, fault.parts)
        if fault.bandwidth:
            size = min(size, max(1, fault.bandwidth // 100))
        if fault.close_after:
            size = min(size, fault.close_after - self.sent)
        return size

    def _damaged(self, fault, data):
        if not fault.corrupt:
            return data
        damaged = bytearray(data)
        for i in range(len(damaged)):
            if self.proxy.random.random() * fault.corrupt < 1:
                damaged[i] ^= 1 << self.proxy.random.randrange(8)
                self.proxy.flipped += 1
        return bytes(damaged)

    def _read_on(self, wanted):
        if wanted == self.reading or self.transport.is_closing():
            return
        self.reading = wanted
        if wanted:
            self.transport.resume_reading()
        else:
            self.transport.pause_reading()


class Proxy:
    """Listens on a free port of the loopback and gives on to `target`, another port of it. A context manager. Thread-safe."""

    def __init__(self, target, seed=1):
        self.target = target
        self.port = None
        self.faults = {"requests": SOUND, "answers": SOUND}  # to the target, and from it
        self.bytes = {"requests": 0, "answers": 0}           # that came
        self.flipped = 0                                     # bits
        self.connections = 0                                 # that were ever made
        self.pipes = set()
        self.random = random.Random(seed)
        self.loop = asyncio.new_event_loop()
        self.server = None
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.started = threading.Event()

    def __enter__(self):
        self.thread.start()
        self.started.wait()
        return self

    def __exit__(self, *unused):
        self.cut()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()

    def set(self, requests=SOUND, answers=SOUND):
        """From now on: these, on all connections, for what waits already too."""
        self._do(self._set, requests, answers)

    def clear(self):
        self.set()

    def cut(self):
        """Closes all connections."""
        self._do(self._cut)

    def _set(self, requests, answers):
        self.faults = {"requests": requests, "answers": answers}
        for pipe in list(self.pipes):
            pipe.changed()

    def _cut(self):
        for pipe in list(self.pipes):
            pipe.transport.abort()

    def _do(self, what, *arguments):
        done = threading.Event()

        def run():
            what(*arguments)
            done.set()

        self.loop.call_soon_threadsafe(run)
        done.wait()

    def _run(self):
        asyncio.set_event_loop(self.loop)
        self.server = self.loop.run_until_complete(self.loop.create_server(self._accept, "127.0.0.1", self.port or 0))
        self.port = self.server.sockets[0].getsockname()[1]
        self.started.set()
        self.loop.run_forever()
        self.server.close()

    def _accept(self):
        self.connections += 1
        requests, answers = _Pipe(self, "requests"), _Pipe(self, "answers")
        requests.other, answers.other = answers, requests
        self.loop.create_task(self._connect(requests, answers))
        return requests

    async def _connect(self, requests, answers):
        try:
            await self.loop.create_connection(lambda: answers, "127.0.0.1", self.target)
        except OSError:
            if requests.transport is not None:
                requests.transport.abort()
            return
        if requests.ended:
            answers.transport.abort()
        requests.pump()
