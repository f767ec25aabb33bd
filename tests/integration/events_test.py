"""Duplicates, reordering, retries, streams that break off, replicas side by side: what is recorded is what a reference computes, exactly.

How many events: $WAYMARK_EVENTS, 20,000 unless told."""

import json
import os
import shutil
import subprocess

import harness

PLAYBOOK = """
currency: EUR
channels: [{name: web}]
segments: [{name: buyer, when: 'count("purchase", days(365)) >= 3'}]
journeys: [{name: shopping, preset: SIX_STAGES}]
actions: [{name: greeting, kind: CONTENT}]
placements: [{name: hero, touchpoint: web/home, fallback: greeting}]
"""


class Beside(harness.World):
    """Another replica of the service, on the Redis of the first."""

    def __init__(self, first):
        super().__init__(first.options, first.tenant)
        self.redis = first.redis

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *unused):
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


def apply(world):
    playbook = f"{world.folder}/playbook.yaml"
    with open(playbook, "w", encoding="utf-8") as file:
        file.write(PLAYBOOK)
    world.waymark("apply", playbook)


def load(world, addresses, events, **kwargs):
    """Starts recording; goes on until its standard input is closed."""
    words = [word for address in addresses for word in ("--address", address)]
    return subprocess.Popen([world.options.bin / "event_load", *words, "--tenant", world.tenant, "--events", str(events)],
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **kwargs)


def end(loading):
    """What came of it, once everything was acknowledged."""
    out, _ = loading.communicate(timeout=250)
    result = json.loads(out)
    print(result, flush=True)
    assert loading.returncode == 0 and result["differences"] == 0, result
    return result


def main():
    options = harness.arguments()
    events = int(os.environ.get("WAYMARK_EVENTS", "20000"))
    with harness.World(options, "shop") as world:
        addresses = [world.address]
        apply(world)
        if not world.redis:
            check(world, addresses, events)
        else:
            with Beside(world) as other:
                knows = ["--address", other.address, "--tenant", world.tenant, "decide", "--customer", "anna", "--placement", "hero"]
                harness.wait_until("the playbook", lambda: subprocess.run([options.bin / "waymark", *knows], capture_output=True, check=False).returncode == 0)
                check(world, [*addresses, other.address], events)
    print("1 passed, 0 failed")


def check(world, addresses, events):
    result = end(load(world, addresses, events))
    assert result["events"] >= events, result
    assert result["recorded"] <= result["events"], "more was acknowledged as new than there was"
    assert result["sent"] >= 1.2 * result["events"] and result["failures"] > 0, "a test without duplicates and retries shows nothing"


if __name__ == "__main__":
    main()
