"""Starts the real programs for a test: waymarkd, waymark, redis-server. Standard library only; ports are chosen by the programs."""

import argparse
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
START_SECONDS = 30


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", type=pathlib.Path, required=True, help="the folder of waymarkd and waymark")
    parser.add_argument("--store", choices=["embedded", "redis"], required=True)
    return parser.parse_args()


def skip(why):
    print("SKIPPED:", why)
    sys.exit(77)


def data_folder(name):
    """The folder of a real data set: $WAYMARK_DATA, or shared/data beside the checkout. Skips the test where it is missing."""
    for base in (os.environ.get("WAYMARK_DATA"), ROOT.parent / "shared" / "data"):
        if base and (pathlib.Path(base) / name).is_dir():
            return pathlib.Path(base) / name
    skip(f"the data set {name} is not here (set WAYMARK_DATA)")


def wait_until(what, ready):
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if ready():
            return
        time.sleep(0.02)
    raise AssertionError(f"{what} did not come up within {START_SECONDS} s")


class Redis:
    def __init__(self, folder, fsync="always", prefix=()):
        self.folder = folder
        self.prefix = prefix  # what it is run by, such as a limit
        self.fsync = fsync
        with socket.socket() as chosen:
            chosen.bind(("127.0.0.1", 0))
            self.port = chosen.getsockname()[1]
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [*self.prefix, "redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--dir", self.folder, "--appendonly", "yes",
             "--appendfsync", self.fsync, "--save", ""], stdout=subprocess.DEVNULL)
        wait_until("redis-server", self.answers)

    def answers(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False

    def kill(self):
        self.process.kill()
        self.process.wait()


class World:
    """A service with its store in a temporary folder. A context manager."""

    def __init__(self, options, tenant, *flags):
        self.options = options
        self.tenant = tenant
        self.flags = flags
        self.folder = tempfile.mkdtemp(prefix="waymark-test-")
        self.redis = None
        self.redis_port = None  # where the service is to find Redis; None: where it is
        self.service = None
        self.address = None
        self.log = None  # a file that takes what the service logs
        self.prefix = ()  # what the service is run by, such as a limit
        self.listen = "127.0.0.1:0"  # set to `address`, the service comes back at the same one

    def __enter__(self):
        if self.options.store == "redis":
            if not shutil.which("redis-server"):
                raise AssertionError("redis-server is not installed")
            self.redis = Redis(self.folder)
        self.start()
        return self

    def __exit__(self, *unused):
        self.kill()
        if self.redis:
            self.redis.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self, ready=True):
        port_file = pathlib.Path(self.folder) / "port"
        port_file.unlink(missing_ok=True)
        store = f"redis:127.0.0.1:{self.redis_port or self.redis.port}" if self.redis else f"embedded:{self.folder}/store"
        log = open(self.log, "ab") if self.log else None
        self.service = subprocess.Popen([*self.prefix, self.options.bin / "waymarkd", "--listen", self.listen, "--store", store,
                                         "--port-file", port_file, *self.flags], stderr=log)
        if log:
            log.close()
        wait_until("waymarkd", lambda: port_file.exists() and port_file.read_text().strip())
        self.address = f"127.0.0.1:{port_file.read_text().strip()}"
        if ready:
            wait_until("waymarkd's store", self.is_ready)

    def is_ready(self):
        """Whether the playbooks were read: until then every call is answered with UNAVAILABLE."""
        asked = subprocess.run([self.options.bin / "waymark", "--address", self.address, "--tenant", self.tenant, "segments", "nobody"],
                               capture_output=True, check=False)
        return asked.returncode != 3

    def kill(self):
        if self.service and self.service.poll() is None:
            self.service.kill()
            self.service.wait()

    def stop(self):
        """SIGTERM; returns the exit code."""
        self.service.send_signal(signal.SIGTERM)
        return self.service.wait(timeout=20)

    def waymark(self, *words, expect=0, stdin=None):
        """Runs the command; returns its JSON lines."""
        command = [self.options.bin / "waymark", "--address", self.address, "--tenant", self.tenant, "--output", "json", *words]
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=200, check=False)
        assert done.returncode == expect, f"{words[0]} ended with {done.returncode}:\n{done.stderr}\n{done.stdout[:2000]}"
        return [json.loads(line) for line in done.stdout.splitlines() if line.strip()]
