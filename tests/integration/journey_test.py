"""Journeys against a recomputation from the raw events of two data sets: The Complete Journey (a grocer's year) and REES46's samples (views, carts, purchases).

Shows: each customer's moves, their dates and their touches are what tests/integration/road.py makes of the files, and the map is what map_reference.py counts of them, also where events come
late, out of order and twice; what is exported as XES, OCEL and CSV says the same, keeps to the standards' rules, and tells nobody's id unless it is asked to.
"""

import collections
import csv
import dataclasses
import datetime
import decimal
import gzip
import pathlib
import random
import sys
import tempfile

import harness
import journey_export_test
import map_reference
import mining
import road

EXAMPLES = harness.ROOT / "examples"
KEPT_TOUCHES, KEPT_STAYS = 256, 17


@dataclasses.dataclass(frozen=True)
class Event:
    at: int  # seconds
    kind: str
    touchpoint: str
    value: decimal.Decimal = decimal.Decimal(0)


def rows(folder, name):
    with gzip.open(folder / name, "rt", newline="") as file:
        return list(csv.DictReader(file))


def seconds(text):
    time = datetime.datetime.fromisoformat(text.replace(" UTC", "+00:00").replace("Z", "+00:00"))
    return int((time if time.tzinfo else time.replace(tzinfo=datetime.timezone.utc)).timestamp())


class Rees46:
    name = "rees46"
    now = "2021-03-01T00:30:00Z"
    later = "2021-01-20T00:00:00Z"  # where a map of a period begins
    stages = road.six_stages()
    files = {"2019-Oct-sample.csv.gz", "electronics_one_product_851.csv.gz", "electronics_random_100.csv.gz"}
    shuffled = files
    customer_column = 7
    kinds = {"view": ("view_item", "web/product_page"), "cart": ("add_to_cart", "web/cart"), "purchase": ("purchase", "web/checkout")}

    @classmethod
    def events(cls, folder):
        events = collections.defaultdict(list)
        for name in sorted(cls.files):
            for row in rows(folder, name):
                kind, touchpoint = cls.kinds[row["event_type"]]
                value = decimal.Decimal(row["price"]) if kind == "purchase" else decimal.Decimal(0)
                events[row["user_id"]].append(Event(seconds(row["event_time"]), kind, touchpoint, value))
        return events


class CompleteJourney:
    name = "complete_journey"
    now = "2018-01-01T12:00:00Z"
    later = "2017-06-10T00:00:00Z"
    stages = road.grocer_stages()
    files = {f"{name}.csv.gz" for name in ("demographics", "transactions_sample", "products", "campaigns", "campaign_descriptions", "coupon_redemptions")}
    shuffled = {f"{name}.csv.gz" for name in ("transactions_sample", "campaigns", "coupon_redemptions")}

    @classmethod
    def events(cls, folder):
        events = {row["household_id"]: [] for row in rows(folder, "demographics.csv.gz")}
        baskets = {}
        for row in rows(folder, "transactions_sample.csv.gz"):
            key = row["household_id"], row["basket_id"]
            at, value = baskets.get(key, (float("inf"), decimal.Decimal(0)))
            baskets[key] = min(at, seconds(row["transaction_timestamp"])), value + decimal.Decimal(row["sales_value"])
        for (household, _), (at, value) in baskets.items():
            if household in events:
                events[household].append(Event(at, "purchase", "store/till", value))
        campaigns = {row["campaign_id"]: row for row in rows(folder, "campaign_descriptions.csv.gz")}
        for row in rows(folder, "campaigns.csv.gz"):
            campaign = campaigns[row["campaign_id"]]
            kind = f"campaign_{campaign['campaign_type'][-1].lower()}_received"
            if row["household_id"] in events:
                events[row["household_id"]].append(Event(seconds(campaign["start_date"]), kind, "mail/campaign"))
        for row in rows(folder, "coupon_redemptions.csv.gz"):
            if row["household_id"] in events:
                events[row["household_id"]].append(Event(seconds(row["redemption_date"]), "coupon_redeemed", "store/till"))
        return {household: found for household, found in events.items()}


class Expected:
    """What one customer's raw events come to."""

    def __init__(self, stages, events, now):
        self.events = sorted(events, key=lambda event: event.at)
        self.names = [stage.name for stage in stages]
        self.stays = [stay for stay in road.walk(stages, [(event.at, event.kind) for event in events], now) if stay[1] < now]
        self.kept = self.stays[-KEPT_STAYS:]
        # Where there are more than are kept, those of one moment go together.
        newest = self.events[-KEPT_TOUCHES:]
        if len(newest) < len(self.events):
            dropped = self.events[-KEPT_TOUCHES - 1].at
            newest = [event for event in newest if event.at > dropped]
        self.touches = sorted((event.at, self.names[self.stage_at(event.at)], event.kind, event.touchpoint, event.value) for event in newest)

    def stage_at(self, at):
        found = self.kept[0][0]
        for stage, since in self.kept[1:]:
            if at > since:
                found = stage
        return found

    def moves(self):
        """(time, from, to); from is "" where the customer began."""
        moves = [(self.stays[0][1], "", self.names[self.stays[0][0]])]
        moves += [(since, self.names[before], self.names[stage]) for (before, _), (stage, since) in zip(self.stays, self.stays[1:])]
        return moves

    def for_map(self):
        orders = [(event.at, int(event.value * map_reference.MILLION)) for event in self.events if event.kind == "purchase"]
        return self.kept, [(at, kind, touchpoint) for at, _, kind, touchpoint, _ in self.touches], orders

    def all_is_kept(self):
        return len(self.stays) < KEPT_STAYS and len(self.touches) == len(self.events)


def copy_of(data, folder, into, lines_in_order):
    """The files with their lines as `lines_in_order(name, lines)` has them."""
    into.mkdir()
    for name in data.files:
        if name not in data.shuffled:
            (into / name).symlink_to(folder / name)
            continue
        with gzip.open(folder / name, "rt", newline="") as file:
            head, *lines = list(csv.reader(file))
        with gzip.open(into / name, "wt", newline="", compresslevel=1) as file:
            csv.writer(file).writerows([head, *lines_in_order(name, lines)])
    return into


def shuffled(whole):
    """In any order, so that most events are late, and a tenth of them a second time; of customers of whom all is kept: late events are put where they belong as far as stays and touches are kept."""
    generator = random.Random(7)

    def lines_in_order(name, lines):
        if name in Rees46.files:
            lines = [line for line in lines if line[Rees46.customer_column] in whole]
        generator.shuffle(lines)
        # Lines of transactions are parts of an event.
        return lines if name == "transactions_sample.csv.gz" else lines + lines[:len(lines) // 10]

    return lines_in_order


def exported(world, data, path, *words):
    journey_export_test.export(world, path, path.suffix[1:].replace("json", "ocel"), "--until", data.now, *words)
    return path


def by_customer(lines):
    customers = collections.defaultdict(list)
    for line in lines:
        customers[line["case_id"]].append(line)
    return customers


def compare(customer, expected, lines):
    """How what was exported of one customer differs from what was expected; "" where it does not."""
    moves = [(seconds(line["timestamp"]), line["from_stage"], line["to_stage"]) for line in lines if line["kind"] == "move"]
    touches = sorted((seconds(line["timestamp"]), line["stage"], line["activity"], line["touchpoint"], decimal.Decimal(line["value"] or 0))
                     for line in lines if line["kind"] == "touch")
    wanted = expected.moves()
    if len(expected.stays) >= KEPT_STAYS and len(moves) >= KEPT_STAYS - 2:
        wanted = wanted[len(wanted) - len(moves):]
    if moves != wanted:
        return f"{customer}: moves {[move for move in moves if move not in wanted]} for {[move for move in wanted if move not in moves]}"
    if touches != expected.touches:
        return f"{customer}: touches {[t for t in touches if t not in expected.touches]} for {[t for t in expected.touches if t not in touches]}"
    return ""


def check_reference(data, expected, lines):
    customers = by_customer(lines)
    assert set(customers) == set(expected), "other customers"
    wrong = [difference for customer, each in expected.items() if (difference := compare(customer, each, customers[customer]))]
    for difference in wrong[:20]:
        print(difference, file=sys.stderr)
    assert not wrong, f"{data.name}: {len(wrong)} of {len(expected)} customers differ from the recomputation"


def check_map(world, data, expected):
    """The whole map, and that of a period."""
    for start in (None, data.later):
        found = world.waymark("journey", "map", "--max-age", "0", "--until", data.now, *(["--from", start] if start else []))[-1]
        reference = map_reference.Reference([stage.name for stage in data.stages], [each.for_map() for each in expected.values()], start and seconds(start), seconds(data.now))
        differences = reference.differences(found["map"])
        for difference in differences[:20]:
            print(difference, file=sys.stderr)
        assert not differences, f"{data.name}: the map from {start} differs from the recomputation in {len(differences)} numbers"


def lines_of(entry):
    """An entry of GetJourney as a line of the export."""
    line = collections.defaultdict(str, timestamp=entry["time"], stage=entry["stage"])
    if "move" in entry:
        line.update(kind="move", from_stage=entry["move"]["from_stage"], to_stage=entry["move"]["to_stage"])
    elif "touch" in entry:
        touch = entry["touch"]
        line.update(kind="touch", activity=touch["event"], touchpoint=touch["touchpoint"], value=decimal.Decimal(touch["value_micros"]) / 1_000_000)
    return line


def check_timelines(world, data, expected):
    """What GetJourney says of some customers, in pages."""
    some = sorted(expected, key=lambda customer: (-len(expected[customer].stays), customer))[:20] + sorted(expected)[:20]
    for customer in some:
        lines, token = [], ""
        while True:
            page = world.waymark("journey", "show", "--customer", customer, "--max", "37", *(["--page-token", token] if token else []))[0]
            lines += [line for line in map(lines_of, page["entries"]) if seconds(line["timestamp"]) < seconds(data.now)]
            token = page["next_page_token"]
            if not token:
                break
        difference = compare(customer, expected[customer], lines[::-1])
        assert not difference, "GetJourney: " + difference
    return len(some)


def variants_of(lines):
    return collections.Counter(tuple(line["activity"] for line in each) for each in by_customer(lines).values())


def check_formats(world, data, folder, lines):
    """The three formats say the same; and without ids, of the same customers."""
    xes = mining.XesLog(exported(world, data, folder / "ids.xes", "--with-customer-ids"))
    of_xes = [(name, event["time:timestamp"], event["concept:name"], event["stage"], event.get("org:resource", ""), event.get("value", ""))
              for name, _, events in xes.traces for event in events]
    of_csv = [(line["case_id"], line["timestamp"], line["activity"], line["stage"], line["touchpoint"], line["value"]) for line in lines]
    assert sorted(of_xes) == sorted(of_csv), "XES and CSV differ"
    assert collections.Counter(tuple(event["concept:name"] for event in events) for _, _, events in xes.traces) == variants_of(lines)
    ocel = mining.OcelLog(exported(world, data, folder / "ids.json", "--with-customer-ids"))
    of_ocel = [(related["customer"].removeprefix("customer:"), at, kind, values.get("stage", ""), values.get("touchpoint", "")) for kind, at, values, related in ocel.events]
    assert sorted(of_ocel) == sorted(line[:5] for line in of_csv), "OCEL and CSV differ"

    pseudonyms = mining.read_csv(exported(world, data, folder / "pseudonyms.csv"))
    names = {line["case_id"] for line in pseudonyms}
    assert len(names) == len({line["case_id"] for line in lines}) and all(len(name) == 20 for name in names)
    assert not names & {line["case_id"] for line in lines}
    assert variants_of(pseudonyms) == variants_of(lines)
    again = mining.read_csv(exported(world, data, folder / "again.csv"))
    assert {line["case_id"] for line in again} == names, "pseudonyms do not stay the same"


def check(options, data):
    folder = harness.data_folder(data.name)
    now = seconds(data.now)
    expected = {customer: Expected(data.stages, events, now) for customer, events in data.events(folder).items() if events}
    with harness.World(options, data.name, "--clock-start", data.now) as world, tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        example = EXAMPLES / data.name
        world.waymark("apply", str(example / "playbook.yaml"))
        in_order = folder
        if data is Rees46:  # whose lines are in no order, and one of whose customers did more than is kept
            in_order = copy_of(data, folder, scratch / "in_order", lambda name, lines: sorted(lines, key=lambda line: line[0]))
        first = world.waymark("import", str(example / "import.yaml"), "--data", str(in_order))[0]
        assert first["recorded"] == sum(len(each.events) for each in expected.values()) and first["refused"] == 0, first
        lines = mining.read_csv(exported(world, data, scratch / "ids.csv", "--with-customer-ids"))
        check_reference(data, expected, lines)
        check_formats(world, data, scratch, lines)
        shown = check_timelines(world, data, expected)
        check_map(world, data, expected)

        whole = {customer: each for customer, each in expected.items() if each.all_is_kept()}
        assert len(whole) > 0.95 * len(expected), "too few to show anything"
        world.tenant = data.name + "_shuffled"
        world.waymark("apply", str(example / "playbook.yaml"))
        again = world.waymark("import", str(example / "import.yaml"), "--data", str(copy_of(data, folder, scratch / "shuffled", shuffled(whole))))[0]
        assert again["recorded"] == sum(len(each.events) for each in whole.values()) and again["refused"] == 0, again
        check_reference(data, whole, mining.read_csv(exported(world, data, scratch / "late.csv", "--with-customer-ids")))
        check_map(world, data, whole)
        assert world.stop() == 0
    print(f"{data.name}: {len(expected)} customers, {sum(len(each.stays) for each in expected.values())} stays as recomputed, {shown} of them asked for by name; {len(whole)} of them with late events, too; "
          f"{again['duplicates']} duplicates")


def main():
    options = harness.arguments()
    for data in (Rees46, CompleteJourney):
        harness.data_folder(data.name)
    for data in (Rees46, CompleteJourney):
        check(options, data)
    print("2 passed, 0 failed")


if __name__ == "__main__":
    main()
