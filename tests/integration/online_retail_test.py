"""Online Retail from its file to decisions, against numbers that others computed from the cleaned data.

Shows: invoices of many lines become one order each; the customers, orders and revenue are exactly those of the data; what batch
learns of them agrees with what rules, previews and lists say; an import that is repeated changes nothing.
"""

import csv
import decimal
import gzip
import re

import harness

TENANT = "online_retail"
EXAMPLE = harness.ROOT / "examples" / "online_retail"
CUSTOMERS, ORDERS, REVENUE, ONE_TIME_BUYERS = 4338, 18532, decimal.Decimal("8911407.904"), 1493


def customers(folder):
    with gzip.open(folder / "online_retail.csv.gz", "rt", newline="") as file:
        return sorted({row[6].removesuffix(".0") for row in csv.reader(file)} - {"", "CustomerID"})


def check_import(world, folder):
    first = world.waymark("import", str(EXAMPLE / "import.yaml"), "--data", str(folder))[0]
    assert first["customers"] == CUSTOMERS, first
    assert first["recorded"] == ORDERS, first
    assert first["lines"] == 541909 and first["duplicates"] == 0 and first["refused"] == 0, first


def check_totals(world, folder):
    """Asks for everyone's account summary, which says what they ordered."""
    ids = "\n".join(customers(folder)) + "\n"
    orders, revenue, known = 0, decimal.Decimal(0), 0
    for answer in world.waymark("decide", "--placement", "account_page", "--from", "-", stdin=ids):
        bodies = {action["action"]: action["content"]["body"] for action in answer["decision"]["actions"]}
        found = re.fullmatch(r"Orders in 400 days: (\d+), worth ([0-9.e+-]+) GBP\.", bodies["account_summary"])
        orders += int(found[1])
        revenue += decimal.Decimal(found[2])
        known += int(found[1]) > 0
    assert (known, orders, revenue) == (CUSTOMERS, ORDERS, REVENUE), (known, orders, revenue)


def check_population(world):
    """What batch learns, against the numbers of the data's README; it is used by rules at once, and kept."""
    fitted = world.waymark("population", "fit", "--seed", "7")[-1]["population"]
    assert int(fitted["customers"]) == int(fitted["buyers"]) == CUSTOMERS, fitted
    assert int(fitted["orders"]) == ORDERS and int(fitted["one_time_buyers"]) == ONE_TIME_BUYERS, fitted
    assert int(fitted["revenue"]["micros"]) == REVENUE * 1000000, fitted
    segments = {segment["segment"]: int(segment["members"]) for segment in fitted["rfm"]["segments"]}
    assert len(segments) == 11 and sum(segments.values()) == CUSTOMERS, segments
    assert sum(int(persona["customers"]) for persona in fitted["personas"]) == CUSTOMERS, fitted
    shown = world.waymark("population", "show")[0]
    assert shown == fitted, shown
    # The same customers, whether counted by the fit, by a rule that is not applied yet, or by name.
    impact = world.waymark("segments", "preview", 'rfm.segment == "champions"')[-1]["impact"]
    assert int(impact["members"]) == segments["champions"], impact
    members = [name for page in world.waymark("members", "champions") for name in page["customers"]]
    assert len(members) == len(set(members)) == segments["champions"], len(members)
    again = world.waymark("population", "fit", "--seed", "7")[-1]["population"]
    assert [persona["name"] for persona in again["personas"]] == [persona["name"] for persona in fitted["personas"]]
    assert int(again["version"]) == 2, again["version"]
    return segments["champions"]


def check_segments(world, champions):
    done = world.waymark("resegment")[-1]
    assert done["done"] and int(done["profiles"]) == CUSTOMERS, done
    members = {segment["segment"]: int(segment.get("members", 0)) for segment in done["segments"]}
    assert members["one_time_buyers"] == ONE_TIME_BUYERS, members
    assert members["champions"] == champions, members
    assert all(members.values()), "a segment of the example has nobody in it"
    assert sum(int(stage.get("customers", 0)) for stage in done["stages"]) == CUSTOMERS, done
    print("segments:", members)


def main():
    options = harness.arguments()
    folder = harness.data_folder("online_retail")
    with harness.World(options, TENANT, "--clock-start", "2011-12-10T00:00:00Z") as world:
        world.waymark("apply", str(EXAMPLE / "playbook.yaml"))
        check_import(world, folder)
        check_segments(world, check_population(world))
        check_totals(world, folder)
        again = world.waymark("import", str(EXAMPLE / "import.yaml"), "--data", str(folder))[0]
        assert again["recorded"] == 0 and again["duplicates"] == ORDERS, again
        assert world.stop() == 0
    print("1 passed, 0 failed")


if __name__ == "__main__":
    main()
