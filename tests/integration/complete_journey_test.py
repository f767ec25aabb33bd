"""The Complete Journey from its files to decisions, against numbers that are computed here from the same files by other means.

Shows: 801 customers; every basket and redemption of theirs recorded exactly once, also when imported twice; spend per household equal to
the sum of all its transaction lines, and orders and spend by department; one stage and the right segments for everyone; each decision an eligible offer or the fallback, with reasons; an offer whose limit is used
up is not offered again.
"""

import collections
import csv
import datetime
import decimal
import gzip

import harness

NOW = datetime.datetime(2018, 1, 1, 12, tzinfo=datetime.timezone.utc)
TENANT = "complete_journey"
EXAMPLE = harness.ROOT / "examples" / "complete_journey"
OFFERS = {"coupon_campaign_a", "coupon_campaign_b", "coupon_campaign_c"}


def rows(folder, name):
    with gzip.open(folder / f"{name}.csv.gz", "rt", newline="") as file:
        return list(csv.DictReader(file))


class Expected:
    """What the files say, household by household."""

    def __init__(self, folder):
        self.households = {row["household_id"]: row for row in rows(folder, "demographics")}
        self.spend = collections.defaultdict(decimal.Decimal)
        self.lines = 0
        departments = {row["product_id"]: row["department"] for row in rows(folder, "products")}
        baskets = collections.defaultdict(lambda: (set(), [], []))  # departments, times, values
        for row in rows(folder, "transactions_sample"):
            if row["household_id"] in self.households:
                self.spend[row["household_id"]] += decimal.Decimal(row["sales_value"])
                self.lines += 1
                basket = baskets[row["household_id"], row["basket_id"]]
                basket[0].add(departments.get(row["product_id"]))
                basket[1].append(datetime.datetime.fromisoformat(row["transaction_timestamp"].replace("Z", "+00:00")))
                basket[2].append(decimal.Decimal(row["sales_value"]))
        self.purchases = collections.defaultdict(list)
        self.produce = collections.defaultdict(list)  # values of the baskets with produce in them
        for (household, _), (labels, times, values) in baskets.items():
            self.purchases[household].append(min(times))
            if "PRODUCE" in labels:
                self.produce[household].append(sum(values))
        self.redemptions = collections.Counter(
            row["household_id"] for row in rows(folder, "coupon_redemptions") if row["household_id"] in self.households)
        self.campaigns = collections.Counter(
            row["household_id"] for row in rows(folder, "campaigns") if row["household_id"] in self.households)

    def events(self):
        return sum(map(len, self.purchases.values())) + sum(self.redemptions.values()) + sum(self.campaigns.values())

    def purchased_since(self, household, days):
        # Windows beyond 48 hours count whole days (UTC), the one in which they begin included.
        first_day = (NOW - datetime.timedelta(days=days)).date()
        return sum(first_day <= at.date() and at <= NOW for at in self.purchases[household])


def check_import(world, expected, folder):
    assert len(expected.households) == 801
    assert expected.lines == 42199 and sum(map(len, expected.purchases.values())) == 25877
    first = world.waymark("import", str(EXAMPLE / "import.yaml"), "--data", str(folder))[0]
    assert first["customers"] == 801, first
    assert first["recorded"] == expected.events(), first
    assert first["duplicates"] == 0 and first["refused"] == 0, first
    second = world.waymark("import", str(EXAMPLE / "import.yaml"), "--data", str(folder))[0]
    assert second["recorded"] == 0 and second["duplicates"] == expected.events(), second


def check_profiles(world, expected):
    for household in expected.households:
        profile = world.waymark("profile", "get", household)[0]["profile"]
        events = {event["type"]: event for event in profile.get("events", [])}
        purchase = events["purchase"]
        assert int(purchase["count"]) == len(expected.purchases[household]), household
        assert abs(decimal.Decimal(str(purchase.get("total", 0))) - expected.spend[household]) < decimal.Decimal("0.000001"), household
        produce = events.get("purchase/PRODUCE", {})
        assert int(produce.get("count", 0)) == len(expected.produce[household]), household
        assert abs(decimal.Decimal(str(produce.get("total", 0))) - sum(expected.produce[household])) < decimal.Decimal("0.000001"), household
        assert int(events.get("coupon_redeemed", {}).get("count", 0)) == expected.redemptions[household], household
        campaigns = sum(int(event["count"]) for name, event in events.items() if name.startswith("campaign_"))
        assert campaigns == expected.campaigns[household], household
        assert len(profile["positions"]) == 1 and profile["positions"][0]["stage"], household
        segments = set(profile.get("segments", []))
        kids = expected.households[household]["kids_count"]
        assert ("families" in segments) == (kids != "0"), household
        assert ("coupon_untouched" in segments) == (expected.redemptions[household] == 0), household
        assert ("big_spenders" in segments) == (expected.spend_in_a_year(household) >= 300), household


def check_resegment(world):
    done = world.waymark("resegment")[-1]
    assert done["done"] and int(done["profiles"]) == 801, done
    assert int(done.get("changed", 0)) == 0, "deriving again at the same moment changes nothing"
    assert sum(int(stage.get("customers", 0)) for stage in done["stages"]) == 801, done


def check_decisions(world, expected):
    """Two rounds for everyone: what is chosen is eligible, everything has a reason, and what is used up does not come again."""
    households = sorted(expected.households)
    ids = "\n".join(households) + "\n"
    offered = collections.defaultdict(list)
    fallbacks = 0
    for _ in range(2):
        answers = world.waymark("decide", "--placement", "home_banner", "--from", "-", "--explain", "--offers", "1", stdin=ids)
        assert len(answers) == 801
        for household, answer in zip(households, answers):
            decision = answer["decision"]
            chosen = decision["actions"]
            assert len(chosen) == 1, household
            reasons = {candidate["action"]: candidate["reason"] for candidate in decision["candidates"]}
            assert len(reasons) == len(decision["candidates"]) and "REASON_CODE_UNSPECIFIED" not in reasons.values()
            name = chosen[0]["action"]
            if chosen[0].get("fallback"):
                fallbacks += 1
                assert name == "recipe_of_the_week" and reasons[name] == "REASON_CODE_FALLBACK"
                assert not OFFERS & {action for action, reason in reasons.items() if reason == "REASON_CODE_CHOSEN"}
                continue
            assert name in OFFERS and reasons[name] == "REASON_CODE_CHOSEN", (household, name)
            offered[household].append(name)
            if name == "coupon_campaign_a":
                assert expected.purchased_since(household, 90) >= 4, household
            if name == "coupon_campaign_b":
                row = expected.households[household]
                assert row["kids_count"] != "0" or row["household_size"] in ("4", "5+") or expected.redemptions[household] >= 3, household
    twice = [names for names in offered.values() if len(names) == 2]
    assert twice, "nobody was offered anything twice: the test shows nothing"
    for names in twice:
        assert not (names[0] == names[1] and names[0] in ("coupon_campaign_a", "coupon_campaign_c")), "used up, and offered again"
    assert offered and fallbacks, (len(offered), fallbacks)
    print(f"offers: {collections.Counter(name for names in offered.values() for name in names)}, fallbacks: {fallbacks}")


def main():
    options = harness.arguments()
    folder = harness.data_folder("complete_journey")
    expected = Expected(folder)
    expected.spend_in_a_year = spend_in_a_year(folder, expected.households)
    with harness.World(options, TENANT, "--clock-start", "2018-01-01T12:00:00Z") as world:
        world.waymark("apply", str(EXAMPLE / "playbook.yaml"))
        check_import(world, expected, folder)
        check_resegment(world)
        check_profiles(world, expected)
        check_decisions(world, expected)
        world.kill()
        world.start()
        check_profiles(world, expected)
        assert world.stop() == 0
    print("1 passed, 0 failed")


def spend_in_a_year(folder, households):
    first_day = (NOW - datetime.timedelta(days=365)).date()
    spend = collections.defaultdict(decimal.Decimal)
    for row in rows(folder, "transactions_sample"):
        at = datetime.datetime.fromisoformat(row["transaction_timestamp"].replace("Z", "+00:00"))
        if row["household_id"] in households and at.date() >= first_day and at <= NOW:
            spend[row["household_id"]] += decimal.Decimal(row["sales_value"])
    return lambda household: spend[household]


if __name__ == "__main__":
    main()
