#!/usr/bin/env python3
"""make_corpus.py CASES FOLDER: writes a seed for each rule of the *.jsonl files in CASES: FOLDER/compile, and with facts
behind it FOLDER/evaluate."""

import json
import pathlib
import sys

FACT_BYTES = bytes(range(1, 33))  # as many as fuzz_evaluate.cc takes from the end


def main() -> None:
    cases, folder = map(pathlib.Path, sys.argv[1:])
    seeds = [json.loads(line)["expr"] for file in sorted(cases.glob("*.jsonl")) for line in file.open() if line.strip()]
    for target, behind in (("compile", b""), ("evaluate", FACT_BYTES)):
        (folder / target).mkdir(parents=True, exist_ok=True)
        for i, seed in enumerate(seeds):
            (folder / target / f"{i}").write_bytes(seed.encode() + behind)


if __name__ == "__main__":
    main()
