#!/usr/bin/env python3
"""make_corpus.py ROOT FOLDER: writes seeds for the fuzz targets into FOLDER/compile, evaluate, playbook and wire, from the tests' data in
the checkout ROOT. Needs protoc."""

import json
import pathlib
import re
import subprocess
import sys

FACT_BYTES = bytes(range(1, 33))  # as many as fuzz_evaluate.cc takes from the end

CONTEXT = """context: {tenant: "shop" customer: "%s" locale: "de-AT" decision_id: "d1" explain: true
  context: {key: "page" value: {string_value: "cart"}} context: {key: "cart_value" value: {double_value: 64.9}}
  events: {id: "e1" type: "visit" touchpoint: "web/home"}}"""
EVENT = """{id: "e%d" type: "purchase" number: 49.9 labels: "shoes" touchpoint: "web/home"
  time: {seconds: 1779990000}}"""

# fuzz_wire.cc's number of the method, its request, the file, and the message as text.
REQUESTS = [
    (0, "NextBestActionRequest", "decision", CONTEXT % "anna" + ' placement: "hero"'),
    (1, "GetOffersRequest", "decision", CONTEXT % "bert" + ' placement: "hero" max_offers: 2'),
    (1, "GetOffersRequest", "decision", CONTEXT % "" + ' placement: "side"'),
    (2, "GetContentRequest", "decision", CONTEXT % "anna" + ' placements: ["hero", "side"]'),
    (3, "DecideStreamRequest", "decision",
     'context: {tenant: "shop"} placements: "hero" customers: [{customer: "anna" decision_id: "x"}, {customer: "bert" locale: "en"}]'),
    (4, "RecordEventRequest", "event", f'tenant: "shop" customer: "anna" event: {EVENT % 2}'),
    (5, "RecordEventsRequest", "event",
     'tenant: "shop" ' + " ".join(f'events: {{customer: "anna" event: {EVENT % i}}}' for i in range(10, 14))),
    (6, "UpdateProfileRequest", "profile",
     'tenant: "shop" profile: {customer: "anna" traits: {key: "age" value: {int_value: 40}} consents: {key: "email" value: {granted: true}}} '
     'update_mask: {paths: "traits"}'),
    (8, "ExplainDecisionRequest", "decision", 'tenant: "shop" decision_id: "d1"'),
    (9, "ReplayDecisionsRequest", "decision", 'tenant: "shop" since: {seconds: 1779990000} decision_ids: "d1" records: "abc"'),
    (11, "AuditDecisionsRequest", "decision", 'tenant: "shop" trait: "age" accepted_by: "purchase"'),
    (12, "ApplyPlaybookRequest", "playbook", 'tenant: "shop" text: "channels: []"'),
]


def write(folder, seeds):
    folder.mkdir(parents=True, exist_ok=True)
    for i, seed in enumerate(seeds):
        (folder / f"{i}").write_bytes(seed)


def rules(root):
    return [json.loads(line)["expr"].encode() for file in sorted((root / "tests/testdata/cel").glob("*.jsonl")) for line in file.open()
            if line.strip()]


def playbooks(root):
    whole = [file.read_bytes() for file in sorted((root / "examples").glob("*/*.yaml"))]
    parts = [match.encode() for file in sorted((root / "tests/integration").glob("*_test.py"))
             for match in re.findall(r'^PLAYBOOK = """(.*?)"""', file.read_text(encoding="utf-8"), re.M | re.S)]
    texts = [match.encode() for file in sorted((root / "tests/service/playbook").glob("*.cc"))
             for match in re.findall(r'R"\((.*?)\)"', file.read_text(encoding="utf-8"), re.S)]
    return whole + parts + texts


def requests(root):
    traceparent = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    seeds = [bytes([15]) + len(traceparent).to_bytes(2, "little") + traceparent]
    for method, message, file, text in REQUESTS:
        encoded = subprocess.run(["protoc", "-I", root / "proto", f"--encode=waymark.v1.{message}", f"waymark/v1/{file}.proto"],
                                 input=text.encode(), capture_output=True, check=False)
        assert encoded.returncode == 0, (message, encoded.stderr.decode())
        seeds.append(bytes([method]) + len(encoded.stdout).to_bytes(2, "little") + encoded.stdout)
    return seeds + [b"".join(seeds)]


def main() -> None:
    root, folder = map(pathlib.Path, sys.argv[1:])
    write(folder / "compile", rules(root))
    write(folder / "evaluate", [rule + FACT_BYTES for rule in rules(root)])
    write(folder / "playbook", playbooks(root))
    write(folder / "wire", requests(root))


if __name__ == "__main__":
    main()
