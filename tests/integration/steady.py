"""Clients that behave, and the replicas they ask, for the tests that do harm."""

import json
import pathlib
import subprocess
import time

import harness

# What README tells clients of several replicas to use.
SERVICE_CONFIG = json.dumps({"loadBalancingConfig": [{"round_robin": {}}], "healthCheckConfig": {"serviceName": "readiness"}})

PLAYBOOK = """
traits: [{name: age, type: INT}]
channels: [{name: web}]
actions:
  - {name: voucher, kind: OFFER, limits: [{per: CUSTOMER, max: 3, window: 30d}]}
  - {name: greeting, kind: CONTENT, value: {micros: 1}}
placements: [{name: hero, touchpoint: web/home, fallback: greeting}]
"""


def apply_playbook(world, text=PLAYBOOK):
    playbook = pathlib.Path(world.folder) / "playbook.yaml"
    playbook.write_text(text, encoding="utf-8")
    world.waymark("apply", playbook)


class Load:
    """Callers at a steady pace, each with a customer of its own: an event, a decision, and so on. A context manager."""

    def __init__(self, options, tenant, addresses, callers=8, period=0.01, deadline=5.0, config=SERVICE_CONFIG):
        words = [word for address in addresses for word in ("--address", address)]
        self.process = subprocess.Popen(
            [options.bin / "steady_load", *words, "--tenant", tenant, "--placement", "hero", "--service-config", config, "--callers", str(callers),
             "--period", str(period), "--deadline", str(deadline)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def told(self):
        """What became of the calls since the last time."""
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def during(self, seconds):
        """What becomes of the calls of the next seconds."""
        self.told()
        time.sleep(seconds)
        return self.told()

    def end(self):
        out, _ = self.process.communicate(timeout=60)
        return json.loads(out.splitlines()[-1])


def check_recorded(world, recorded, unknown=0):
    """Each caller's acknowledged events are in its profile, once; up to `unknown` more may be."""
    surplus = 0
    for number, acknowledged in enumerate(recorded):
        profile = world.waymark("profile", "get", f"steady-{number}")[0]["profile"]
        stored = {event["type"]: int(event["count"]) for event in profile["events"]}.get("page_view", 0)
        assert stored >= acknowledged, f"caller {number}: {acknowledged} events were acknowledged, {stored} are stored"
        surplus += stored - acknowledged
    assert surplus <= unknown, f"{surplus} more events are stored than were sent once"


def resident_bytes(process):
    for line in pathlib.Path(f"/proc/{process.pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("no VmRSS")


__all__ = ["Load", "PLAYBOOK", "SERVICE_CONFIG", "apply_playbook", "check_recorded", "harness", "resident_bytes"]
