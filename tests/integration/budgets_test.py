"""A budget is never exceeded, whatever is killed: replicas, with 64 callers each, and Redis itself.

WAYMARK_RUNS=50 repeats the run in which replicas are killed (default: once).
"""

import json
import os
import pathlib
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time

import harness

CALLERS = 64
PERIOD = 0.02  # seconds between a caller's calls, so that a budget lasts while replicas are being killed
KILLS = 20
AMOUNT = 12_000
# What a killed replica may take with it: what it had leased (20 ms of demand, or a unit for each caller who waited), and what
# it had taken for calls that it did not answer any more.
LEASE = max(CALLERS, int(0.02 * CALLERS / PERIOD))
LOST_BY_KILL = LEASE + CALLERS

PLAYBOOK = """
channels: [{name: web}]
budgets: [{name: vouchers, amount: %d}]
actions:
  - {name: voucher, kind: OFFER, budgets: [vouchers], treatments: [{channel: web, body: Hi}]}
placements: [{name: hero, touchpoint: web/home}]
"""


def free_port():
    with socket.socket() as chosen:
        chosen.bind(("127.0.0.1", 0))
        return chosen.getsockname()[1]


class Replica:
    def __init__(self, world, number):
        self.world = world
        self.port = free_port()
        self.port_file = pathlib.Path(world.folder) / f"port{number}"
        self.start()

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def start(self):
        self.port_file.unlink(missing_ok=True)
        self.process = subprocess.Popen(
            [self.world.options.bin / "waymarkd", "--listen", self.address, "--store", self.world.store, "--port-file", self.port_file],
            stderr=subprocess.DEVNULL)

    def wait(self):
        harness.wait_until("waymarkd", lambda: self.port_file.exists() and self.waymark("budgets").returncode != 3)

    def waymark(self, *words, tenant="none"):
        return subprocess.run([self.world.options.bin / "waymark", "--address", self.address, "--tenant", tenant, "--output", "json", *words],
                              capture_output=True, text=True, check=False)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.terminate()
        return self.process.wait(timeout=20)


class World:
    """Replicas of the service on one store. A context manager."""

    def __init__(self, options):
        self.options = options
        self.folder = tempfile.mkdtemp(prefix="waymark-test-")
        self.redis = None
        self.store = f"embedded:{self.folder}/store"
        if options.store == "redis":
            if not shutil.which("redis-server"):
                raise AssertionError("redis-server is not installed")
            self.redis = harness.Redis(self.folder, fsync="everysec")
            self.store = f"redis:127.0.0.1:{self.redis.port}"
        self.replicas = [Replica(self, i) for i in range(2 if self.redis else 1)]
        for replica in self.replicas:
            replica.wait()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        for replica in self.replicas:
            replica.kill()
        if self.redis:
            self.redis.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def begin(self, tenant, amount):
        """A tenant with this budget, served by every replica."""
        playbook = pathlib.Path(self.folder) / f"{tenant}.yaml"
        playbook.write_text(PLAYBOOK % amount, encoding="utf-8")
        applied = self.replicas[0].waymark("apply", playbook, tenant=tenant)
        assert applied.returncode == 0, applied.stderr
        for replica in self.replicas:
            harness.wait_until("the playbook", lambda r=replica: r.waymark("budgets", tenant=tenant).returncode == 0)

    def budget(self, tenant):
        told = self.replicas[0].waymark("budgets", tenant=tenant)
        assert told.returncode == 0, told.stderr
        return {key: int(value) for key, value in json.loads(told.stdout)["budgets"][0].items() if key in ("taken", "leased", "held", "left")}

    def load(self, tenant, seed):
        addresses = [word for replica in self.replicas for word in ("--address", replica.address)]
        return subprocess.Popen([self.options.bin / "budget_load", *addresses, "--tenant", tenant, "--placement", "hero", "--action", "voucher",
                                 "--callers", str(CALLERS), "--period", str(PERIOD), "--seed", str(seed)],
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def end(load):
    """Nothing more is killed: what the load has delivered when nothing is left."""
    out, _ = load.communicate(timeout=120)
    return json.loads(out)


def check_exact(world):
    world.begin("exact", AMOUNT // 3)
    result = end(world.load("exact", 1))
    print("without kills:", result)
    assert result["errors"] == 0, result
    assert result["delivered"] == AMOUNT // 3, result


def check_kills(world, run):
    """Replicas are killed at random moments and started again."""
    tenant = f"kills{run}"
    world.begin(tenant, AMOUNT)
    moments = random.Random(run)
    load = world.load(tenant, run + 2)
    kills = 0
    try:
        while kills < KILLS:
            time.sleep(moments.uniform(0.02, 0.25))
            replica = moments.choice(world.replicas)
            replica.kill()
            replica.start()
            kills += 1
        for replica in world.replicas:
            replica.wait()  # the load ends where nobody delivers
    finally:
        result = end(load)
    lost = AMOUNT - result["delivered"]
    print(f"run {run}, {kills} kills: lost {lost}, {result}", flush=True)
    assert result["delivered"] <= AMOUNT, result
    assert lost <= kills * LOST_BY_KILL, result


def check_redis_killed(world):
    """Redis is killed while replicas give from it; what they have leased stays theirs, and nothing is given twice."""
    world.begin("redis", AMOUNT)
    load = world.load("redis", 99)
    try:
        time.sleep(1)
        world.redis.kill()
        time.sleep(0.3)
        world.redis.start()
        time.sleep(7)  # until budgets are given again
    finally:
        result = end(load)
    print("Redis killed:", result)
    assert result["delivered"] <= AMOUNT, result
    assert AMOUNT - result["delivered"] <= LOST_BY_KILL * len(world.replicas), result


def check_drain(world):
    """Who is asked to stop gives back what it has leased."""
    world.begin("drain", 100_000)
    load = world.load("drain", 7)
    time.sleep(0.5)
    last = world.replicas[-1]
    if len(world.replicas) > 1:
        assert last.stop() == 0
        last.start()
    load.kill()
    load.wait()
    last.wait()
    harness.wait_until("what was leased to come back", lambda: world.budget("drain")["leased"] == 0)
    told = world.budget("drain")
    assert told["taken"] + told["left"] == 100_000, told


def main():
    options = harness.arguments()
    runs = int(os.environ.get("WAYMARK_RUNS", "1"))
    with World(options) as world:
        check_exact(world)
        check_drain(world)
        for run in range(runs):
            check_kills(world, run)
        if world.redis:
            check_redis_killed(world)
    print(f"{runs + 2 + (1 if options.store == 'redis' else 0)} passed, 0 failed")


if __name__ == "__main__":
    sys.exit(main())
