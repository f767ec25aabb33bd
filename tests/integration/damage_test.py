"""What breaks below the service: a disk that is full, file descriptors that run out, clocks an hour apart, a clock that is
set while the service runs, bytes that are damaged. Errors are clear, the rest is served, and nothing that was acknowledged is lost."""

import contextlib
import datetime
import os
import pathlib
import shutil
import socket
import struct
import subprocess
import tempfile

import harness
import metrics_test
import shutdown_test
import steady

CUSTOMERS = 80
SANITIZED = "WAYMARK_SANITIZED" in os.environ


class World(harness.World):
    """A service that shows its metrics."""

    def __init__(self, options):
        self.files = tempfile.TemporaryDirectory(prefix="waymark-damage-")
        self.metrics_port = pathlib.Path(self.files.name) / "metrics-port"
        super().__init__(options, "shop", "--metrics-address", "127.0.0.1:0", "--metrics-port-file", self.metrics_port)
        self.log = pathlib.Path(self.files.name) / "log"

    def __exit__(self, *unused):
        super().__exit__(*unused)
        self.files.cleanup()

    def metrics(self):
        return metrics_test.Metrics(int(self.metrics_port.read_text(encoding="ascii")))

    def ask(self, *words):
        """Exit code, and what it said of the error."""
        done = subprocess.run([self.options.bin / "waymark", "--address", self.address, "--tenant", self.tenant, *words], capture_output=True,
                              text=True, timeout=60, check=False)
        return done.returncode, done.stderr

    def record(self, customer, event):
        return self.ask("record", "--customer", customer, "--type", "page_view", "--id", event)

    def knowledge(self, customer):
        return self.waymark("decide", "--placement", "hero", "--customer", customer)[0]["decision"]["knowledge"]

    def fill(self, callers=CUSTOMERS):
        """Customers steady-0, ..., each with a few events; what was acknowledged of each."""
        with steady.Load(self.options, self.tenant, [self.address], callers=callers, period=0.2) as load:
            told = load.during(1)
            assert told["errors"] == 0, told
            return load.end()["recorded"]


class RedisValues:
    """Reads and writes the bytes of Redis."""

    def __init__(self, port):
        self.connection = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.file = self.connection.makefile("rb")

    def __call__(self, *words):
        words = [word if isinstance(word, bytes) else str(word).encode() for word in words]
        self.connection.sendall(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words))
        return self.reply()

    def reply(self):
        line = self.file.readline()[:-2]
        if line[:1] == b"$":
            return None if line == b"$-1" else self.file.read(int(line[1:]) + 2)[:-2]
        if line[:1] == b"*":
            return [self.reply() for _ in range(int(line[1:]))]
        assert line[:1] != b"-", line
        return line[1:]

    def key_of(self, customer):
        cursor, keys = b"0", []
        while True:
            cursor, page = self("SCAN", cursor, "MATCH", f"*{customer}", "COUNT", 1000)
            keys += page
            if cursor == b"0":
                break
        assert len(keys) == 1, keys
        return keys[0]


def check_damaged_profiles(options):
    """Bytes of a stored profile change: that customer's calls are DATA_LOSS, decisions about it rest on the context, and all others notice
    nothing."""
    with World(options) as world:
        steady.apply_playbook(world)
        recorded = world.fill()
        if world.redis:
            redis = RedisValues(world.redis.port)
            key = redis.key_of("steady-7")
            value = bytearray(redis("GET", key))
            value[-3] ^= 0x10
            redis("SET", key, bytes(value))
        else:
            world.kill()
            world.start()  # what was in the write-ahead log is in a file of its own now
            assert world.stop() == 0
            damage_table(pathlib.Path(world.folder) / "store")
            world.start()
        before = world.metrics().sum("waymark_store_call_duration_seconds_count", code="DATA_LOSS")
        damaged = [number for number in range(CUSTOMERS) if world.ask("profile", "get", f"steady-{number}")[0] != 0] \
            if world.redis is None else [7]
        assert 0 < len(damaged) < CUSTOMERS / 2, f"{len(damaged)} of {CUSTOMERS} customers are lost"
        print(f"{len(damaged)} of {CUSTOMERS} customers are damaged")
        for number in damaged[:3]:
            customer = f"steady-{number}"
            code, error = world.ask("profile", "get", customer)
            assert code != 0 and "DATA_LOSS" in error and customer not in error, (code, error)
            code, error = world.record(customer, "again")
            assert code != 0 and "DATA_LOSS" in error and customer not in error, (code, error)
            assert world.knowledge(customer) == "KNOWLEDGE_CONTEXT_PROFILE_UNUSABLE"
        after = world.metrics().sum("waymark_store_call_duration_seconds_count", code="DATA_LOSS")
        assert after >= before + 3, (before, after)
        assert world.metrics().sum("waymark_decisions_total", knowledge="profile_unusable") >= min(3, len(damaged))
        whole = next(number for number in range(CUSTOMERS) if number not in damaged)
        assert world.knowledge(f"steady-{whole}") == "KNOWLEDGE_PROFILE"
        assert world.record(f"steady-{whole}", "again")[0] == 0
        healthy = [count if number not in damaged and number != whole else None for number, count in enumerate(recorded)]
        for number, count in list(enumerate(healthy))[:20]:
            if count is None:
                continue
            events = world.waymark("profile", "get", f"steady-{number}")[0]["profile"]["events"]
            assert {event["type"]: int(event["count"]) for event in events}["page_view"] == count
        assert "steady-" not in world.log.read_text(encoding="utf-8"), "the log names no customer"
        assert world.stop() == 0


def damage_table(store):
    """Changes a byte of the profiles' table: RocksDB's largest file of sorted entries."""
    table = max(store.glob("*.sst"), key=lambda path: path.stat().st_size)
    with open(table, "r+b") as file:
        file.seek(100)
        byte = file.read(1)[0]
        file.seek(100)
        file.write(bytes([byte ^ 0x10]))


def check_damaged_files(options):
    """A damaged file of the embedded store: the service says at the start what is wrong, and serves nothing that may be old."""
    with World(options) as world:
        steady.apply_playbook(world)
        world.fill(callers=20)
        world.kill()
        store = pathlib.Path(world.folder) / "store"
        copy = pathlib.Path(world.folder) / "copy"
        shutil.copytree(store, copy)
        log = max(store.glob("*.log"), key=lambda path: path.stat().st_size)
        for name, path, place in (("the middle of the write-ahead log", log, log.stat().st_size // 2),
                                  ("the list of files", next(store.glob("MANIFEST-*")), 20),
                                  ("the name of the list", store / "CURRENT", 3)):
            shutil.rmtree(store)
            shutil.copytree(copy, store)
            with open(path, "r+b") as file:
                file.seek(place)
                byte = file.read(1)[0]
                file.seek(place)
                file.write(bytes([byte ^ 0x10]))
            started = subprocess.run([world.options.bin / "waymarkd", "--listen", "127.0.0.1:0", "--store", f"embedded:{store}",
                                      "--metrics-address", "off"], capture_output=True, text=True, timeout=20, check=False)
            print(f"{name}: {started.returncode}, {started.stderr.strip().splitlines()[-1]}")
            assert started.returncode == 1, (name, started)
            assert "cannot open the store in" in started.stderr and str(store) in started.stderr, (name, started.stderr)
        # A record that was not finished when the machine stopped is none.
        shutil.rmtree(store)
        shutil.copytree(copy, store)
        with open(log, "r+b") as file:
            file.truncate(log.stat().st_size - 3)
        world.start()
        assert world.knowledge("steady-0") == "KNOWLEDGE_PROFILE"
        assert world.stop() == 0


# RocksDB goes on when 64 MiB are free, and where as many are free when it starts it keeps them for its log.
SMALL_DISK = ("unshare", "--user", "--map-root-user", "--mount", "sh", "-c", 'mount -t tmpfs -o size=128m none "$0" && head -c 112M /dev/zero >"$0/ballast" && exec "$@"')


def can_mount(folder):
    return subprocess.run([*SMALL_DISK, folder, "true"], capture_output=True, check=False).returncode == 0


@contextlib.contextmanager
def full_disk(process, folder):
    """While it lasts, the process's small disk has no room."""
    disk = pathlib.Path(f"/proc/{process.pid}/root{folder}")
    ballast = disk / "ballast"
    with open(ballast, "ab", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    yield
    ballast.unlink()


def check_disk_full(options):
    """No room: events are refused, decisions go on from what is stored, and all goes on when there is room again."""
    with tempfile.TemporaryDirectory(prefix="waymark-disk-") as disk:
        if not can_mount(disk):
            print("SKIPPED: a full disk (no file system can be mounted here)")
            return
        with World(options) as world:
            if world.redis:
                world.kill()
                world.redis.kill()
                world.redis = harness.Redis(disk, fsync="everysec", prefix=(*SMALL_DISK, disk))
                full, process = disk, world.redis.process
            else:
                world.kill()
                store = f"{world.folder}/store"
                shutil.rmtree(store)
                os.mkdir(store)
                world.prefix = (*SMALL_DISK, store)
                full = store
            world.start()
            if not world.redis:
                process = world.service
            steady.apply_playbook(world)
            with steady.Load(options, world.tenant, [world.address], callers=8, period=0.02) as load:
                assert load.during(0.5)["errors"] == 0
                with full_disk(process, full):
                    harness.wait_until("an event is refused", lambda: load.during(0.2)["errors"] > 0)
                    code, error = world.record("steady-0", "full")
                    print(f"full: {code} {error.strip()}")
                    assert code != 0 and ("RESOURCE_EXHAUSTED" in error or "MISCONF" in error), (code, error)
                    assert world.knowledge("steady-0") == "KNOWLEDGE_PROFILE", "what is stored is read"
                    refused = load.during(1)
                    assert refused["calls"] > refused["errors"] > 0, "decisions go on"
                harness.wait_until("events are recorded again", lambda: load.during(0.2)["errors"] == 0)
                told = load.end()
            sent = told["recorded"]
            assert sum(sent) > 50, told
            # What was refused may stand where the answer came of a batch that failed after it was written; nothing that was acknowledged is missing.
            steady.check_recorded(world, sent, unknown=10**6)
            assert world.service.poll() is None
            assert world.stop() == 0


def check_few_descriptors(options):
    """64 file descriptors: who is connected is served; who is not gets in again when others have left."""
    with World(options) as world:
        world.kill()
        world.prefix = ("prlimit", "--nofile=64:64")
        world.start()
        steady.apply_playbook(world)
        with steady.Load(options, world.tenant, [world.address]) as load:
            assert load.during(0.5)["errors"] == 0
            host, port = world.address.rsplit(":", 1)
            with contextlib.ExitStack() as stack:
                for _ in range(100):
                    stack.enter_context(socket.create_connection((host, int(port)), timeout=5))
                told = load.during(2)
                assert told["errors"] == 0, told
            assert world.service.poll() is None
            harness.wait_until("a new client is served", lambda: world.ask("profile", "get", "steady-0")[0] == 0)
            told = load.end()
            assert told["errors"] == 0, told
        steady.check_recorded(world, told["recorded"])
        assert world.stop() == 0


def check_clocks(options):
    """Clocks that are an hour ahead or behind, one after the other on one store: contacts and events count all the same."""
    with World(options) as world:
        steady.apply_playbook(world)
        flags = world.flags
        given = events = 0
        for hours in (0, 1, -1, 1, 0):
            assert world.stop() == 0
            clock = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=hours)
            world.flags = (*flags, "--clock-start", clock.strftime("%Y-%m-%dT%H:%M:%SZ"))
            world.start()
            for _ in range(2):
                decision = world.waymark("decide", "--placement", "hero", "--customer", "anna")[0]["decision"]
                assert events == 0 or decision["knowledge"] == "KNOWLEDGE_PROFILE", decision
                given += [action["action"] for action in decision["actions"]].count("voucher")
                code, error = world.record("anna", f"clock-{events}")
                assert code == 0, error
                events += 1
        assert given == 3, f"the limit is 3, and {given} were given"
        profile = world.waymark("profile", "get", "anna")[0]["profile"]
        assert {event["type"]: int(event["count"]) for event in profile["events"]}["page_view"] == events
        for event in range(events):
            assert world.record("anna", f"clock-{event}")[0] == 0
        profile = world.waymark("profile", "get", "anna")[0]["profile"]
        assert {event["type"]: int(event["count"]) for event in profile["events"]}["page_view"] == events, "a duplicate is one by any clock"
        assert world.stop() == 0


def check_clock_steps(options):
    """The machine's clock is set an hour ahead and back while calls go on: none fails, limits hold, and what the service does
    from time to time is done."""
    if SANITIZED:
        print("SKIPPED: the sanitizers' runtime must be loaded before the clock's")
        return
    with World(options) as world:
        def decide(customer):
            return world.waymark("decide", "--placement", "hero", "--customer", customer)[0]["decision"]

        def hours_ahead():
            decided = datetime.datetime.fromisoformat(decide("")["decided_at"][:19]).replace(tzinfo=datetime.timezone.utc)
            return round((decided - datetime.datetime.now(datetime.timezone.utc)).total_seconds() / 3600)

        ahead = pathlib.Path(world.files.name) / "ahead"
        ahead.write_bytes(struct.pack("q", 0))
        assert world.stop() == 0
        world.prefix = ("env", f"LD_PRELOAD={options.bin / 'libstepped_clock.so'}", f"STEPPED_CLOCK={ahead}")
        world.start()
        steady.apply_playbook(world)
        playbook = pathlib.Path(world.folder) / "playbook.yaml"
        given = events = 0
        with contextlib.ExitStack() as stack:
            load = stack.enter_context(steady.Load(options, world.tenant, [world.address]))
            assert load.during(1)["errors"] == 0
            # Playbooks are applied elsewhere, where there is another replica, so that the service has to look for them.
            other = world.address
            if world.redis:
                replica = shutdown_test.Replica(world, 1)
                stack.callback(replica.process.kill)
                other = replica.address
            for version, hours in enumerate((0, 1, -1, 1, 0), start=2):
                with open(ahead, "r+b") as file:
                    file.write(struct.pack("q", hours * 3600))
                harness.wait_until("the clock", lambda hours=hours: hours_ahead() == hours)  # abseil looks at it every two seconds
                playbook.write_text(f"{steady.PLAYBOOK}# version {version}\n", encoding="utf-8")
                subprocess.run([options.bin / "waymark", "--address", other, "--tenant", world.tenant, "apply", playbook], capture_output=True,
                               timeout=60, check=True)
                harness.wait_until("the playbook", lambda version=version: decide("").get("playbook_version") == str(version))
                told = load.during(1)
                assert told["errors"] == 0 and told["calls"] > 0, (hours, told)
                for _ in range(2):
                    decision = decide("anna")
                    assert events == 0 or decision["knowledge"] == "KNOWLEDGE_PROFILE", decision
                    given += [action["action"] for action in decision["actions"]].count("voucher")
                    assert world.record("anna", f"clock-{events}")[0] == 0
                    events += 1
                print(f"clock {hours:+} h: {told['calls']} calls", flush=True)
            told = load.end()
        assert told["errors"] == 0, told
        assert given == 3, f"the limit is 3, and {given} were given"
        steady.check_recorded(world, told["recorded"])
        assert world.stop() == 0


def main():
    options = harness.arguments()
    checks = [check_damaged_profiles, check_disk_full, check_few_descriptors, check_clocks, check_clock_steps]
    if options.store == "embedded":
        checks.append(check_damaged_files)
    only = os.environ.get("WAYMARK_ONLY")
    for check in checks:
        if not only or only in check.__name__:
            print(check.__name__, flush=True)
            check(options)
    print(f"{len(checks)} passed, 0 failed")


if __name__ == "__main__":
    main()
