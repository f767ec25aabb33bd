"""pm4py reads what `waymark journey export` writes, and discovers from each format the variants that are counted here from the CSV.

Skipped where pm4py is not installed. $WAYMARK_PM4PY: a Python that has it, such as that of a virtual environment (python3 -m venv V; V/bin/pip install pm4py).
"""

import collections
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import harness
import mining
from journey_export_test import HOSTILE, export, fill

TENANT = "pm4py"
# What a user would write. Prints the variants with their counts: of the traces in XES and CSV, and of the customers in OCEL.
READ = r"""
import collections, json, sys, warnings
warnings.simplefilter("ignore")
import pandas, pm4py
folder = sys.argv[1]
def count(frame, case="case:concept:name", activity="concept:name"):
    return sorted(([list(each) for each in frame.groupby(case, sort=False)[activity].agg(tuple)]))
xes = pm4py.read_xes(f"{folder}/all.xes")
csv = pandas.read_csv(f"{folder}/all.csv", keep_default_na=False)
csv["timestamp"] = pandas.to_datetime(csv["timestamp"], format="ISO8601", utc=True)
csv = pm4py.format_dataframe(csv, case_id="case_id", activity_key="activity", timestamp_key="timestamp")
ocel = pm4py.read_ocel2_json(f"{folder}/all.json")
flat = pm4py.ocel_flattening(ocel, "customer")
variants = {tuple(variant): count for variant, count in pm4py.get_variants(xes).items()}
net, first, last = pm4py.discover_petri_net_inductive(pm4py.filter_variants_top_k(xes, 3))
json.dump({
    "xes": count(xes), "csv": count(csv), "ocel": count(flat),
    "variants": sorted([list(variant), n if isinstance(n, int) else len(n)] for variant, n in variants.items()),
    "start": pm4py.get_start_activities(xes), "transitions": len(net.transitions), "types": sorted(pm4py.ocel_get_object_types(ocel)),
    "resource": "org:resource" in xes.columns, "float": str(xes["value"].dtype),
}, sys.stdout)
"""


def python_with_pm4py():
    python = os.environ.get("WAYMARK_PM4PY", sys.executable)
    if subprocess.run([python, "-c", "import pm4py"], capture_output=True, check=False).returncode != 0:
        harness.skip("pm4py is not installed (WAYMARK_PM4PY: a Python that has it)")
    return python


def main():
    options = harness.arguments()
    python = python_with_pm4py()
    with harness.World(options, TENANT, "--clock-start", "2026-03-01T00:30:00Z") as world, tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        fill(world, folder, [f"c{i}" for i in range(300)] + [name for name in HOSTILE if name.isprintable()])
        for format_, name in (("xes", "all.xes"), ("csv", "all.csv"), ("ocel", "all.json")):
            export(world, folder / name, format_, "--with-customer-ids")
        traces = collections.defaultdict(list)
        for line in mining.read_csv(folder / "all.csv"):
            traces[line["case_id"]].append(line["activity"])
        wanted = sorted(traces.values())
        read = json.loads(subprocess.run([python, "-c", READ, folder], stdout=subprocess.PIPE, check=True, timeout=250).stdout)
        for format_ in ("xes", "csv", "ocel"):
            assert read[format_] == wanted, f"pm4py reads other traces from {format_}"
        counted = collections.Counter(map(tuple, wanted))
        assert read["variants"] == sorted([list(variant), count] for variant, count in counted.items()), "other variants"
        assert sum(read["start"].values()) == len(traces) and read["transitions"] > 0 and read["types"] == ["customer"], read
        assert read["resource"] and read["float"] == "float64", read
    print(f"pm4py: {len(traces)} traces of {len(counted)} variants in each format\n1 passed, 0 failed")


if __name__ == "__main__":
    main()
