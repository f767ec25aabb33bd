"""`waymark journey export` where it is hard: names that are markup, many customers, clients that are killed, disks that are full.

Shows: whatever customers and touchpoints are called comes back whole from each format; memory does not grow with the number of customers, neither the command's nor the service's; a
command that is killed or whose disk is full leaves no file of that name, and the service has its thread back. $WAYMARK_JOURNEYS: how many customers (20,000 unless told; 100,000 takes a minute).
"""

import collections
import csv
import os
import pathlib
import random
import resource
import signal
import subprocess
import tempfile
import time

import harness
import mining

SANITIZED = "WAYMARK_SANITIZED" in os.environ  # freed memory is kept for a while then
TENANT = "export"
CUSTOMERS = int(os.environ.get("WAYMARK_JOURNEYS", "20000"))
PLAYBOOK = """
name: export
currency: EUR
channels: [{name: web}, {name: store}]
touchpoints: [{name: web/shop}]
segments: [{name: buyers, when: 'ever("purchase")'}]
journeys: [{name: shopping, preset: SIX_STAGES}]
"""
MAPPING = """
name: export
currency: EUR
sources:
  - file: events.csv
    customer: {column: customer}
    events:
      - type_from: {column: type, types: {view_item: view_item, add_to_cart: add_to_cart, purchase: purchase}}
        time_column: time
        value: {column: value, kind: MONEY}
        touchpoint_from: {column: touchpoint}
"""
# Control characters are refused at the door; trace_writers_test.cc has them all the same.
HOSTILE = ["<a&b>", "\"quoted\"", "'single'", "a,b;c", "=1+1", "émigré 日本 \U0001f600", "a  space", "]]>", "&#10;", "\\u0000",
           "x" * 128, "\ufffe\uffff"]
KINDS = ["view_item", "view_item", "add_to_cart", "purchase"]


def fill(world, folder, customers, touchpoints=("web/shop", "store/till")):
    """Two to eight events for each customer, within a month."""
    generator = random.Random(3)
    with open(folder / "events.csv", "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["customer", "type", "time", "value", "touchpoint"])
        for customer in customers:
            for _ in range(generator.randint(2, 8)):
                kind = generator.choice(KINDS)
                at = f"2026-0{generator.randint(1, 2)}-{generator.randint(1, 28):02}T{generator.randint(0, 23):02}:{generator.randint(0, 59):02}:00Z"
                writer.writerow([customer, kind, at, f"{generator.randint(1, 9999) / 100}" if kind == "purchase" else "", generator.choice(touchpoints)])
    (folder / "playbook.yaml").write_text(PLAYBOOK)
    (folder / "import.yaml").write_text(MAPPING)
    world.waymark("apply", str(folder / "playbook.yaml"))
    done = world.waymark("import", str(folder / "import.yaml"), "--data", str(folder))[0]
    assert done["refused"] == 0 and done["recorded"] > 0, done
    return done["recorded"]


def begin(world, path, format_, *words, prepare=None):
    command = [world.options.bin / "waymark", "--address", world.address, "--tenant", world.tenant, "journey", "export", path, "--format", format_, *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=prepare)


def export(world, path, format_, *words):
    """The peak of the command's memory, in KiB."""
    process = begin(world, path, format_, *words)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, process.stderr.read()
    process.stdout.close()
    process.stderr.close()
    return usage.ru_maxrss


def check_hostile(world, folder):
    world.tenant = "hostile"
    fill(world, folder, HOSTILE, [f"web/{name}" for name in ("<b>&\"'", "a,b", "é 日本", "=1+1")])
    paths = {format_: folder / f"hostile.{format_}" for format_ in ("xes", "ocel", "csv")}
    for format_, path in paths.items():
        export(world, path, format_, "--with-customer-ids")
    lines = mining.read_csv(paths["csv"])
    assert {line["case_id"] for line in lines} == set(HOSTILE), {line["case_id"] for line in lines} ^ set(HOSTILE)
    wanted = sorted((line["case_id"], line["timestamp"], line["activity"], line["touchpoint"]) for line in lines)
    ocel = mining.OcelLog(paths["ocel"])
    found = sorted((related["customer"].removeprefix("customer:"), at, kind, values.get("touchpoint", "")) for kind, at, values, related in ocel.events)
    assert found == wanted, "OCEL"
    # XML has no control characters, and no U+FFFE.
    in_xml = str.maketrans({chr(code): "\ufffd" for code in [*range(9), 11, 12, *range(14, 32), 0xFFFE, 0xFFFF]})
    found = sorted((name, event["time:timestamp"], event["concept:name"], event.get("org:resource", "")) for name, _, events in mining.XesLog(paths["xes"]).traces for event in events)
    assert found == sorted((name.translate(in_xml), *rest) for name, *rest in wanted), "XES"
    assert {touchpoint for _, _, _, touchpoint in wanted} > {"web/<b>&\"'"}
    print(f"hostile: {len(HOSTILE)} customers, {len(lines)} events")


def check_selection(world, folder):
    everyone = mining.read_csv(folder / "hostile.csv")
    export(world, folder / "some.csv", "csv", "--with-customer-ids", "--segment", "buyers", "--from", "2026-01-15T00:00:00Z", "--until", "2026-02-15T00:00:00Z")
    buyers = {line["case_id"] for line in everyone if line["activity"] == "purchase"}
    wanted = [line for line in everyone if line["case_id"] in buyers and "2026-01-15" <= line["timestamp"] < "2026-02-15"]
    some = mining.read_csv(folder / "some.csv")
    assert sorted(map(str, some)) == sorted(map(str, wanted)) and 0 < len(some) < len(everyone)


def memory_of(world):
    """Of the service, in KiB: the largest that it ever was."""
    status = pathlib.Path(f"/proc/{world.service.pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0])


def check_memory(world, folder):
    peaks = collections.defaultdict(list)
    for tenant, customers in (("few", CUSTOMERS // 20), ("many", CUSTOMERS)):
        world.tenant = tenant
        events = fill(world, folder, [f"c{i}" for i in range(customers)])
        pathlib.Path(f"/proc/{world.service.pid}/clear_refs").write_text("5")  # the largest from here on
        before = memory_of(world)
        for format_ in ("xes", "ocel", "csv"):
            began = time.monotonic()
            peaks[format_].append(export(world, folder / f"{tenant}.{format_}", format_))
            size = (folder / f"{tenant}.{format_}").stat().st_size
            print(f"{format_}: {customers} customers, {events} events, {size / 2**20:.1f} MiB in {time.monotonic() - began:.2f} s; the command's peak {peaks[format_][-1] / 1024:.1f} MiB")
        peaks["service"].append(memory_of(world) - before)
        print(f"the service's memory grew by {peaks['service'][-1] / 1024:.1f} MiB at most")
    if not SANITIZED:
        for format_ in ("xes", "ocel", "csv"):
            few, many = peaks[format_]
            # gRPC's window grows with what comes, up to some MiB.
            assert many - few < 24 * 1024, f"{format_}: {few} and {many} KiB: memory grows with the customers"
        # Two pages of profiles as they are at rest, and one as values; and what malloc keeps of it.
        assert peaks["service"][1] < 48 * 1024, peaks
    assert len(mining.XesLog(folder / "many.xes").traces) == CUSTOMERS


def left_over(folder, name):
    return [path.name for path in folder.iterdir() if path.name.startswith(name)]


def check_killed(world, folder):
    """In the middle: once something was written."""
    process = begin(world, folder / "killed.xes", "xes")
    while process.poll() is None and not any(path.stat().st_size for path in folder.glob("killed.xes.part-*")):
        time.sleep(0.001)
    process.kill()
    process.communicate()
    if process.returncode == -signal.SIGKILL:
        assert "killed.xes" not in left_over(folder, "killed"), "half a file has the name of a whole one"
    # The service has the thread back: all of a tenant's can be had.
    for _ in range(40):
        process = begin(world, folder / "interrupted.xes", "xes")
        time.sleep(0.005)
        process.terminate()
        process.communicate()
    export(world, folder / "after.xes", "xes")


def check_full_disk(world, folder):
    def full():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    for format_ in ("xes", "ocel", "csv"):
        process = begin(world, folder / f"full.{format_}", format_, prepare=full)
        _, said = process.communicate(timeout=60)
        assert process.returncode == 2 and "cannot write" in said and "File too large" in said, (process.returncode, said)
        assert not left_over(folder, "full"), left_over(folder, "full")


def check_refusals(world, folder):
    for words, code in ((["--segment", "none"], 4), (["--journey", "none"], 4), (["--persona", "none"], 4), (["--from", "yesterday"], 2),
                        (["--from", "2026-02-01T00:00:00Z", "--until", "2026-01-01T00:00:00Z"], 4)):
        process = begin(world, folder / "refused.xes", "xes", *words)
        _, said = process.communicate(timeout=60)
        assert process.returncode == code, (words, process.returncode, said)
    process = begin(world, folder / "nowhere" / "out.xes", "xes")
    _, said = process.communicate(timeout=60)
    assert process.returncode == 2 and "nowhere" in said, said
    assert not left_over(folder, "refused")


def main():
    options = harness.arguments()
    with harness.World(options, TENANT, "--clock-start", "2026-03-01T00:30:00Z") as world, tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        check_hostile(world, folder)
        check_selection(world, folder)
        check_refusals(world, folder)
        check_memory(world, folder)
        check_full_disk(world, folder)
        check_killed(world, folder)
        assert world.stop() == 0
    print("6 passed, 0 failed")


if __name__ == "__main__":
    main()
