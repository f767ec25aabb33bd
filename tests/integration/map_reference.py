"""A journey map counted from what road.py says of each customer: a second implementation of what proto/waymark/v1/journey.proto defines, to compare maps with.

Exact but for quantiles of times, which maps give within 2 %.
"""

import collections
import math

DAY = 86400
MILLION = 1_000_000


class Reference:
    """`customers`: (stays, touches, orders) of each: (index of the stage, since) of the stays that are kept, the oldest first; (at, kind, touchpoint) of the touches that are kept; (at, micros) of
    all orders. The period is start <= at < end, both None or seconds; `start` None: open."""

    def __init__(self, names, customers, start, end):
        self.names, self.start, self.end = names, start if start is not None else -math.inf, end
        self.stages = [collections.Counter() for _ in names]
        self.moves = [collections.Counter() for _ in names]
        self.dwell = [[] for _ in names]
        self.velocity = [[] for _ in names]
        self.touchpoints = collections.defaultdict(collections.Counter)
        self.cells = collections.defaultdict(collections.Counter)
        self.cell_events = collections.defaultdict(collections.Counter)
        self.kpis = collections.Counter()
        self.furthest = collections.Counter()
        self.paths = collections.Counter()
        self.deviations = collections.Counter()
        self.customers = 0
        for each in customers:
            self.count(*each)

    def has(self, at):
        return self.start <= at < self.end

    def count(self, stays, touches, orders):
        visits = [(stage, entered, left) for (stage, entered), (_, left) in zip(stays, [*stays[1:], (None, math.inf)])]
        in_visit = [[] for _ in visits]
        for at, kind, touchpoint in touches:
            number = max((i for i, (_, entered, _) in enumerate(visits) if at > entered), default=0)
            if self.has(at):
                in_visit[number].append((at, kind, touchpoint))
        present, entered_stages, touchpoints, cells, path = set(), set(), set(), set(), []
        for (stage, entered, left), seen in zip(visits, in_visit):
            counts = self.stages[stage]
            if not ((entered < self.end and left > self.start) or self.has(left) or seen):
                continue
            present.add(stage)
            path.append(stage)
            if self.has(entered):
                counts["entries"] += 1
                entered_stages.add(stage)
            if entered < self.end <= left:
                counts["standing"] += 1
            for at, kind, touchpoint in seen:
                counts["volume"] += 1
                self.touchpoints[touchpoint]["volume"] += 1
                self.cells[stage, touchpoint]["volume"] += 1
                self.cell_events[stage, touchpoint][kind] += 1
                touchpoints.add(touchpoint)
                cells.add((stage, touchpoint))
        for (stage, entered, left), (after, _, _), seen in zip(visits, visits[1:], in_visit):
            if self.has(left):
                self.end_stay(stage, left - entered, after, {touchpoint for at, _, touchpoint in seen if at < left})
        for stage in present:
            self.stages[stage]["present"] += 1
        for stage in entered_stages:
            self.stages[stage]["customers"] += 1
        for touchpoint in touchpoints:
            self.touchpoints[touchpoint]["customers"] += 1
        for cell in cells:
            self.cells[cell]["customers"] += 1
        if present:
            self.customers += 1
            self.furthest[max(present)] += 1
            self.paths[tuple(path)] += 1
            self.follow(visits)
        self.order(orders)

    def end_stay(self, stage, took, after, touchpoints):
        self.moves[stage][after] += 1
        self.dwell[stage].append(took)
        progressed = after > stage
        self.stages[stage]["ended"] += 1
        self.stages[stage]["progressed" if progressed else "dropped"] += 1
        if progressed:
            self.velocity[stage].append(took)
        for touchpoint in touchpoints:
            self.cells[stage, touchpoint]["ended"] += 1
            self.cells[stage, touchpoint]["progressed"] += progressed

    def follow(self, visits):
        moves = [(stage, after) for (stage, _, left), (after, _, _) in zip(visits, visits[1:]) if self.has(left)]
        while moves and moves[0][0] != 0:
            moves.pop(0)
        if not moves:
            return
        self.kpis["left_first"] += 1
        for stage, after in moves:
            if after != stage + 1:
                self.deviations[stage, after] += 1
                return
        self.kpis["followed"] += 1

    def order(self, orders):
        """By days, the first and the last of the period whole."""
        first_day = self.start // DAY if self.start > -math.inf else -math.inf
        last_day = math.ceil(self.end / DAY) - 1
        orders = sorted((at // DAY, micros) for at, micros in orders)
        within = [(day, micros) for day, micros in orders if first_day <= day <= last_day]
        self.kpis["revenue"] += sum(micros for _, micros in within)
        if within:
            self.kpis["buyers"] += 1
            until_the_end = sum(day <= last_day for day, _ in orders)
            self.kpis["repeat_buyers"] += until_the_end >= 2

    def differences(self, found):
        """What of the map in JSON is not so."""
        wrong = []

        def same(what, got, wanted):
            if got != wanted:
                wrong.append(f"{what}: {got} for {wanted}")

        def share(what, got, count, of):
            same(what, (int(got.get("count", 0)), int(got.get("of", 0))), (count, of))

        same("customers", int(found["customers"]), self.customers)
        same("stages", [stage["stage"] for stage in found["stages"]], self.names)
        for i, stage in enumerate(found["stages"]):
            name, counts = self.names[i], self.stages[i]
            for field in ("entries", "customers", "present", "standing", "volume"):
                same(f"{name}.{field}", int(stage.get(field, 0)), counts[field])
            share(f"{name}.progressed", stage.get("progressed", {}), counts["progressed"], counts["ended"])
            share(f"{name}.dropped", stage.get("dropped", {}), counts["dropped"], counts["ended"])
            same(f"{name}.moves", {move["to_stage"]: int(move["count"]) for move in stage.get("moves", [])},
                 {self.names[after]: count for after, count in self.moves[i].items()})
            for field, times, quantile in (("dwell_median", self.dwell[i], 0.5), ("dwell_p90", self.dwell[i], 0.9), ("velocity_median", self.velocity[i], 0.5)):
                if not is_quantile(stage.get(field), times, quantile):
                    wrong.append(f"{name}.{field}: {stage.get(field)} of {len(times)}")
        touchpoints = {each["touchpoint"]: (int(each.get("volume", 0)), int(each.get("customers", 0))) for each in found["touchpoints"]}
        same("touchpoints", {name: counts for name, counts in touchpoints.items() if counts != (0, 0)},
             {name: (counts["volume"], counts["customers"]) for name, counts in self.touchpoints.items()})
        cells = {(each["stage"], each["touchpoint"]): each for each in found["cells"] if int(each.get("volume", 0)) > 0}
        same("cells", set(cells), {(self.names[stage], touchpoint) for stage, touchpoint in self.cells if self.cells[stage, touchpoint]["volume"]})
        for (stage, touchpoint), counts in self.cells.items():
            cell = cells.get((self.names[stage], touchpoint))
            if cell is None:
                continue
            what = f"{self.names[stage]} at {touchpoint}"
            same(what, (int(cell["volume"]), int(cell["customers"])), (counts["volume"], counts["customers"]))
            share(f"{what}.progressed", cell.get("progressed", {}), counts["progressed"], counts["ended"])
            same(f"{what}.events", {each["event"]: int(each["volume"]) for each in cell["events"]}, dict(self.cell_events[stage, touchpoint]))
        self.compare_kpis(found, same, share)
        return wrong

    def compare_kpis(self, found, same, share):
        kpis = found["kpis"]
        same("revenue", int(kpis["revenue"]["micros"]), self.kpis["revenue"])
        share("repeat_buyers", kpis["repeat_buyers"], self.kpis["repeat_buyers"], self.kpis["buyers"])
        for i, reach in enumerate(kpis["reach"]):
            share(f"reach of {reach['stage']}", reach["reached"], sum(count for stage, count in self.furthest.items() if stage >= i), self.customers)
        conformance = found["conformance"]
        share("followed", conformance["followed"], self.kpis["followed"], self.kpis["left_first"])
        if len(self.deviations) <= 20:
            same("deviations", {(each["from_stage"], each["actual_stage"]): int(each["customers"]) for each in conformance.get("deviations", [])},
                 {(self.names[stage], self.names[after]): count for (stage, after), count in self.deviations.items()})
        wanted = collections.Counter()
        for path, count in self.paths.items():
            wanted[tuple(self.names[stage] for stage in path[:10]), len(path) > 10] += count
        for each in conformance["paths"]:
            same(f"path {each['stages']}", int(each["customers"]), wanted[tuple(each["stages"]), each.get("longer", False)])


def is_quantile(text, times, quantile):
    """Between the ranks beside the quantile, within 2 % and a second."""
    if not times:
        return text is None
    if text is None:
        return False
    times = sorted(times)
    place = quantile * (len(times) - 1)
    # Ranks are told apart by definitions of the quantile; one on either side is right by some.
    low, high = times[max(0, math.floor(place) - 1)], times[min(len(times) - 1, math.ceil(place) + 1)]
    return low * 0.98 - 1 <= float(text.removesuffix("s")) <= high * 1.02 + 1
