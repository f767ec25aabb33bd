"""What was acknowledged survives a kill; a service without its store waits for it, and says so."""

import json
import random
import subprocess
import time

import events_test
import harness

INGEST_KILLS = 20

PLAYBOOK = """
traits: [{name: age, type: INT}]
channels: [{name: web}]
actions:
  - {name: voucher, kind: OFFER, limits: [{per: CUSTOMER, max: 1, window: 30d}]}
  - {name: greeting, kind: CONTENT, value: {micros: 1}}
placements: [{name: hero, touchpoint: web/home, fallback: greeting}]
"""


def record(world, event_id):
    return world.waymark("record", "--customer", "anna", "--type", "purchase", "--id", event_id)


def purchases(world):
    profile = world.waymark("profile", "get", "anna")[0]["profile"]
    return {event["type"]: int(event["count"]) for event in profile["events"]}["purchase"]


def chosen(world):
    return world.waymark("decide", "--placement", "hero", "--customer", "anna")[0]["decision"]["actions"][0]["action"]


def check_kills(world):
    """Five kills while events are being recorded; each acknowledged event is there once, also when it is sent again."""
    for i in range(5):
        record(world, f"e{i}")
        world.kill()
        world.start()
        assert purchases(world) == i + 1
        record(world, f"e{i}")
        assert purchases(world) == i + 1
    assert chosen(world) == "voucher"
    world.kill()
    world.start()
    assert chosen(world) == "greeting", "a contact that was counted is not forgotten"


def check_kills_during_ingest(world):
    """The service is killed again and again while events are recorded in every way: in the end each is there, once."""
    tenant, world.tenant = world.tenant, "ingest"
    events_test.apply(world)
    random_moments = random.Random(1)
    world.listen = world.address  # it comes back where the load finds it
    load = events_test.load(world, [world.address], 1000)
    for _ in range(INGEST_KILLS):
        time.sleep(random_moments.uniform(0.05, 0.3))
        world.kill()
        world.start()
        assert load.poll() is None, "the load ended before the last kill"
    result = events_test.end(load)
    assert result["failures"] > 0, "nobody noticed that the service was killed"
    world.tenant = tenant


def check_redis_away(world):
    assert knows(world)
    world.redis.kill()
    for customer, knowledge in (("anna", "KNOWLEDGE_STALE_PROFILE"), ("somebody", "KNOWLEDGE_CONTEXT_STORE_UNAVAILABLE")):
        decision = world.waymark("decide", "--placement", "hero", "--customer", customer)[0]["decision"]
        assert decision["knowledge"] == knowledge, decision
        assert ("profile_read_at" in decision) == (customer == "anna"), decision
        assert decision["actions"][0]["action"] == "greeting", "a limit that cannot be checked refuses"
    world.waymark("record", "--customer", "anna", "--type", "purchase", "--id", "lost", expect=3)
    world.redis.start()
    harness.wait_until("the service after Redis came back", lambda: knows(world))
    assert purchases(world) == 5
    record(world, "again")
    assert purchases(world) == 6


def knows(world):
    decision = world.waymark("decide", "--placement", "hero", "--customer", "anna")[0]["decision"]
    return decision["knowledge"] == "KNOWLEDGE_PROFILE"


def check_start_without_redis(world):
    assert world.stop() == 0
    world.redis.kill()
    world.start(ready=False)
    command = [world.options.bin / "waymark", "--address", world.address, "--tenant", world.tenant, "profile", "get", "anna"]
    assert subprocess.run(command, capture_output=True, check=False).returncode != 0
    assert world.service.poll() is None, "a service without its store waits"
    world.redis.start()
    harness.wait_until("the service with Redis", lambda: subprocess.run(command, capture_output=True, check=False).returncode == 0)


def main():
    options = harness.arguments()
    with harness.World(options, "shop") as world:
        playbook = f"{world.folder}/playbook.yaml"
        with open(playbook, "w", encoding="utf-8") as file:
            file.write(PLAYBOOK)
        world.waymark("apply", playbook)
        assert json.dumps(world.waymark("check", playbook)) is not None
        check_kills_during_ingest(world)
        check_kills(world)
        if world.redis:
            check_redis_away(world)
            check_start_without_redis(world)
        assert world.stop() == 0
    print("1 passed, 0 failed")


if __name__ == "__main__":
    main()
