"""What harm to the way to Redis, and to Redis, may do: decisions go on and say what they rest on, nothing acknowledged is lost.

Redis is behind a proxy (chaos_proxy.py); a load decides and records at a steady pace with deadlines (chaos_load.cc).
WAYMARK_CHAOS=10 makes each row ten times as long; as arguments, the rows to run.
"""

import argparse
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import threading
import time

import harness
from chaos_proxy import Fault, Proxy

SCALE = float(os.environ.get("WAYMARK_CHAOS", "1"))
CUSTOMERS = 100
LIMIT = 3
DEADLINE_MS = 50
# The share of calls that may find no processor in time on a machine that does other things, beside as many as did so while all was well.
SLACK = 0.02

PLAYBOOK = """
traits: [{name: name, type: STRING}]
channels: [{name: web}]
actions:
  - {name: voucher, kind: OFFER, value: {micros: 9}, limits: [{per: CUSTOMER, max: %d, window: 30d}]}
  - {name: greeting, kind: CONTENT, value: {micros: 1}, treatments: [{channel: web, body: '{{customer.name}}', missing: nobody}]}
placements:
  - {name: hero, touchpoint: web/home, fallback: greeting}
""" % LIMIT


class Command:
    """A connection to Redis itself, beside the proxy."""

    def __init__(self, port):
        self.connection = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.file = self.connection.makefile("rb")

    def __call__(self, *words):
        self.connection.sendall(b"".join([b"*%d\r\n" % len(words)] + [b"$%d\r\n%s\r\n" % (len(w), w) for w in (w.encode() for w in words)]))
        line = self.file.readline()
        if line[:1] == b"$":
            return self.file.read(int(line[1:]) + 2)[:-2].decode()
        return line[1:-2].decode()

    def calls(self):
        """How often each command came, since CONFIG RESETSTAT."""
        told = {}
        for line in self("INFO", "commandstats").splitlines():
            if line.startswith("cmdstat_"):
                name, values = line[len("cmdstat_"):].split(":")
                told[name] = int(values.split(",")[0].removeprefix("calls="))
        return told


class World(harness.World):
    """A service whose Redis is behind a proxy."""

    def __init__(self, options):
        super().__init__(options, "shop")
        self.log = pathlib.Path(self.folder) / "service.log"
        self.proxy = None

    def __enter__(self):
        if not shutil.which("redis-server"):
            harness.skip("redis-server is not installed")
        self.redis = harness.Redis(self.folder, fsync="everysec")
        self.proxy = Proxy(self.redis.port).__enter__()
        self.redis_port = self.proxy.port
        self.start()
        playbook = pathlib.Path(self.folder) / "playbook.yaml"
        playbook.write_text(PLAYBOOK, encoding="utf-8")
        self.waymark("apply", playbook)
        return self

    def __exit__(self, problem, *unused):
        if problem is not None:
            print("  the service's last words:", *self.log.read_text().splitlines()[-8:], sep="\n  ")
        self.proxy.clear()
        super().__exit__(problem, *unused)
        self.proxy.__exit__()

    def redis_command(self):
        return Command(self.redis.port)

    def load(self, seconds, decisions=200, events=0, deadline_ms=DEADLINE_MS, run="e", begin=False):
        command = [self.options.bin / "chaos_load", "--port", self.address.split(":")[1], "--placement", "hero", "--limited", "voucher",
                   "--decisions", str(decisions), "--events", str(events), "--seconds", str(seconds), "--deadline-ms", str(deadline_ms),
                   "--customers", str(CUSTOMERS), "--run", run, *(["--begin"] if begin else [])]
        return Load(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))

    def purchases(self):
        """Of each customer, how many are stored."""
        counts = []
        for i in range(CUSTOMERS):
            events = self.waymark("profile", "get", f"c{i}")[0]["profile"].get("events", [])
            counts.append(sum(int(event["count"]) for event in events if event["type"] == "purchase"))
        return counts


class Told:
    """What a load says of its calls, or of those of a part of its time."""

    def __init__(self, told, since=0.0, until=float("inf")):
        self.told = told
        self.tenths = [tenth for tenth in told["tenths"] if since <= tenth["at"] and tenth["at"] + 0.1 <= until]

    def __getattr__(self, name):
        return sum(tenth[name] for tenth in self.tenths)

    def during(self, since, until=float("inf")):
        return Told(self.told, since, until)

    def last_degraded(self):
        """The end of the last tenth of a second with such a decision."""
        return max((tenth["at"] + 0.1 for tenth in self.tenths if tenth["degraded"]), default=0)

    def __str__(self):
        counts = {key: getattr(self, key) for key in ("decisions", "failed", "profile", "degraded", "stale", "unusable", "events", "recorded", "unavailable")}
        counts.update({key: self.told[key] for key in ("p50_ms", "p99_ms", "max_ms", "late", "decision_problems", "event_problems")})
        return json.dumps(counts)


class Load:
    def __init__(self, process):
        self.process = process

    def end(self):
        out, _ = self.process.communicate(timeout=600)
        assert self.process.returncode == 0, self.process.returncode
        return Told(json.loads(out))


class Recorded:
    """What was acknowledged, of several loads."""

    def __init__(self):
        self.recorded = [0] * CUSTOMERS
        self.unknown = [0] * CUSTOMERS

    def add(self, told):
        for i in range(CUSTOMERS):
            self.recorded[i] += told.told["recorded"][i]
            self.unknown[i] += told.told["unknown"][i]

    def check_at_least(self, stored):
        """Every acknowledged event is stored."""
        for i, count in enumerate(stored):
            assert count >= self.recorded[i], f"c{i}: {self.recorded[i]} were acknowledged, {count} are stored"

    def check_at_most(self, stored):
        """And once, and nothing else but what may have arrived."""
        for i, count in enumerate(stored):
            assert count <= self.recorded[i] + self.unknown[i], f"c{i}: {self.recorded[i]} acknowledged, {self.unknown[i]} not, {count} stored"

    def check(self, world):
        stored = world.purchases()
        self.check_at_least(stored)
        self.check_at_most(stored)


def wait_until_fresh(world):
    """The seconds until a decision rests on what is stored again."""
    began = time.monotonic()
    harness.wait_until("fresh decisions", lambda: world.waymark("decide", "--placement", "hero", "--customer", "c1")[0]["decision"]["knowledge"]
                       not in ("KNOWLEDGE_CONTEXT_STORE_UNAVAILABLE", "KNOWLEDGE_STALE_PROFILE"))
    return time.monotonic() - began


def check_silent(world):
    """Redis accepts everything and answers nothing: every call is answered in time, and soon nobody asks Redis."""
    redis = world.redis_command()
    healthy = world.load(2, begin=True).end()
    print("  healthy:", healthy)
    for name, faults in (("no answers", {"answers": Fault(stall=True)}), ("no requests", {"requests": Fault(stall=True)}),
                         ("a black hole", {"answers": Fault(drop=True), "requests": Fault(drop=True)}),
                         ("all 100 ms later", {"answers": Fault(delay=0.1)})):
        redis("CONFIG", "RESETSTAT")
        world.proxy.set(**faults)
        told = world.load(2 * SCALE).end()
        calls = redis.calls()
        world.proxy.clear()
        fresh = wait_until_fresh(world)
        if "requests" in faults:
            calls = redis.calls()  # what was sent has arrived only now
        print(f"  {name}: {told}\n  Redis was sent {calls}")
        assert told.decisions >= 300 * SCALE, "the load is too small to say anything"
        assert told.failed <= healthy.failed + SLACK * told.decisions, told
        assert told.profile == 0 and told.degraded == told.decisions - told.failed, told
        assert told.limited == 0 and told.wrong == 0, told
        assert told.told["late"] <= healthy.told["late"] + SLACK * told.decisions, told
        # Until the breaker opens those of 50 ms are sent; what is asked to find out whether Redis is back is no read.
        asked = calls.get("get", 0)
        assert asked <= 0.2 * told.decisions / SCALE, f"Redis was sent {asked} reads for {told.decisions} decisions"
        print(f"  {asked} reads for {told.decisions} decisions; fresh after {fresh:.2f} s")


def check_gone(world):
    """Redis is killed under load and comes back with what it had."""
    away = min(60, 6 * SCALE)
    recorded = Recorded()
    load = world.load(2 + away + 5, decisions=200, events=50, deadline_ms=500, run="gone", begin=True)
    time.sleep(2)
    world.redis.kill()
    killed = time.time()
    time.sleep(away)
    world.redis.start()
    back = time.time()
    told = load.end()
    recorded.add(told)
    gone = told.during(killed + 0.2, back - 0.5)
    print(f"  {told}\n  meanwhile: {gone}\n  fresh {told.last_degraded() - back:.2f} s after Redis answered again")
    assert gone.decisions > 100, "the load is too small to say anything"
    assert told.failed == 0, told
    assert gone.degraded == gone.decisions and gone.limited == 0, gone
    assert gone.stale > 0, "customers who came before are known"
    assert told.limited == 0 and told.wrong == 0, told
    assert gone.unavailable == gone.events > 0, gone
    assert told.told["not_ready"] == 0 and told.told["ready"] > 10, told.told
    assert told.last_degraded() <= back + 2, told.last_degraded() - back
    after = told.during(back + 2)
    assert after.recorded == after.events > 0 and after.profile == after.decisions > 0, after
    recorded.check(world)


def check_damage(world):
    """Bytes come late, in pieces, slowly, damaged, or not all of them."""
    recorded = Recorded()
    lossy = [
        ("pieces of 3 bytes", {"answers": Fault(parts=3), "requests": Fault(parts=3)}),
        ("16 KB a second", {"answers": Fault(bandwidth=16_000), "requests": Fault(bandwidth=16_000)}),
        ("20 ms later", {"answers": Fault(delay=0.02), "requests": Fault(delay=0.02)}),
        ("cut within answers", {"answers": Fault(close_after=2_003)}),
        ("cut within requests", {"requests": Fault(close_after=2_003)}),
        ("damaged answers", {"answers": Fault(corrupt=3_000)}),
        ("an answer too many", {"answers": Fault(insert=b":1\r\n")}),
        ("answers of endless length", {"answers": Fault(insert=b"*2147483647\r\n")}),
    ]
    for number, (name, faults) in enumerate(lossy):
        load = world.load(3 * SCALE + 2, decisions=100, events=50, deadline_ms=1000, run=f"damage{number}-", begin=number == 0)
        time.sleep(0.5)
        world.proxy.set(**faults)
        time.sleep(3 * SCALE)
        world.proxy.clear()
        told = load.end()
        recorded.add(told)
        print(f"  {name}: {told}", flush=True)
        assert world.service.poll() is None, "the service ended"
        # Where Redis is slower than the load, calls wait until just before their deadline.
        assert told.failed <= SLACK * told.decisions and told.limited == 0, told
        assert told.wrong == 0, told
        print(f"  fresh after {wait_until_fresh(world):.2f} s")
        world.waymark("record", "--customer", "somebody", "--type", "purchase")
    recorded.check(world)


def check_damaged_requests(world):
    """What is damaged on its way to Redis, and not by so much that Redis notices, is stored so. It is told from what is sound when it is read."""
    load = world.load(3 * SCALE + 1, decisions=100, events=50, deadline_ms=1000, run="requests", begin=True)
    time.sleep(0.5)
    world.proxy.set(requests=Fault(corrupt=10_000))
    time.sleep(3 * SCALE)
    world.proxy.clear()
    told = load.end()
    print(f"  {told}\n  fresh after {wait_until_fresh(world):.2f} s")
    assert world.service.poll() is None, "the service ended"
    assert told.failed <= SLACK * told.decisions and told.limited == 0 and told.wrong == 0, told


def check_cut(world):
    """Redis dies with its machine: of its file there is what was synced, and a torn end. What was acknowledged 2 s before is there, nothing is doubled."""
    settings = {"decisions": 0, "events": 200, "deadline_ms": 1000}
    before = world.load(2 * SCALE, run="before", begin=True, **settings).end()
    time.sleep(2.2)  # appendfsync everysec
    (file,) = pathlib.Path(world.folder).glob("appendonlydir/*.incr.aof")
    synced = file.stat().st_size
    last = world.load(1, run="last", **settings).end()
    world.redis.kill()
    size = file.stat().st_size
    assert size > synced, "nothing was written"
    os.truncate(file, (synced + size) // 2)
    world.redis.start()
    print(f"  before: {before}\n  last: {last}\n  {size - synced} bytes, half of them lost; fresh after {wait_until_fresh(world):.2f} s")
    stored = world.purchases()
    acknowledged = Recorded()
    acknowledged.add(before)
    acknowledged.check_at_least(stored)
    acknowledged.add(last)
    acknowledged.check_at_most(stored)
    assert sum(stored) < sum(acknowledged.recorded), "nothing was lost, so nothing was tried"
    again = world.load(1, run="last", **settings).end()
    assert again.recorded == again.events == last.events, again
    stored = world.purchases()
    assert sum(stored) == before.recorded + sum(before.told["unknown"]) + last.events or sum(before.told["unknown"]) > 0, (sum(stored), before, last)
    acknowledged.check_at_least(stored)
    acknowledged.check_at_most(stored)


ROWS = {"silent": check_silent, "gone": check_gone, "damage": check_damage, "damaged-requests": check_damaged_requests, "cut": check_cut}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", type=pathlib.Path, required=True, help="the folder of waymarkd, waymark and chaos_load")
    parser.add_argument("rows", nargs="*", choices=[[], *ROWS], help="which to run; none: all")
    options = parser.parse_args()
    options.store = "redis"
    for name in options.rows or ROWS:
        print(f"{name}: {ROWS[name].__doc__}", flush=True)
        with World(options) as world:
            ROWS[name](world)
            assert world.stop() == 0
    print(f"{len(options.rows or ROWS)} passed, 0 failed")


if __name__ == "__main__":
    sys.exit(main())
