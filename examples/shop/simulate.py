#!/usr/bin/env python3
"""Makes SYNTHETIC customers of a made-up outdoor shop, with about a year of plausible history each.

Nobody in these files exists. Writes customers.csv and events.csv into --out; import.yaml says how `waymark import` reads them.
The same --seed, --customers and --now give the same files, byte for byte, on every machine. Standard library only.

    simulate.py --out DIR [--customers 300] [--seed 7] [--now 2026-05-01T12:00:00Z]
"""

import argparse
import csv
import datetime
import os
import random
from collections import namedtuple

DAY = datetime.timedelta(days=1)
MINUTE = datetime.timedelta(minutes=1)

FIRST_NAMES = ("Anna Ben Carla David Elif Emil Emma Fabian Finn Greta Hannah Ida Jakob Jana Jonas Katharina Lea Leon Lina Lukas Marie Markus Maximilian "
               "Mia Mila Milan Noah Nora Olga Paul Petra Rosa Sarah Simon Sofia Stefan Thea Theo Ursula Valentin Wolfgang Yusuf Zoe").split()
CITIES = {"DE": "Berlin Bremen Dresden Freiburg Hamburg Kempten Köln Leipzig München Rosenheim Stuttgart".split(),
          "AT": "Bregenz Graz Innsbruck Klagenfurt Linz Salzburg Wien".split()}
INTERESTS = "bouldering camping climbing cycling hiking running skiing travel".split()

# How a kind of customer behaves.
#   share       of all customers
#   since       first contact: between these many days ago
#   quiet       the last visit was about this many days ago, at the latest
#   every       days between visits, on average
#   cart, buy   probability that a visit fills the cart, and that a filled cart is bought
#   basket      a purchase's typical value in EUR
#   happy       probability that a purchase is followed by using, rating and telling others
Kind = namedtuple("Kind", "name share since quiet every cart buy basket happy")
KINDS = [
    Kind("newcomer",   0.16, (1, 20),    0,   4, 0.15, 0.10,  60, 0.1),
    Kind("window",     0.16, (40, 300),  1,   9, 0.10, 0.02,  50, 0.0),
    Kind("hesitant",   0.12, (20, 200),  1,   8, 0.70, 0.12,  80, 0.2),
    Kind("occasional", 0.20, (120, 380), 8,  35, 0.50, 0.65,  75, 0.3),
    Kind("regular",    0.14, (150, 390), 3,  20, 0.50, 0.75,  85, 0.5),
    Kind("champion",   0.08, (200, 395), 1,  12, 0.55, 0.85, 140, 0.8),
    Kind("drifting",   0.08, (220, 395), 95, 25, 0.50, 0.70,  90, 0.2),
    Kind("gone",       0.06, (300, 395), 200, 30, 0.50, 0.60, 70, 0.1),
]


# What an event may be about, and where each happens; what is not here is about nothing in particular, at the channel's front page.
CATEGORIES = ("shoes", "jackets", "tents", "backpacks", "climbing", "ski")
ABOUT_PRODUCTS = {"view_item", "add_to_cart", "add_to_wishlist", "purchase", "use_product", "rate_product", "return_parcel", "refund"}
PLACES = {"view_item": "product_page", "add_to_cart": "product_page", "add_to_wishlist": "product_page", "view_cart": "cart",
          "begin_checkout": "checkout", "add_shipping_info": "checkout", "add_payment_info": "checkout", "purchase": "checkout",
          "search": "search", "newsletter_open": "newsletter", "newsletter_click": "newsletter", "contact_support": "help", "complaint": "help",
          "csat": "help", "nps": "survey", "rate_product": "product_page", "return_parcel": "help", "refund": "help"}
COMPLAINTS = ("The parcel came late, and open.", "Wrong size, again.", "The zip broke on the first day.", "Nobody answers the phone.")


class History:
    """One customer's events, in the order they were made; each with its own id. `taste` draws what they are about, and where, `feelings` how they felt."""

    def __init__(self, customer, now, taste, feelings, app_share):
        self.customer, self.now, self.rows = customer, now, []
        self.taste, self.feelings, self.app_share = taste, feelings, app_share
        self.favourites = taste.sample(CATEGORIES, 2)

    def about(self, event):
        if event not in ABOUT_PRODUCTS:
            return ""
        return self.taste.choice(self.favourites if self.taste.random() < 0.8 else CATEGORIES)

    def place(self, event):
        if event == "store_visit":
            return ""  # no channel of the playbook
        channel = "email" if event.startswith("newsletter") else "app" if self.taste.random() < self.app_share else "web"
        return f"{channel}/{PLACES.get(event, 'home')}"

    def asked(self, time, event, mean, most, share):
        """Adds a survey's answer, if the customer gives one: around `mean`, at most `most`."""
        if self.feelings.random() < share:
            self.add(time, event, score=min(most, max(0 if event == "nps" else 1, round(self.feelings.gauss(mean, most / 5)))))

    def complain(self, time):
        if self.feelings.random() < 0.4:
            self.add(time, "complaint", sentiment=round(self.feelings.uniform(-1, -0.3), 2), text=self.feelings.choice(COMPLAINTS))

    def add(self, time, event, value=None, score=None, sentiment=None, text=""):
        """Adds an event, unless it lies in the future."""
        if time <= self.now:
            number = len(self.rows) + 1
            self.rows.append((f"{self.customer}-{number:04}", self.customer, rfc3339(time), event, "" if value is None else f"{value:.2f}",
                              self.about(event), self.place(event), "" if score is None else score, "" if sentiment is None else sentiment, text))
            return True
        return False


def rfc3339(time):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def visit_time(rng, day):
    """Evenings more than mornings, weekends all day."""
    peak = 14 if day.weekday() >= 5 else 19
    hour = min(23, max(7, round(rng.gauss(peak, 3))))
    return day.replace(hour=hour, minute=rng.randrange(60), second=rng.randrange(60), microsecond=0)


def season(day):
    """How busy the shop is: before Christmas and before the summer holidays more, in January less."""
    return {1: 0.7, 6: 1.2, 7: 1.2, 11: 1.4, 12: 1.5}.get(day.month, 1.0)


def make_visit(rng, history, kind, time):
    """A visit: look around, perhaps fill the cart, perhaps buy."""
    history.add(time, "page_view")
    if rng.random() < 0.4:
        history.add(time + MINUTE, "search")
    if rng.random() < 0.25:
        history.add(time + MINUTE, "view_promotion")
        if rng.random() < 0.35:
            history.add(time + 2 * MINUTE, "select_promotion")
    for i in range(rng.choice((1, 1, 2, 2, 3, 5))):
        history.add(time + (3 + 2 * i) * MINUTE, "view_item")
    if rng.random() < 0.1:
        history.add(time + 14 * MINUTE, "add_to_wishlist")
    if rng.random() >= kind.cart * season(time):
        return
    history.add(time + 15 * MINUTE, "add_to_cart")
    history.add(time + 16 * MINUTE, "view_cart")
    if rng.random() < kind.buy:
        buy(rng, history, kind, time + 18 * MINUTE)
    elif rng.random() < 0.3:
        history.add(time + 18 * MINUTE, "begin_checkout")


def buy(rng, history, kind, time):
    history.add(time, "begin_checkout")
    history.add(time + 2 * MINUTE, "add_shipping_info")
    history.add(time + 3 * MINUTE, "add_payment_info")
    value = round(min(900.0, max(9.9, rng.lognormvariate(0, 0.5) * kind.basket)), 2)
    if not history.add(time + 4 * MINUTE, "purchase", value):
        return
    after = time + rng.uniform(3, 6) * DAY
    chance = rng.random()
    history.asked(after + 10 * DAY, "nps", 5 + 5 * kind.happy if chance >= 0.13 else 4, 10, 0.15)
    if chance < 0.08:
        history.add(after, "return_parcel")
        history.complain(after + DAY)
        history.add(after + 4 * DAY, "refund", value)
    elif chance < 0.13:
        history.add(after, "contact_support")
        history.asked(after + DAY, "csat", 3, 5, 0.5)
    elif rng.random() < kind.happy:
        history.add(after, "use_product")
        if rng.random() < 0.2:
            history.asked(after + 6 * DAY, "rate_product", 4.3, 5, 1)
        if rng.random() < 0.08:
            history.add(after + 8 * DAY, rng.choice(("share", "refer_friend")))


def make_customer(rng, taste, feelings, number, now):
    """A customer's traits and history."""
    kind = rng.choices(KINDS, [kind.share for kind in KINDS])[0]
    customer = f"c{number:04}"
    country = rng.choices(("DE", "AT", "CH"), (70, 27, 3))[0]
    age = min(82, max(18, round(rng.gauss(39, 13))))
    start = now - rng.uniform(*kind.since) * DAY
    end = now - kind.quiet * DAY * rng.uniform(1.0, 1.4)
    email = rng.random() < (0.45 if kind.name in ("newcomer", "window") else 0.75)
    app = rng.random() < (0.5 if age < 40 else 0.2)
    club = kind.name in ("regular", "champion") and rng.random() < 0.7
    row = {
        "customer": customer,
        "first_name": rng.choice(FIRST_NAMES) if rng.random() < 0.92 else "",
        "age": age if rng.random() < 0.85 else "",
        "country": country,
        "city": rng.choice(CITIES[country]) if country in CITIES else "",
        "preferred_channel": rng.choices(("web", "email", "app"), (50, 35, 15))[0],
        "club_member": "true" if club else "false",
        "customer_since": rfc3339(start),
        "interests": ";".join(sorted(rng.sample(INTERESTS, rng.choice((0, 1, 1, 2, 3))))),
        "personalization": "true" if rng.random() < 0.85 else "false",
        "email_marketing": "true" if email else "false",
        "push_messages": "true" if app else "false",
    }

    history = History(customer, now, taste, feelings, 0.6 if row["preferred_channel"] == "app" else 0.1 if app else 0)
    if email or club:
        history.add(visit_time(rng, start), "sign_up")
    if club:
        history.add(visit_time(rng, start + 10 * DAY), "club_join")
    day = start
    while day <= end:
        make_visit(rng, history, kind, visit_time(rng, day))
        if email and rng.random() < 0.4:
            opened = visit_time(rng, day + 2 * DAY)
            history.add(opened, "newsletter_open")
            if rng.random() < 0.35:
                history.add(opened + 2 * MINUTE, "newsletter_click")
        if country == "AT" and rng.random() < 0.05:
            history.add(visit_time(rng, day + 3 * DAY), "store_visit")
        day += max(0.5, rng.expovariate(1 / kind.every)) * DAY
    return row, history.rows


def simulate(customers, seed, now):
    # A generator of its own for each: a customer stays the same person whatever --customers and --now are.
    made = [make_customer(random.Random(f"{seed}/{number}"), random.Random(f"{seed}/{number}/taste"),
                          random.Random(f"{seed}/{number}/feelings"), number, now)
            for number in range(1, customers + 1)]
    return [row for row, _ in made], [event for _, events in made for event in events]


def write(folder, customers, events):
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "customers.csv"), "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(customers[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(customers)
    # In order of time, as a shop's own export would be.
    with open(os.path.join(folder, "events.csv"), "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("event_id", "customer", "time", "event", "value_eur", "category", "touchpoint", "score", "sentiment", "text"))
        writer.writerows(sorted(events, key=lambda event: (event[2], event[0])))


def parse_time(text):
    time = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    if time.tzinfo is None:
        raise argparse.ArgumentTypeError("needs a time zone: 2026-05-01T12:00:00Z")
    return time.astimezone(datetime.timezone.utc)


def main():
    parser = argparse.ArgumentParser(description="Makes synthetic customers and their history.")
    parser.add_argument("--out", required=True, help="the folder to write customers.csv and events.csv into")
    parser.add_argument("--customers", type=int, default=300)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--now", type=parse_time, default=None, help="RFC 3339; histories end before it. Default: now")
    arguments = parser.parse_args()
    if arguments.customers < 1:
        parser.error("--customers: at least 1")
    now = arguments.now or datetime.datetime.now(datetime.timezone.utc)
    customers, events = simulate(arguments.customers, arguments.seed, now)
    write(arguments.out, customers, events)
    print(f"{len(customers)} synthetic customers with {len(events)} events in {arguments.out}")


if __name__ == "__main__":
    main()
