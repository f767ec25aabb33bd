"""The log of decisions with real processes: explained, replayed and audited after kills and restarts of service and Redis."""

import subprocess

import harness

PLAYBOOK = """
keep_decisions: 30d
traits: [{name: gender, type: STRING}]
channels: [{name: web}]
actions:
  - {name: voucher, kind: OFFER, eligible_when: 'customer.gender == "f"', limits: [{per: CUSTOMER, max: 2, window: 30d}]}
  - {name: greeting, kind: CONTENT, value: {micros: 500000}}
placements: [{name: hero, touchpoint: web/home, fallback: greeting}]
"""


def apply(world, name, text):
    path = f"{world.folder}/{name}.yaml"
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    world.waymark("apply", path)
    return path


def decide(world, customer):
    return world.waymark("decide", "--placement", "hero", "--customer", customer, "--explain")[0]["decision"]


def logged(world):
    return world.waymark("replay")[0]


def check_explained(world, decision):
    """What `explain` answered then is what the log answers now, by the id and by a token."""
    for words in (["explain", decision["decision_id"]], ["explain", "--token", decision["actions"][0]["token"]]):
        assert world.waymark(*words)[0]["decisions"] == [decision], words


def check_kills(world):
    """A kill loses what waited to be logged, at most, and nothing that was there; a stop loses nothing."""
    before = int(logged(world)["replayed"])
    for i in range(3):
        for j in range(20):
            decide(world, f"k{i}_{j}")
        world.kill()
        world.start()
        after = int(logged(world)["replayed"])
        assert before <= after <= before + 20, (before, after)
        before = after
    for j in range(20):
        decide(world, f"s{j}")
    assert world.stop() == 0
    world.start()
    assert int(logged(world)["replayed"]) == before + 20


def check_redis_away(world):
    """Deciding goes on without Redis, and what was decided meanwhile is logged when it is back."""
    before = int(logged(world)["replayed"])
    world.redis.kill()
    for j in range(5):
        decide(world, f"away{j}")
    world.redis.start()
    harness.wait_until("the log after Redis came back", lambda: int(replayed(world)) == before + 5)
    assert logged(world)["equal"] == logged(world)["replayed"]


def replayed(world):
    try:
        return logged(world)["replayed"]
    except AssertionError:  # not connected yet
        return 0


def export(world, path):
    """Says how many in words."""
    command = [world.options.bin / "waymark", "--address", world.address, "--tenant", world.tenant, "decisions", "export", path]
    assert "decisions in" in subprocess.run(command, capture_output=True, text=True, check=True).stdout


def main():
    options = harness.arguments()
    with harness.World(options, "shop") as world:
        apply(world, "first", PLAYBOOK)
        decisions = []
        for i in range(20):
            customer = f"c{i}"
            world.waymark("profile", "set", customer, "--trait", f"gender={'f' if i % 2 else 'm'}")
            decisions.append(decide(world, customer))
            if i % 4 == 1:
                world.waymark("record", "--customer", customer, "--type", "purchase", "--token", decisions[-1]["actions"][0]["token"])
        harness.wait_until("the log", lambda: int(logged(world)["replayed"]) == 20)
        other = apply(world, "other", PLAYBOOK.replace('"f"', '"m"'))
        for decision in (decisions[0], decisions[1], decisions[19]):
            check_explained(world, decision)
        assert logged(world)["equal"] == "20", "with the playbook of then"
        what_if = world.waymark("replay", "--playbook", other)[0]
        assert what_if["equal"] == "0", what_if
        voucher = [each for each in what_if["actions"] if each["action"] == "voucher"][0]
        assert (voucher["gained"], voucher["lost"], voucher["same"]) == ("10", "10", "0"), voucher
        groups = {group["value"]: group for group in world.waymark("audit", "--trait", "gender")[0]["groups"]}
        assert groups["f"]["offered"]["hits"] == "10" and groups["f"]["accepted"]["hits"] == "5", groups
        assert groups["m"]["offered"]["hits"] == "0", groups

        check_kills(world)
        check_explained(world, decisions[1])
        if world.redis:
            check_redis_away(world)

        exported = f"{world.folder}/decisions.jsonl"
        export(world, exported)
        total = int(logged(world)["replayed"])
        # Without keep_decisions nothing is kept; the file still replays.
        apply(world, "none", PLAYBOOK.replace("keep_decisions: 30d", ""))
        from_file = world.waymark("replay", exported)[0]
        assert int(from_file["equal"]) == int(from_file["replayed"]) == total, from_file
        world.waymark("replay", expect=4)
        assert world.stop() == 0
    print("1 passed, 0 failed")


if __name__ == "__main__":
    main()
