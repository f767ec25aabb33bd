"""Replicas are asked to stop, one after the other and over and over, while clients that balance over all of them go on: none of
them sees an error, and nothing is lost.

WAYMARK_RESTARTS=20 sets how often (default: 6).
"""

import os
import pathlib
import signal
import socket
import subprocess
import time

import harness
import steady

EXIT_SECONDS = 15


class Replica:
    """Another service on the world's store, always at the same address."""

    def __init__(self, world, number):
        self.world = world
        with socket.socket() as chosen:
            chosen.bind(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{chosen.getsockname()[1]}"
        self.port_file = pathlib.Path(world.folder) / f"port{number}"
        self.start()

    def start(self):
        self.port_file.unlink(missing_ok=True)
        self.process = subprocess.Popen(
            [self.world.options.bin / "waymarkd", "--listen", self.address, "--store", f"redis:127.0.0.1:{self.world.redis.port}",
             "--port-file", self.port_file, "--metrics-address", "off"])
        harness.wait_until("waymarkd", self.is_ready)

    def is_ready(self):
        if not self.port_file.exists():
            return False
        asked = subprocess.run([self.world.options.bin / "waymark", "--address", self.address, "--tenant", self.world.tenant, "profile", "get",
                                "steady-0"], capture_output=True, check=False)
        return asked.returncode == 0

    def stop(self):
        """SIGTERM; the seconds that it took."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(timeout=60) == 0
        return time.monotonic() - began


def check_rolling_restarts(world, restarts):
    """Two replicas, of which one is always there."""
    replicas = [Replica(world, number) for number in range(2)]
    try:
        with steady.Load(world.options, world.tenant, [replica.address for replica in replicas], callers=32, period=0.02) as load:
            longest = 0
            for i in range(restarts):
                replica = replicas[i % 2]
                longest = max(longest, replica.stop())
                replica.start()
                time.sleep(0.7)  # until clients are back with it: they try again within 0.2 s
                told = load.told()
                print(f"restart {i}: {told}", flush=True)
                assert told["errors"] == 0, told
            told = load.end()
        assert told["errors"] == 0, told
        assert longest <= EXIT_SECONDS, f"a replica took {longest:.1f} s to end"
        steady.check_recorded(world, told["recorded"])
        print(f"{restarts} restarts, {sum(told['recorded'])} events, the longest took {longest:.2f} s")
    finally:
        for replica in replicas:
            replica.process.kill()
            replica.process.wait()


def check_alone(world, restarts):
    """One replica: calls fail while it is away, and what was acknowledged is there."""
    unknown = 0
    with steady.Load(world.options, world.tenant, [world.address]) as load:
        world.listen = world.address
        for _ in range(restarts):
            time.sleep(0.5)
            began = time.monotonic()
            assert world.stop() == 0
            assert time.monotonic() - began <= EXIT_SECONDS
            world.start()
            unknown += load.told()["errors"]
        time.sleep(1)
        told = load.end()
    assert sum(told["recorded"]) > 100, told
    steady.check_recorded(world, told["recorded"], unknown=unknown + told["errors"])


def main():
    options = harness.arguments()
    restarts = int(os.environ.get("WAYMARK_RESTARTS", "6"))
    with harness.World(options, "shop", "--metrics-address", "off") as world:
        steady.apply_playbook(world)
        world.waymark("record", "--customer", "steady-0", "--type", "login", "--id", "first")
        check_alone(world, 2)
    if options.store == "redis":
        with harness.World(options, "shop", "--metrics-address", "off") as world:
            steady.apply_playbook(world)
            world.waymark("record", "--customer", "steady-0", "--type", "login", "--id", "first")
            check_rolling_restarts(world, restarts)
    print("1 passed, 0 failed" if options.store == "embedded" else "2 passed, 0 failed")


if __name__ == "__main__":
    main()
