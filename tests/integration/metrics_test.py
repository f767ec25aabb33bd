"""What a real waymarkd shows of itself: counts in /metrics that equal what was done, a log without customers, and garbage on the port.

Also that dashboard, alerts and the documented table name what is served, and nothing else."""

import http.client
import json
import pathlib
import re
import socket
import subprocess
import tempfile

import harness

PLAYBOOK = """
keep_decisions: 30d
traits: [{name: favourite, type: STRING}]
channels: [{name: web}]
budgets: [{name: vouchers, amount: 3}]
actions:
  - {name: voucher, kind: OFFER, placements: [hero], value: {micros: 9000000}, budgets: [vouchers]}
  - {name: greeting, kind: CONTENT, placements: [other]}
placements:
  - {name: hero, touchpoint: web/home, fallback: greeting}
  - {name: side, touchpoint: web/side}
  - {name: other, touchpoint: web/other}
"""

CUSTOMER = "customer-e7c1b0"  # with these nothing of the service's own can be confused
TRAIT = "trait-value-93fa2d"

DECIDE = "waymark.v1.DecisionService/NextBestAction"
GET_PROFILE = "waymark.v1.ProfileService/GetProfile"
RECORD = "waymark.v1.EventService/RecordEvent"
UPDATE_PROFILE = "waymark.v1.ProfileService/UpdateProfile"

REDIS_METRICS = ("waymark_redis_breakers_open", "waymark_redis_breaker_opened_total", "waymark_redis_unsent_total", "waymark_redis_repeats_total",
                 "waymark_redis_hedges_total", "waymark_redis_hedges_won_total")


class Metrics:
    """What /metrics says at one moment."""

    SAMPLE = re.compile(r'^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$')
    LABEL = re.compile(r'(\w+)="((?:[^"\\\\]|\\\\.)*)"')

    def __init__(self, port):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        connection.request("GET", "/metrics")
        answer = connection.getresponse()
        assert answer.status == 200, answer.status
        self.text = answer.read().decode()
        connection.close()
        self.types = dict(re.findall(r"^# TYPE (\S+) (\S+)$", self.text, re.M))
        self.samples = []
        for line in self.text.splitlines():
            if line.startswith("#"):
                continue
            name, labels, value = self.SAMPLE.match(line).groups()
            self.samples.append((name, dict(self.LABEL.findall(labels or "")), float(value)))

    def sum(self, name, **labels):
        return sum(value for sample, has, value in self.samples
                   if sample == name and all(has.get(label) == wanted for label, wanted in labels.items()))

    def calls(self, method, code):
        return self.sum("rpc_server_call_duration_seconds_count", rpc_method=method, rpc_response_status_code=code)


class World(harness.World):
    """A service that writes its log to a file and shows its metrics."""

    def __init__(self, options, tenant):
        self.files = tempfile.TemporaryDirectory(prefix="waymark-metrics-")
        self.port_file = pathlib.Path(self.files.name) / "metrics-port"
        super().__init__(options, tenant, "--metrics-address", "127.0.0.1:0", "--metrics-port-file", self.port_file,
                         "--log-format", "json", "--slow-call-ms", "1")
        self.log = pathlib.Path(self.files.name) / "log"

    def __exit__(self, *unused):
        super().__exit__(*unused)
        self.files.cleanup()

    def metrics(self):
        return Metrics(int(self.port_file.read_text()))

    def log_lines(self):
        return [json.loads(line) for line in self.log.read_text().splitlines()]


def apply(world, text, expect=0):
    path = f"{world.files.name}/playbook.yaml"
    pathlib.Path(path).write_text(text, encoding="utf-8")
    world.waymark("apply", path, expect=expect)


def decide(world, placement, customer, *more, expect=0):
    return world.waymark("decide", "--placement", placement, "--customer", customer, *more, expect=expect)


def check_counts(world):
    """Everything that was done is counted once, by its result."""
    before = world.metrics()
    world.waymark("profile", "set", CUSTOMER, "--trait", f"favourite={TRAIT}")
    for i in range(5):
        decide(world, "hero", f"{CUSTOMER}-{i}")           # three vouchers, then the fallback
    for _ in range(4):
        decide(world, "side", CUSTOMER)                     # nothing
    decide(world, "nowhere", CUSTOMER, expect=4)            # no such placement
    for i in (1, 2, 2):
        world.waymark("record", "--customer", CUSTOMER, "--type", "purchase", "--id", f"e{i}")
    world.waymark("record", "--customer", CUSTOMER, "--type", "no_such_type", expect=4)
    world.waymark("profile", "get", f"{CUSTOMER}-none", expect=4)
    after = world.metrics()

    def rose(name, **labels):
        return after.sum(name, **labels) - before.sum(name, **labels)

    def calls(method, code):
        return after.calls(method, code) - before.calls(method, code)

    assert calls(DECIDE, "OK") == 9, calls(DECIDE, "OK")
    assert calls(DECIDE, "NOT_FOUND") == 1
    assert calls(GET_PROFILE, "NOT_FOUND") == 1
    assert calls(RECORD, "OK") == 3 and calls(RECORD, "INVALID_ARGUMENT") == 1, (calls(RECORD, "OK"), calls(RECORD, "INVALID_ARGUMENT"))
    assert calls(UPDATE_PROFILE, "OK") == 1
    assert after.sum("waymark_rpc_calls_in_flight") == 0
    bucket = rose("rpc_server_call_duration_seconds_bucket", rpc_method=DECIDE, rpc_response_status_code="OK", le="+Inf")
    assert bucket == 9, bucket
    assert 0 < rose("rpc_server_call_duration_seconds_sum", rpc_method=DECIDE) < 60

    assert rose("waymark_decisions_total", outcome="chosen", knowledge="unknown_customer") == 3
    assert rose("waymark_decisions_total", outcome="fallback", knowledge="unknown_customer") == 2
    assert rose("waymark_decisions_total", outcome="nothing", knowledge="profile") == 4
    assert rose("waymark_decisions_total") == 9
    assert rose("waymark_candidates_total", reason="chosen") == 3 and rose("waymark_candidates_total", reason="budget") == 2
    assert rose("waymark_budget_units_total", result="taken") - rose("waymark_budget_units_total", result="put_back") == 3
    assert rose("waymark_events_total", result="recorded") == 2
    assert rose("waymark_events_total", result="duplicate") == 1
    assert rose("waymark_events_total", result="refused") == 1

    # A read for each decision that can count nothing and each look; a change for the others.
    reads = rose("waymark_store_call_duration_seconds_count", command="load", code="OK")
    updates = rose("waymark_store_call_duration_seconds_count", command="update", code="OK")
    assert reads + updates >= 9 + 3 + 1 + 1, (reads, updates)
    assert after.sum("waymark_store_ready") == 1
    assert after.sum("waymark_playbook_version", tenant=world.tenant) == 1
    harness.wait_until("the log of decisions", lambda: world.metrics().sum("waymark_decision_log_records_total", result="written") >= 9)


def check_batch(world):
    before = world.metrics()
    done = world.waymark("resegment")[-1]
    after = world.metrics()
    derived = after.sum("waymark_resegmented_profiles_total") - before.sum("waymark_resegmented_profiles_total")
    assert derived == int(done["profiles"]) > 0, (derived, done)
    assert after.sum("waymark_store_profiles_read_total") - before.sum("waymark_store_profiles_read_total") == derived
    world.waymark("population", "fit")
    harness.wait_until("the population", lambda: world.metrics().sum("waymark_population_version", tenant=world.tenant) == 1)


def check_bulk(world):
    """Decisions for many are counted as single ones are, and their stream as a call."""
    out = pathlib.Path(world.files.name) / "bulk.jsonl"
    before = world.metrics()
    world.waymark("decide", "--all", "--placement", "side", "--out", out)
    after = world.metrics()
    customers = len(out.read_text().splitlines())
    decided = after.sum("waymark_decisions_total") - before.sum("waymark_decisions_total")
    assert decided == customers > 0, (decided, customers)
    stream = "waymark.v1.DecisionService/DecideStream"
    assert after.calls(stream, "OK") - before.calls(stream, "OK") >= 1
    assert after.sum("waymark_rpc_calls_in_flight") == 0


def check_garbage(world):
    """Neither port minds what is sent to it."""
    port = int(world.port_file.read_text())
    for bytes_ in (b"\0" * 10_000, b"\r\n" * 1_000, b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
                   b"GET /metrics HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 10_000 + b"\r\n", b"POST /metrics HTTP/1.1\r\nContent-Length: 9999999999\r\n\r\nx"):
        for _ in range(5):
            with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
                try:
                    connection.sendall(bytes_)
                except OSError:
                    pass  # it had enough
    # More who say nothing than the port has threads; calls go on meanwhile, and in the end so does the port.
    silent = [socket.create_connection(("127.0.0.1", port), timeout=20) for _ in range(20)]
    before = decide(world, "side", CUSTOMER)
    assert before[0]["decision"]["placement"] == "side"
    for connection in silent:
        connection.close()
    assert world.metrics().sum("waymark_build_info") == 1
    for path in ("/", "/etc/passwd", "/metrics/../../../../../etc/passwd"):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        connection.request("GET", path)
        assert connection.getresponse().status in (400, 404), path
        connection.close()


def check_redis_away(world):
    """Decisions go on and say what they lacked; the log says which calls failed, and not for whom."""
    before = world.metrics()
    world.redis.kill()
    harness.wait_until("the store's absence", lambda: world.metrics().sum("waymark_store_ready") == 0)
    for i in range(3):
        decide(world, "hero", f"{CUSTOMER}-unheard-of-{i}")
    world.waymark("profile", "get", CUSTOMER, expect=3)
    world.waymark("record", "--customer", CUSTOMER, "--type", "purchase", expect=3)
    after = world.metrics()
    lacked = after.sum("waymark_decisions_total", knowledge="store_unavailable") - before.sum("waymark_decisions_total", knowledge="store_unavailable")
    assert lacked == 3, lacked
    assert after.calls(GET_PROFILE, "UNAVAILABLE") > before.calls(GET_PROFILE, "UNAVAILABLE")
    assert after.sum("rpc_server_call_duration_seconds_count", error_type="UNAVAILABLE") > 0
    assert after.sum("waymark_events_total", result="failed") > before.sum("waymark_events_total", result="failed")
    failed = [line for line in world.log_lines() if line["message"] == "a call failed"]
    assert {GET_PROFILE, RECORD} <= {line["method"] for line in failed}, failed
    assert all(line["code"] == "UNAVAILABLE" and line["error"] and line["level"] == "error" for line in failed), failed
    world.redis.start()
    harness.wait_until("the store", lambda: world.metrics().sum("waymark_store_ready") == 1)


def check_log(world):
    """One object a line, with what every line has, and nobody's name or trait."""
    lines = world.log_lines()
    for line in lines:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["time"]), line
        assert line["level"] in ("info", "warning", "error") and line["message"], line
    messages = {line["message"] for line in lines}
    assert {"listening", "serving metrics", "ready", "applied a playbook", "a slow call"} <= messages, messages
    everything = world.log.read_text() + world.metrics().text
    for secret in ("e7c1b0", "93fa2d"):
        assert secret not in everything, secret


def named_metrics(text):
    """The families that expressions name."""
    names = re.findall(r"\b((?:waymark|rpc_server|process|exposer)_[a-z0-9_]+)\b", text)
    return {re.sub(r"_(bucket|count|sum)$", "", name) if name.startswith(("rpc_server_call_duration", "waymark_store_call_duration"))
            else name for name in names}


def check_documents(world):
    """Dashboard, alerts and the documented table name what is served."""
    types = world.metrics().types
    if not world.redis:  # what only a Redis has
        types.update({name: "gauge" if name.endswith("_open") else "counter" for name in REDIS_METRICS})
    served = set(types)
    folder = harness.ROOT / "k8s"
    dashboard = json.loads((folder / "monitoring/dashboard.json").read_text())
    shown = set()
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            found = named_metrics(target["expr"])
            assert found, target
            shown |= found
    assert shown == served, (shown - served, served - shown)
    alerts = (folder / "monitoring/alerts.yaml").read_text()
    named = named_metrics(re.sub(r"(?m)^ *(summary|runbook):.*$", "", alerts))
    assert len(named) > 10 and named <= served, named - served
    rules = re.findall(r"(?m)^ +- alert: (\w+)$", alerts)
    assert rules and {f"{rule}.md" for rule in rules} == {page.name for page in (folder / "runbooks").iterdir()}
    tested = (folder / "monitoring/alerts_test.yaml").read_text()
    for rule in rules:
        assert f"runbook: k8s/runbooks/{rule}.md" in alerts and re.search(rf"(?m)^  - name: {rule}\b", tested), rule
    for page in (folder / "runbooks").iterdir():
        assert named_metrics(page.read_text()) <= served, (page, named_metrics(page.read_text()) - served)
    table = re.findall(r"(?m)^\| `([a-z_]+)` \| (\w+) \|", (folder / "README.md").read_text())
    assert dict(table) == types, set(table) ^ set(types.items())


def check_addresses(world):
    """An address that is taken is an error where it was asked for; "off" serves nowhere."""
    command = [world.options.bin / "waymarkd", "--listen", "127.0.0.1:0", "--store", f"embedded:{world.files.name}/other"]
    for address, code, why in ((f"127.0.0.1:{world.port_file.read_text().strip()}", 1, "the port is taken"), ("nonsense", 2, "HOST:PORT")):
        ended = subprocess.run([*command, "--metrics-address", address], capture_output=True, text=True, timeout=60, check=False)
        assert ended.returncode == code and why in ended.stderr, (address, ended)


def main():
    options = harness.arguments()
    with World(options, "shop") as world:
        apply(world, PLAYBOOK)
        check_counts(world)
        check_batch(world)
        check_bulk(world)
        check_garbage(world)
        check_documents(world)
        check_addresses(world)
        if world.redis:
            check_redis_away(world)
        check_log(world)
        assert world.stop() == 0
        assert world.log_lines()[-1]["message"] == "stopped"
    print("1 passed, 0 failed")


if __name__ == "__main__":
    main()
