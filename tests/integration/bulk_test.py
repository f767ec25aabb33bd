"""Bulk runs that are killed at random moments, and go on: everyone has one line, nobody is decided twice, and the log agrees.

WAYMARK_RUNS=20 repeats all of it with other moments (default: once).
"""

import collections
import csv
import json
import os
import pathlib
import random
import subprocess
import sys
import time

import harness

CUSTOMERS = 2_000  # of the sample shop
EVENTS = 8  # of each, the newest
KILLS = 7
LISTED = 2_000

LETTERS = """
keep_decisions: 30d
channels: [{name: mail}]
actions: [{name: letter, kind: OFFER, limits: [{per: CUSTOMER, max: 2, window: 30d}], treatments: [{channel: mail, body: Hi}]}]
placements: [{name: letterbox, touchpoint: mail/letterbox}]
"""


def begin(world, words):
    command = [world.options.bin / "waymark", "--address", world.address, "--tenant", world.tenant, "--output", "json", "decide", *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def size(path):
    try:
        return os.path.getsize(path)
    except FileNotFoundError:
        return 0


def wait_for_bytes(out, more, process):
    """Until the run has written so many bytes more, or has ended. False: it ended."""
    target = size(f"{out}.part") + more
    while process.poll() is None:
        if size(f"{out}.part") >= target:
            return True
        time.sleep(0.0005)
    return False


def killed(world, out, words, moments):
    """The run of this command, killed at random moments: before anyone was asked, or after so many bytes. How often it was."""
    kills = 0
    while kills < KILLS and not os.path.exists(out):
        process = begin(world, words)
        if kills % 4 == 0:
            time.sleep(moments.uniform(0, 0.05))
        else:
            wait_for_bytes(out, moments.randint(1, 100_000), process)
        process.kill()
        process.communicate()
        kills += 1
    return kills


def lines_of(out, customers):
    """The lines of a run that is done, one for each of these customers, and nothing beside them."""
    lines = [json.loads(line) for line in pathlib.Path(out).read_text(encoding="utf-8").splitlines()]
    assert sorted(line["customer"] for line in lines) == sorted(customers), "a customer has two lines, or none"
    assert all(len(line["decisions"]) == 1 for line in lines), "somebody was refused"
    ids = {line["decisions"][0]["decision_id"] for line in lines}
    assert len(ids) == len(lines), "a decision id was given twice"
    for left in (".part", ".run"):
        assert not os.path.exists(out + left), left
    return lines


def logged(world):
    """What the log says of each decision: its customer and its actions; a retry is logged again."""
    path = f"{world.folder}/{world.tenant}.log"
    pathlib.Path(path).unlink(missing_ok=True)
    command = [world.options.bin / "waymark", "--address", world.address, "--tenant", world.tenant, "decisions", "export", path]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    answers = collections.defaultdict(list)
    for line in pathlib.Path(path).read_text(encoding="utf-8").splitlines():
        decision = json.loads(line)
        answers[decision["decision_id"]].append((decision["customer"], [actions_of(each) for each in decision["placements"]]))
    return answers


def actions_of(decision):
    return [(action["action"], action.get("priority", 0)) for action in decision.get("actions", [])]


def without_empty(value):
    """As a line has it: without the fields that are empty."""
    if isinstance(value, list):
        return [without_empty(each) for each in value]
    if isinstance(value, dict):
        fields = {name: without_empty(each) for name, each in value.items()}
        return {name: each for name, each in fields.items() if each not in ("", 0, False, []) or name == "customer"}
    return value


def make_shop(world):
    """The sample shop, of whom each customer did a few things."""
    examples = harness.ROOT / "examples" / "shop"
    subprocess.run([sys.executable, examples / "simulate.py", "--out", world.folder, "--customers", str(CUSTOMERS)], check=True,
                   stdout=subprocess.DEVNULL)
    path = pathlib.Path(world.folder) / "events.csv"
    with open(path, encoding="utf-8", newline="") as file:
        names, *rows = csv.reader(file)
    newest = collections.defaultdict(lambda: collections.deque(maxlen=EVENTS))
    for row in rows:
        newest[row[names.index("customer")]].append(row)
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([names, *(row for rows in newest.values() for row in rows)])
    world.waymark("apply", examples / "playbook.yaml")
    world.waymark("import", examples / "import.yaml", "--data", world.folder)
    with open(pathlib.Path(world.folder) / "customers.csv", encoding="utf-8", newline="") as file:
        return [row["customer"] for row in csv.DictReader(file)]


def check_newsletter(world, customers, moments, run):
    """A mailing of which nothing counts before it is shown."""
    out = f"{world.folder}/newsletter{run}"
    before = logged(world)
    words = ["--all", "--placement", "newsletter", "--explain", "--out", out]
    kills = killed(world, out, words, moments)
    assert kills == KILLS, f"the run was over after {kills} kills: there are too few customers"
    told = world.waymark("decide", *words)[0]
    assert told["decided"] + told["by_earlier_runs"] == len(customers) and told["refused"] == 0, told
    assert told["by_earlier_runs"] > 0, told
    world.waymark("decide", *words, expect=2)  # is there
    lines = {line["decisions"][0]["decision_id"]: line for line in lines_of(out, customers)}

    harness.wait_until("the log", lambda: lines.keys() <= logged(world).keys())
    log = logged(world)
    assert log.keys() - before.keys() == lines.keys(), "somebody was decided under another id"
    for decision_id, line in lines.items():
        assert (line["customer"], [actions_of(line["decisions"][0])]) in log[decision_id], (line, log[decision_id])
    if run == 0:
        audited = world.waymark("audit", "--trait", "country", "--placement", "newsletter")[0]["groups"]
        assert sum(int(group["customers"]) for group in audited) == len(customers), audited
        assert sum(int(group["offered"]["total"]) for group in audited) == len(customers), "a retry counts once"
    once = [decision_id for decision_id in lines if len(log[decision_id]) == 1]
    for decision_id in moments.sample(once, 5):
        explained = world.waymark("explain", decision_id)[0]["decisions"]
        then, now = lines[decision_id]["decisions"][0], without_empty(explained[0])
        assert then == now, {name: (then.get(name), now.get(name)) for name in then.keys() | now.keys() if then.get(name) != now.get(name)}
    again = sum(len(answers) - 1 for answers in log.values())
    print(f"newsletter: {kills} kills, {told['by_earlier_runs']} lines by earlier runs, {again} customers decided again", flush=True)


def kill_service(world):
    world.listen = world.address
    world.kill()
    world.start()


def check_letters(world, everyone, moments, run):
    """What counts when it is decided counts each customer once, though run and service are killed. A kill of the service may lose what it
    had not logged yet."""
    customers = [f"{run}_{i}" for i in range(LISTED)]
    everyone += customers
    listed = pathlib.Path(world.folder) / f"listed{run}"
    listed.write_text("\n".join([*customers, *customers[:100]]), encoding="utf-8")
    ids = set()
    for mailing in range(3):
        out = f"{world.folder}/letters{run}_{mailing}"
        who = ["--from", listed] if mailing < 2 else ["--all"]
        words = [*who, "--placement", "letterbox", "--out", out]
        if mailing == 1:
            killed(world, out, words, moments)
        process = None if os.path.exists(out) else begin(world, words)
        if process and mailing == 2:
            assert wait_for_bytes(out, moments.randint(1, 100_000), process), process.communicate()
            kill_service(world)
        if process:
            told, error = process.communicate(timeout=60)
            assert process.returncode == 0, error
            assert mailing == 1 or json.loads(told)["decided"] == len(everyone if mailing == 2 else customers), told
        lines = lines_of(out, everyone if mailing == 2 else customers)
        given = sum(len(actions_of(line["decisions"][0])) for line in lines)
        assert given == (LISTED if mailing < 2 else 0), f"mailing {mailing} gave {given} letters"
        ids |= {line["decisions"][0]["decision_id"] for line in lines}
    assert len(ids) == 2 * LISTED + len(everyone)
    log = {decision_id for decision_id, answers in logged(world).items() if answers[0][0].startswith(f"{run}_")}
    assert log <= ids, "somebody was decided under another id"
    print(f"letters: {3 * LISTED - len(log)} decisions not logged", flush=True)


def main():
    options = harness.arguments()
    runs = int(os.environ.get("WAYMARK_RUNS", "1"))
    with harness.World(options, "shop") as world:
        customers = make_shop(world)
        everyone = []
        letters = pathlib.Path(world.folder) / "letters.yaml"
        letters.write_text(LETTERS, encoding="utf-8")
        world.tenant = "letters"
        world.waymark("apply", letters)
        for run in range(runs):
            moments = random.Random(run)
            world.tenant = "shop"
            check_newsletter(world, customers, moments, run)
            world.tenant = "letters"
            check_letters(world, everyone, moments, run)
        assert world.stop() == 0
    print(f"{2 * runs} passed, 0 failed")


if __name__ == "__main__":
    main()
