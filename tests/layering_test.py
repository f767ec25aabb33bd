#!/usr/bin/env python3
"""Holds the rooms to the arrows of the design: who may include whom, and what a pure room may use.

Reads the #include lines of every C++ file below proto/, segmentation/, service/ and tests/. Prints each violation as file:line and
exits with 1; first tests itself on made-up files. Standard library only.

    layering_test.py [ROOT]
"""

import os
import re
import sys
import unittest
from collections import namedtuple

# A room: the folder (or file) it is, what it may include, and what of the world outside it may speak to.
# The longest matching path names a file's room. Every room may include itself, and no room those below it unless it says so.
#   may    rooms and proto packages (their generated headers)
#   pure   takes values and returns values: see FORBIDDEN_IN_PURE
#   uses   libraries that only named rooms may use: see RESTRICTED
Room = namedtuple("Room", "path may pure uses")

EXPRESSION = "segmentation/expression"
SEGMENTATION = "segmentation"
PLAYBOOK, JOURNEY = "service/playbook", "service/journey"
LEARNING, DECISION = "service/learning", "service/decision"
BASE, STORE, ENGINE, BATCH = "service/base", "service/store", "service/engine", "service/batch"
REDIS, EMBEDDED = "service/store/redis", "service/store/embedded"
RPC, WEB, CLI = "service/rpc", "service/web", "service/cli"
PROTO_V1, PROTO_PLAYBOOK, PROTO_STORAGE = "proto/waymark/v1", "proto/waymark/playbook/v1", "proto/waymark/storage/v1"
PURE_ROOMS = {EXPRESSION, SEGMENTATION, PLAYBOOK, JOURNEY, LEARNING, DECISION}
MAIN, TESTS = "service/main.cc", "tests"
ANYTHING = None

ROOMS = [
    Room(EXPRESSION, set(), True, {"re2"}),
    Room(SEGMENTATION, {EXPRESSION}, True, set()),
    Room(PLAYBOOK, {SEGMENTATION, EXPRESSION, PROTO_PLAYBOOK}, True, {"protobuf", "yaml-cpp"}),
    Room(JOURNEY, {SEGMENTATION, EXPRESSION, PLAYBOOK}, True, set()),
    Room(LEARNING, {SEGMENTATION, EXPRESSION, PLAYBOOK}, True, set()),
    Room(DECISION, {SEGMENTATION, EXPRESSION, PLAYBOOK, JOURNEY, LEARNING}, True, set()),
    Room(BASE, set(), False, set()),
    Room(STORE, {SEGMENTATION, EXPRESSION, JOURNEY, LEARNING, BASE, PROTO_STORAGE}, False, {"protobuf"}),
    Room(REDIS, {STORE, SEGMENTATION, EXPRESSION, LEARNING, BASE, PROTO_STORAGE}, False, {"protobuf", "hiredis"}),
    Room(EMBEDDED, {STORE, SEGMENTATION, EXPRESSION, LEARNING, BASE, PROTO_STORAGE}, False, {"protobuf", "rocksdb"}),
    Room(ENGINE, PURE_ROOMS | {BASE, STORE}, False, set()),
    Room(BATCH, PURE_ROOMS | {BASE, STORE, ENGINE}, False, set()),
    Room(RPC, PURE_ROOMS | {BASE, ENGINE, BATCH, PROTO_V1}, False, {"protobuf", "grpc"}),
    Room(WEB, {BASE, PROTO_V1}, False, {"protobuf", "grpc", "prometheus-cpp"}),
    # A client: of the pure rooms it knows only the playbook, to check one (and an import mapping) without a service.
    Room(CLI, {PLAYBOOK, BASE, PROTO_V1, PROTO_PLAYBOOK}, False, {"protobuf", "grpc"}),
    Room(MAIN, ANYTHING, False, ANYTHING),
    Room(TESTS, ANYTHING, False, ANYTHING),
]

# Libraries for some rooms only, by how their headers begin.
RESTRICTED = {
    "protobuf": ("google/protobuf/",),
    "grpc": ("grpc/", "grpcpp/", "grpc++/"),
    "yaml-cpp": ("yaml-cpp/",),
    "hiredis": ("hiredis",),
    "rocksdb": ("rocksdb/",),
    "re2": ("re2/",),
    "prometheus-cpp": ("prometheus/", "civetweb"),
}

# In a pure room: no clock, randomness, thread, lock, log or I/O. `now` and seeds are arguments.
FORBIDDEN_IN_PURE = {
    "atomic", "barrier", "chrono", "condition_variable", "ctime", "filesystem", "fstream", "future", "iostream", "latch", "mutex",
    "random", "semaphore", "shared_mutex", "stop_token", "thread", "time.h", "unistd.h",
}
FORBIDDEN_PREFIXES_IN_PURE = (
    "absl/random/", "absl/synchronization/", "absl/time/clock.h", "gtest/", "spdlog/", "sys/", "uv.h",
)
FORBIDDEN_WORDS_IN_PURE = re.compile(
    r"\b(absl::Now|absl::GetCurrentTimeNanos|absl::LocalTimeZone|absl::Mutex|absl::BitGen|std::time|std::mutex|std::random_device|std::rand"
    r"|std::getenv|std::cout|std::cerr|system_clock|steady_clock|thread_local|printf)\b")

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
COMMENT_OR_STRING = re.compile(r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])\'', re.DOTALL)


def room_of(path):
    """The room that a path of the repository belongs to; None where it belongs to none."""
    matches = [room for room in ROOMS if path == room.path or path.startswith(room.path + "/")]
    return max(matches, key=lambda room: len(room.path), default=None)


def included_room(header):
    """The path of the room or proto package that a header of ours belongs to; None where it is not ours."""
    if header.startswith("waymark/"):
        return "proto/" + os.path.dirname(header)
    if header.split("/")[0] in ("segmentation", "service", "tests"):
        room = room_of(header)
        return room.path if room else os.path.dirname(header)
    return None


def problems_of_include(room, header, quoted):
    target = included_room(header)
    if target is not None and target != room.path and room.may is not ANYTHING and target not in room.may:
        yield f"{room.path} may not include {target} ({header})"
    if target == TESTS and room.path != TESTS:
        yield f"only tests may include {header}"
    if target == MAIN or header.endswith(".cc"):
        yield f"nothing may include {header}"
    if quoted and target is None and "/" not in header:
        yield f'includes are from the root of the repository: "{header}"'
    library = next((name for name, begins in RESTRICTED.items() if header.startswith(begins)), None)
    if header.endswith(".grpc.pb.h"):
        library = "grpc"
    if library and room.uses is not ANYTHING and library not in room.uses:
        yield f"{room.path} may not use {library} ({header})"
    if room.pure and (header in FORBIDDEN_IN_PURE or header.startswith(FORBIDDEN_PREFIXES_IN_PURE)):
        yield f"{room.path} is pure: no {header}"


def without_comments(text):
    """Blanks comments and literals, keeping the lines."""
    return COMMENT_OR_STRING.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)


def check_file(path, text):
    """Every violation of a file, as (line, message)."""
    room = room_of(path)
    if room is None:
        return [(1, "belongs to no room of the table in tests/layering_test.py")]
    found = []
    code_lines = without_comments(text).split("\n")
    for number, (line, code) in enumerate(zip(text.split("\n"), code_lines), start=1):
        include = INCLUDE.match(line)
        # A commented-out include leaves no '#' in the code.
        if include and "#" in code:
            found += [(number, problem) for problem in problems_of_include(room, include[2], include[1] == '"')]
        elif room.pure:
            found += [(number, f"{room.path} is pure: no {word}") for word in FORBIDDEN_WORDS_IN_PURE.findall(code)]
    return found


def check_tree(root):
    """Prints every violation and gives (files, violations)."""
    files = violations = 0
    for top in ("proto", "segmentation", "service", "tests"):
        for folder, _, names in sorted(os.walk(os.path.join(root, top))):
            for name in sorted(names):
                if not name.endswith((".cc", ".h")):
                    continue
                path = os.path.relpath(os.path.join(folder, name), root).replace(os.sep, "/")
                with open(os.path.join(folder, name), encoding="utf-8") as file:
                    found = check_file(path, file.read())
                files += 1
                violations += len(found)
                for line, message in found:
                    print(f"{path}:{line}: {message}")
    return files, violations


class LayeringTest(unittest.TestCase):
    """What the table must refuse, and what it must let pass, shown on made-up files."""

    REFUSED = [
        ("segmentation/fold.cc", '#include "service/playbook/playbook.h"', "may not include service/playbook"),
        ("segmentation/expression/value.cc", '#include "segmentation/profile.h"', "may not include segmentation "),
        ("segmentation/fold.cc", '#include "service/base/clock.h"', "may not include service/base"),
        ("segmentation/fold.cc", '#include "service/nowhere/x.h"', "may not include service/nowhere"),
        ("segmentation/fold.cc", "#include <mutex>", "is pure: no mutex"),
        ("segmentation/fold.cc", "#  include <chrono>", "is pure: no chrono"),
        ("segmentation/fold.cc", '#include "absl/time/clock.h"', "is pure: no absl/time/clock.h"),
        ("segmentation/fold.cc", '#include "google/protobuf/message.h"', "may not use protobuf"),
        ("segmentation/fold.cc", '#include "waymark/v1/event.pb.h"', "may not include proto/waymark/v1"),
        ("segmentation/fold.cc", "auto t = absl::Now();", "is pure: no absl::Now"),
        ("segmentation/fold.cc", "auto t = std::time(nullptr);", "is pure: no std::time"),
        ("service/playbook/compile.cc", '#include "waymark/v1/event.pb.h"', "may not include proto/waymark/v1"),
        ("service/playbook/compile.cc", '#include "service/journey/resolver.h"', "may not include service/journey"),
        ("service/journey/resolver.cc", '#include "waymark/playbook/v1/playbook.pb.h"', "may not include proto/waymark/playbook/v1"),
        ("service/decision/decide.cc", "#include <random>", "is pure: no random"),
        ("service/decision/decide.cc", "#include <iostream>", "is pure: no iostream"),
        ("service/decision/decide.cc", '#include "service/store/store.h"', "may not include service/store"),
        ("service/learning/model.cc", '#include "service/decision/decide.h"', "may not include service/decision"),
        ("service/store/codec.h", '#include "service/playbook/playbook.h"', "may not include service/playbook"),
        ("service/store/codec.h", '#include "service/store/redis/redis_store.h"', "may not include service/store/redis"),
        ("service/store/redis/redis_store.cc", '#include "service/store/embedded/x.h"', "may not include service/store/embedded"),
        ("service/store/redis/redis_store.cc", '#include "rocksdb/db.h"', "may not use rocksdb"),
        ("service/engine/engine.cc", '#include "service/store/embedded/x.h"', "may not include service/store/embedded"),
        ("service/engine/engine.cc", '#include "waymark/v1/event.pb.h"', "may not include proto/waymark/v1"),
        ("service/engine/engine.cc", "#include <grpcpp/grpcpp.h>", "may not use grpc"),
        ("service/engine/engine.cc", '#include "service/batch/resegment.h"', "may not include service/batch"),
        ("service/batch/resegment.cc", '#include "service/rpc/server.h"', "may not include service/rpc"),
        ("service/rpc/server.cc", '#include "service/store/redis/redis_store.h"', "may not include service/store/redis"),
        ("service/rpc/server.cc", '#include "waymark/storage/v1/profile.pb.h"', "may not include proto/waymark/storage/v1"),
        ("service/rpc/server.cc", '#include "service/cli/client.h"', "may not include service/cli"),
        ("service/web/http.cc", '#include "service/engine/engine.h"', "may not include service/engine"),
        ("service/rpc/call_metrics.cc", "#include <prometheus/counter.h>", "may not use prometheus-cpp"),
        ("service/cli/decide.cc", '#include "service/engine/engine.h"', "may not include service/engine"),
        ("service/cli/decide.cc", '#include "segmentation/profile.h"', "may not include segmentation "),
        ("service/base/clock.h", '#include "segmentation/profile.h"', "may not include segmentation "),
        ("service/base/clock.h", '#include "waymark/v1/decision.grpc.pb.h"', "may not use grpc"),
        ("service/rpc/server.cc", '#include "service/main.cc"', "nothing may include service/main.cc"),
        ("tests/service/rpc/server_test.cc", '#include "service/main.cc"', "nothing may include service/main.cc"),
        ("service/rpc/server.cc", '#include "tests/support/fake_store.h"', "only tests may include"),
        ("service/main.cc", '#include "tests/support/fake_store.h"', "only tests may include"),
        ("service/rpc/server.cc", '#include "server.h"', "from the root of the repository"),
        ("service/unheard_of/x.cc", "", "belongs to no room"),
    ]

    ALLOWED = [
        ("segmentation/fold.cc", '#include "segmentation/expression/value.h"'),
        ("segmentation/fold.cc", '#include "absl/time/time.h"'),
        ("segmentation/fold.cc", "// never absl::Now() here"),
        ("segmentation/fold.cc", '// #include <mutex>'),
        ("segmentation/fold.cc", '/*\n#include <mutex>\n*/'),
        ("segmentation/fold.cc", 'auto s = "std::time";'),
        ("service/playbook/compile.cc", '#include "waymark/playbook/v1/playbook.pb.h"\n#include "google/protobuf/message.h"'),
        ("service/decision/decide.cc", '#include "service/journey/resolver.h"'),
        ("service/store/codec.cc", '#include "waymark/storage/v1/profile.pb.h"'),
        ("service/store/redis/redis_store.cc", '#include "service/store/store.h"\n#include <hiredis/async.h>\n#include <mutex>'),
        ("service/engine/engine.cc", '#include "service/decision/decide.h"\n#include "service/store/store.h"'),
        ("service/rpc/server.cc", '#include "service/engine/engine.h"\n#include <grpcpp/server.h>'),
        ("service/cli/check.cc", '#include "service/playbook/check.h"\n#include <iostream>'),
        ("service/main.cc", '#include "service/store/redis/redis_store.h"'),
        ("tests/service/store/x_test.cc", '#include "service/store/embedded/x.h"\n#include "tests/support/redis.h"'),
    ]

    def test_refused(self):
        for path, text, message in self.REFUSED:
            with self.subTest(path=path, text=text):
                found = check_file(path, "// A file.\n" + text)
                self.assertTrue(any(message in problem for _, problem in found), found)
                if text:
                    self.assertEqual({line for line, _ in found}, {2})

    def test_allowed(self):
        for path, text in self.ALLOWED:
            with self.subTest(path=path, text=text):
                self.assertEqual(check_file(path, text), [])

    def test_arrows_have_no_cycle(self):
        # But for main and tests, which see everything, rooms can be put in an order.
        left = {room.path: set(room.may) for room in ROOMS if room.may is not ANYTHING}
        while left:
            free = [path for path, may in left.items() if not may & set(left)]
            self.assertTrue(free, f"a cycle among {sorted(left)}")
            for path in free:
                del left[path]


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
    suite = unittest.defaultTestLoader.loadTestsFromTestCase(LayeringTest)
    if not unittest.TextTestRunner(verbosity=0).run(suite).wasSuccessful():
        return 1
    files, violations = check_tree(root)
    print(f"{files} files, {violations} violations")
    # An empty tree means that the wrong folder was looked at.
    return 1 if violations or files == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
