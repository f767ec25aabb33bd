"""Where customers stood, computed from their raw events by the rules of a journey as README.md tells them: a second implementation, to compare the service with.

A rule sees windows of whole days (UTC), the one in which they begin included. A customer stands in the furthest stage whose rule holds; once there, stays until that rule
does not hold any more and the stage is left by its other rule or by its timeout, but for the minimum dwell at least; then falls back to the furthest earlier stage whose rule holds. A move is
dated by the event that made it; one that time made, by the moment in which the time ran out, or the first whole hour in which the rules said so.
"""

import bisect
import collections
import dataclasses
import typing

HOUR, DAY = 3600, 86400
NEVER = float("inf")


class History:
    """What happened so far, as rules see it. Times are whole seconds (UTC)."""

    def __init__(self):
        self.times = collections.defaultdict(list)  # ascending

    def add(self, kind, at):
        bisect.insort(self.times[kind], at)

    def count(self, kind, days, now):
        times = self.times[kind]
        first_day = (now - days * DAY) // DAY
        return bisect.bisect_left(times, (now // DAY + 1) * DAY) - bisect.bisect_left(times, first_day * DAY)

    def ever(self, kind):
        return bool(self.times[kind])

    def days_since(self, kind, now):
        """None: it never did, and a rule that asks errs."""
        return (now - self.times[kind][-1]) // DAY if self.times[kind] else None


@dataclasses.dataclass
class Stage:
    name: str
    enter: typing.Callable = lambda h, now: True
    leave: typing.Callable = None
    timeout: float = NEVER
    minimum_dwell: float = 0
    # Days of `days_since` at which a rule of this stage changes, by the kind of event.
    turns: dict = dataclasses.field(default_factory=dict)


def since(h, kind, now, holds):
    days = h.days_since(kind, now)
    return days is not None and holds(days)


def six_stages():
    def any_of(h, now, days, *kinds):
        return sum(h.count(kind, days, now) for kind in kinds)

    return [
        Stage("awareness"),
        Stage("interest", lambda h, now: h.count("view_item", 30, now) >= 2 or h.count("search", 30, now) >= 1
              or h.count("view_item_list", 30, now) >= 3 or h.count("sign_up", 30, now) >= 1, timeout=60 * DAY),
        Stage("consideration", lambda h, now: any_of(h, now, 14, "add_to_cart", "add_to_wishlist", "begin_checkout", "view_cart") >= 1,
              timeout=21 * DAY),
        Stage("purchase", lambda h, now: h.count("purchase", 30, now) >= 1, timeout=90 * DAY),
        Stage("usage", lambda h, now: h.ever("purchase") and (
            h.count("use_product", 90, now) >= 1 or h.count("contact_support", 30, now) >= 1 or h.count("purchase", 180, now) >= 2),
              timeout=180 * DAY),
        Stage("advocacy", lambda h, now: h.ever("purchase") and any_of(h, now, 365, "share", "refer_friend", "rate_product") >= 1,
              timeout=365 * DAY),
    ]


def grocer_stages():
    """Of examples/complete_journey: the preset's stages with other rules; its timeouts hold all the same."""
    def campaigns(h, now):
        return sum(h.count(f"campaign_{kind}_received", 180, now) for kind in "abc")

    return [
        Stage("awareness"),
        Stage("interest", lambda h, now: campaigns(h, now) >= 1, lambda h, now: True, timeout=60 * DAY),
        Stage("consideration", lambda h, now: h.count("purchase", 60, now) >= 1,
              lambda h, now: since(h, "purchase", now, lambda days: days > 60), timeout=21 * DAY, turns={"purchase": [61]}),
        Stage("purchase", lambda h, now: h.count("purchase", 30, now) >= 2,
              lambda h, now: since(h, "purchase", now, lambda days: days > 30), timeout=90 * DAY, turns={"purchase": [31]}),
        Stage("usage", lambda h, now: h.count("purchase", 90, now) >= 8 and since(h, "purchase", now, lambda days: days <= 14),
              lambda h, now: since(h, "purchase", now, lambda days: days > 30), timeout=180 * DAY, minimum_dwell=7 * DAY,
              turns={"purchase": [15, 31]}),
        Stage("advocacy", lambda h, now: h.count("coupon_redeemed", 180, now) >= 2 and h.count("purchase", 90, now) >= 5,
              lambda h, now: since(h, "purchase", now, lambda days: days > 45) or since(h, "coupon_redeemed", now, lambda days: days > 180),
              timeout=365 * DAY, minimum_dwell=14 * DAY, turns={"purchase": [46], "coupon_redeemed": [181]}),
    ]


class Walker:
    """One customer's way: self.stays is a list of (index of the stage, since), the oldest first."""

    def __init__(self, stages):
        self.stages = stages
        self.history = History()
        self.stays = []
        self.as_of = None

    def furthest(self, end, now):
        for i in range(end - 1, 0, -1):
            if self.stages[i].enter(self.history, now):
                return i
        return 0

    def next(self, now):
        """The stage at `now` for who stands where the last stay is."""
        current, entered = self.stays[-1]
        furthest = self.furthest(len(self.stages), now)
        if furthest > current:
            return furthest
        dwelt = now - entered
        while current > 0 and self.has_left(self.stages[current], dwelt, now):
            current, dwelt = self.furthest(current, now), 0
        return current

    def has_left(self, stage, dwelt, now):
        if dwelt < stage.minimum_dwell or stage.enter(self.history, now):
            return False
        return dwelt >= stage.timeout or (stage.leave is not None and stage.leave(self.history, now))

    def turns(self, until):
        """When something may change by time alone after the last look and before `until`, ascending."""
        stage, entered = self.stages[self.stays[-1][0]], self.stays[-1][1]
        moments = {entered + stage.timeout, entered + stage.minimum_dwell}
        # Windows of days change at midnight.
        moments.update(range((self.as_of // DAY + 1) * DAY, until, DAY))
        for each in self.stages:
            for kind, days in each.turns.items():
                if self.history.times[kind]:
                    moments.update(-(-(self.history.times[kind][-1] + n * DAY) // HOUR) * HOUR for n in days)
        return sorted(moment for moment in moments if self.as_of < moment < until)

    def wait(self, until):
        """What time alone moves before `until`."""
        moved = bool(self.stays)
        while moved:
            moved = False
            for moment in self.turns(until):
                stage = self.next(moment)
                if stage != self.stays[-1][0]:
                    self.stays.append((stage, moment))
                    self.as_of = moment
                    moved = True
                    break

    def happen(self, at, kinds):
        """All events of one moment. REQUIRES: after those before."""
        self.wait(at)
        for kind in kinds:
            self.history.add(kind, at)
        self.look(at)

    def look(self, at):
        self.as_of = at
        if not self.stays:
            self.stays.append((self.furthest(len(self.stages), at), at))
        elif (stage := self.next(at)) != self.stays[-1][0]:
            self.stays.append((stage, at))


def walk(stages, events, now):
    """`events`: (at, kind), in any order. The stays of the customer, as of `now`."""
    walker = Walker(stages)
    by_time = collections.defaultdict(list)
    for at, kind in events:
        by_time[at].append(kind)
    for at in sorted(by_time):
        walker.happen(at, by_time[at])
    walker.wait(now)
    walker.look(now)
    return walker.stays
