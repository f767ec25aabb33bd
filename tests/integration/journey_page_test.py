"""The pictures of a journey's map in a real browser: what is drawn and written equals the message; nothing is loaded, run or complained of.

Maps come from journey_pictures. Skipped where no Chromium is installed."""

import argparse
import http.server
import json
import pathlib
import re
import subprocess
import tempfile
import threading
import xml.etree.ElementTree

import browser
import harness

LANGUAGES = ("de", "en")
WIDTHS = (1920, 1440, 1280, 1024)  # a laptop's and more
STEP_COLOURS = ("rgb(166, 60, 6)", "rgb(217, 119, 43)", "rgb(140, 138, 133)", "rgb(75, 143, 196)", "rgb(28, 92, 156)")


class Network(http.server.ThreadingHTTPServer):
    """Where every name of the network leads: counts who asks. A context manager."""

    def __init__(self):
        self.asked = []
        network = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):  # pylint: disable=invalid-name
                network.asked.append(self.path)
                self.send_error(404)

            def log_message(self, *unused):  # pylint: disable=arguments-differ
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def __exit__(self, *unused):
        self.shutdown()
        super().__exit__(*unused)


class Numbers:
    """Numbers as a language writes them."""

    def __init__(self, language):
        self.group, self.point = (".", ",") if language == "de" else (",", ".")
        self.percent_sign = "\u00a0%" if language == "de" else "%"

    def read(self, text):
        """The first number in the text."""
        found = re.search(rf"[+\u2212±]?\d[\d{re.escape(self.group)}]*({re.escape(self.point)}\d+)?", text)
        assert found, text
        return float(found.group().replace(self.group, "").replace(self.point, ".").replace("\u2212", "-").replace("±", ""))

    def percent(self, text):
        assert self.percent_sign in text, text
        return self.read(text) / 100


def step(mean):
    return (mean > -0.5) + (mean > -0.15) + (mean >= 0.15) + (mean >= 0.5)


def near(number, wanted, within):
    assert abs(number - wanted) <= within * 1.0001, (number, wanted, within)


# ---- what is read from the page ----------------------------------------------------------------------------------------------

CARDS = """[...document.querySelectorAll('[data-kpi]')].map(card =>
  [card.dataset.kpi, {value: Number(card.dataset.value), text: card.querySelector('.value').innerText}])"""

FIGURES = """[...document.querySelectorAll('tr.figure')].map(row => [row.dataset.figure, Object.fromEntries(
  [...row.querySelectorAll('td')].map(cell => [cell.dataset.stage, cell.innerText]))])"""

CELLS = """[...document.querySelectorAll('td.cell[data-touchpoint]')].map(cell => {
  const bar = cell.querySelector('.bar i'), face = cell.querySelector('.face');
  return {stage: cell.dataset.stage, touchpoint: cell.dataset.touchpoint, text: cell.innerText, expected: cell.classList.contains('expected'),
          volume: cell.querySelector('.volume')?.innerText, feeling: cell.querySelector('.feel')?.innerText,
          face: face?.getAttribute('aria-label'), faceWidth: face?.getBoundingClientRect().width,
          width: bar?.getBoundingClientRect().width, track: bar?.parentElement.getBoundingClientRect().width,
          colour: bar ? getComputedStyle(bar).backgroundColor : null}})"""

BLOCKS = """[...document.querySelectorAll('.road .block')].map(block => block.getBoundingClientRect().height)"""

RIBBONS = """[...document.querySelectorAll('.road path.flow')].length"""

POINTS = """[...document.querySelectorAll('.feeling')].map(point => [point.innerText, point.querySelector('.face').getBoundingClientRect().y])"""

# Text below the contrast of WCAG AA: 4.5 : 1, or 3 : 1 where it is large. What is behind it is the nearest opaque ground.
PALE = """(() => {
  const parse = colour => { const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
    canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); return [...canvas.getImageData(0, 0, 1, 1).data]; };
  const light = colour => { const [r, g, b] = colour.map(c => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const ground = element => { for (; element; element = element.parentElement) {
      const colour = parse(getComputedStyle(element).backgroundColor); if (colour[3] == 255) return colour; }
    return [255, 255, 255, 255]; };
  const pale = new Set(), walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement, style = getComputedStyle(element);
    if (!walker.currentNode.data.trim() || !element.checkVisibility() || element.closest('.sr')) continue;
    const [one, other] = [light(parse(style.color)), light(ground(element))];
    const contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    const size = parseFloat(style.fontSize), large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    if (contrast < (large ? 3 : 4.5)) pale.add(`${element.className} ${contrast.toFixed(2)}: ${walker.currentNode.data.slice(0, 30)}`);
  }
  return [...pale]; })()"""


# Names of stages that are one word, and are broken all the same.
BROKEN = """[...document.querySelectorAll('.map thead .name')].filter(name => !/\\s/.test(name.innerText.trim()) &&
  name.getBoundingClientRect().height > 1.5 * parseFloat(getComputedStyle(name).lineHeight)).map(name => name.innerText)"""


def check_data(page, message):
    """The message itself is in the page."""
    assert json.loads(page.look("document.getElementById('waymark-map').textContent")) == message


def check_cards(page, journey, numbers):
    cards = dict(page.look(CARDS))
    kpis = journey["kpis"]
    near(cards["customers"]["value"], int(journey["customers"]), 0)
    near(numbers.read(cards["customers"]["text"]), int(journey["customers"]), 0)
    near(numbers.read(cards["nps"]["text"]), kpis["nps"]["score"], 0.5)
    for name in ("csat", "ces", "rating"):
        near(cards[name]["value"], kpis[name]["mean"], 1e-9)
        near(numbers.read(cards[name]["text"]), kpis[name]["mean"], 0.005)
    for name in ("repeat_buyers", "churned", "onboarded", "advocates"):
        near(cards[name]["value"], kpis[name]["share"], 1e-9)
        near(numbers.percent(cards[name]["text"]), kpis[name]["share"], 0.0005)
    near(numbers.read(cards["revenue"]["text"]), int(kpis["revenue"]["micros"]) / 1e6, 0.5)
    near(numbers.read(cards["lifetime_value"]["text"]), kpis["lifetime_value"], 0.005)
    assert "€" in cards["revenue"]["text"]
    assert len(cards) == 12, cards.keys()


def check_figures(page, journey, numbers):
    figures = dict(page.look(FIGURES))
    for stage in journey["stages"]:
        said = {name: cells[stage["stage"]] for name, cells in figures.items()}
        near(numbers.read(said["customers"]), int(stage["customers"]), 0)
        near(numbers.read(said["standing"]), int(stage["standing"]), 0)
        near(numbers.percent(said["progressed"]), stage["progressed"]["share"], 0.0005)
        near(numbers.percent(said["dropped"]), stage["dropped"]["share"], 0.0005)
        near(numbers.read(said["value"]), int(stage["value"]["micros"]) / 1e6, 0.005)
        moves = sorted(stage["moves"], key=lambda move: -int(move["count"]))[:4]
        for move, line in zip(moves, said["moves"].splitlines(), strict=True):
            near(numbers.percent(line), move["share"], 0.005)
    for reach in journey["kpis"]["reach"]:
        near(numbers.percent(figures["reached"][reach["stage"]]), reach["reached"]["share"], 0.0005)


def check_cell(said, cell, most, numbers):
    assert said["expected"] == cell["expected"], cell
    if int(cell["volume"]) == 0:
        assert said["text"] in ("erwartet, aber leer", "expected, but empty"), said
        return
    near(numbers.read(said["volume"]), int(cell["volume"]), 0)
    near(said["width"], max(3, said["track"] * int(cell["volume"]) / most), 2)
    assert said["faceWidth"] > 10, said  # it is drawn
    if "emotion" in cell:
        mean = cell["emotion"]["mean"]
        near(numbers.read(said["feeling"]), mean, 0.005)
        assert said["colour"] == STEP_COLOURS[step(mean)], (said, mean)
    else:
        assert said["feeling"].strip() == "" and said["face"] in ("zu wenige Antworten", "too few answers"), said


def check_cells(page, journey, numbers):
    said = {(cell["stage"], cell["touchpoint"]): cell for cell in page.look(CELLS)}
    most = max(int(cell["volume"]) for cell in journey["cells"])
    for cell in (cell for cell in journey["cells"] if cell["stage"]):
        check_cell(said.pop((cell["stage"], cell["touchpoint"])), cell, most, numbers)
    assert not said, said


def check_road(page, journey, numbers):
    """Heights by volume, and the line of emotions goes up where they do."""
    stays = [max(int(stage["entries"]), sum(int(move["count"]) for move in stage["moves"])) for stage in journey["stages"]]
    heights = page.look(BLOCKS)
    for stay, height in zip(stays, heights, strict=True):
        near(height, max(5, heights[0] * stay / stays[0]), 1)
    order = [stage["stage"] for stage in journey["stages"]]
    assert page.look(RIBBONS) == sum(order.index(move["to_stage"]) > i for i, stage in enumerate(journey["stages"]) for move in stage["moves"])
    points = page.look(POINTS)
    for stage, (text, _) in zip(journey["stages"], points, strict=True):
        near(numbers.read(text), stage["emotion"]["mean"], 0.005)
    means = [stage["emotion"]["mean"] for stage in journey["stages"]]
    assert [y for _, y in sorted(zip(means, (y for _, y in points)), reverse=True)] == sorted(y for _, y in points)


def check_findings(page, journey, numbers):
    pains = page.look("[...document.querySelectorAll('[data-pain]')].map(item => [item.dataset.pain, item.dataset.touchpoint, item.dataset.lost, item.innerText])")
    assert [(pain["stage"], pain["touchpoint"], pain["customers_lost"]) for pain in journey["pain_points"]] == [tuple(said[:3]) for said in pains]
    texts = [said[3] for said in pains]
    near(numbers.percent(texts[0].split("\n")[-1]), journey["pain_points"][0]["here"]["share"], 0.0005)
    chances = page.look("[...document.querySelectorAll('[data-opportunity]')].map(item => item.querySelector('p:not(.title) b').innerText)")
    for chance, text in zip(journey["opportunities"], chances, strict=True):
        near(numbers.read(text) / 100, chance["gain"], 0.0005)
    paths = page.look("[...document.querySelectorAll('.paths li > b')].map(count => count.innerText)")
    assert {numbers.read(text) for text in paths} >= {int(path["customers"]) for path in journey["conformance"]["paths"]}
    heat = page.look("[...document.querySelectorAll('.heat')].map(cell => [cell.dataset.count, cell.innerText])")
    assert len(heat) == sum(len(cohort["active"]) for cohort in journey["kpis"]["cohorts"])


def check_details(page, journey, numbers):
    """A cell opens its details by the keyboard, and Escape closes them."""
    button = "document.querySelector('td[data-stage=consideration][data-touchpoint=\"web/checkout\"] button')"
    assert page.look("document.querySelectorAll(':popover-open').length") == 0
    page.look(f"{button}.focus()")
    for kind in ("keyDown", "keyUp"):
        page.command("Input.dispatchKeyEvent", type=kind, key="Enter", code="Enter", text="\r", windowsVirtualKeyCode=13)
    text = page.look("document.querySelector(':popover-open')?.innerText")
    cell = next(cell for cell in journey["cells"] if cell["stage"] == "consideration" and cell["touchpoint"] == "web/checkout")
    assert text and {int(cell["volume"]), int(cell["customers"])} <= {numbers.read(line) for line in text.splitlines() if re.match(r"\d", line)}, text
    for kind in ("keyDown", "keyUp"):
        page.command("Input.dispatchKeyEvent", type=kind, key="Escape", code="Escape", windowsVirtualKeyCode=27)
    assert page.look("document.querySelectorAll(':popover-open').length") == 0


def check_layout(page):
    """Nothing hangs out of the page on laptops, and all text can be read in light and dark."""
    for dark in (False, True):
        page.resize(1440, 1000, dark)
        assert page.look(PALE) == []
    for width in WIDTHS:
        page.resize(width, 1000)
        assert page.look("document.documentElement.scrollWidth <= innerWidth"), width
        assert width < 1280 or page.look(BROKEN) == [], width
    page.resize(1440, 1000)


def check_quiet(page, url, network):
    """The page asked for itself alone, said nothing, and nobody came over the network."""
    assert page.requests() == [url], page.requests()
    assert page.complaints() == [], page.complaints()
    assert not network.asked, network.asked


def check_sample(chromium, folder, network, language):
    url = (folder / f"sample.{language}.html").as_uri()
    message = json.loads((folder / "sample.json").read_text())
    page, numbers = chromium.open(url), Numbers(language)
    assert page.look("document.documentElement.lang") == language
    check_data(page, message)
    for check in (check_cards, check_figures, check_cells, check_road, check_findings, check_details):
        check(page, message["map"], numbers)
    check_layout(page)
    check_quiet(page, url, network)


def check_hostile(chromium, folder, network, language):
    """Names that try to be more are only names."""
    url = (folder / f"hostile.{language}.html").as_uri()
    page = chromium.open(url)
    check_data(page, json.loads((folder / "hostile.json").read_text()))
    assert page.look("document.title").endswith("]]></script><!-- & {0}")
    assert page.look("[document.scripts.length, document.images.length, document.querySelectorAll('body b b, body style').length]") == [1, 0, 0]
    assert page.look("document.querySelectorAll('tr.touchpoint[data-touchpoint*=\"<script>\"]').length") == 1
    check_quiet(page, url, network)


def check_huge(chromium, folder, network, language):
    """The most frequented touchpoints first, the others folded, and the map scrolls instead of the page."""
    url = (folder / f"huge.{language}.html").as_uri()
    page = chromium.open(url)
    assert page.look("document.querySelectorAll('tr.touchpoint').length") == 200
    shown = set(page.look("[...document.querySelectorAll('tr.touchpoint')].filter(row => row.checkVisibility()).map(row => row.dataset.touchpoint)"))
    volumes = {each["touchpoint"]: int(each["volume"]) for each in json.loads((folder / "huge.json").read_text())["map"]["touchpoints"]}
    assert len(shown) == 24
    assert min(volumes[name] for name in shown) >= max(volume for name, volume in volumes.items() if name not in shown)
    assert page.look("document.documentElement.scrollWidth <= innerWidth")
    assert page.look("(() => { const box = document.querySelector('.scroll'); return box.scrollWidth > 2 * box.clientWidth; })()")
    page.look("document.querySelector('details.rest').open = true")
    assert page.look("[...document.querySelectorAll('tr.touchpoint')].filter(row => row.checkVisibility()).length") == 200
    check_quiet(page, url, network)


def check_empty(chromium, folder, network, language):
    url = (folder / f"empty.{language}.html").as_uri()
    page = chromium.open(url)
    text = page.look("document.querySelector('[data-empty]').innerText")
    assert ("noch niemand unterwegs" if language == "de" else "Nobody is on this road yet") in text, text
    assert page.look("document.querySelectorAll('table, [data-kpi]').length") == 0
    check_quiet(page, url, network)


def check_svg(chromium, folder, network, language):
    for name in ("sample", "hostile", "huge", "empty"):
        url = (folder / f"{name}.{language}.svg").as_uri()
        page = chromium.open(url)
        out = page.look("""(() => { const box = document.documentElement.getBoundingClientRect();
            return [...document.querySelectorAll('text')].filter(text => { const each = text.getBoundingClientRect();
              return each.left < box.left || each.right > box.right || each.bottom > box.bottom; }).map(text => text.textContent); })()""")
        assert name == "hostile" or out == [], out
        check_quiet(page, url, network)
    message = json.loads((folder / "sample.json").read_text())["map"]
    texts = [element.text for element in xml.etree.ElementTree.parse(folder / f"sample.{language}.svg").iter("{http://www.w3.org/2000/svg}text")]
    numbers = {Numbers(language).read(text) for text in texts if re.match(r"[\d+\u2212]", text)}
    assert numbers >= {int(stage["customers"]) for stage in message["stages"]}


def check_detectors(chromium, folder, network):
    """What the checks rest on: a page that does ask, and complains, is seen."""
    bad = folder / "bad.html"
    bad.write_text("<!DOCTYPE html><img src='http://elsewhere.example/seen.png'><script>console.error('heard')</script>")
    page = chromium.open(bad.as_uri())
    harness.wait_until("the request", lambda: page.look("1") and network.asked == ["/seen.png"])
    assert page.complaints() and "http://elsewhere.example/seen.png" in page.requests()
    network.asked.clear()


def check_well_formed(folder):
    pictures = [*folder.glob("*.html"), *folder.glob("*.svg")]
    assert len(pictures) == 16, pictures
    for picture in pictures:
        xml.etree.ElementTree.parse(picture)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", type=pathlib.Path, required=True, help="the folder of journey_pictures")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="waymark-pictures-") as name:
        folder = pathlib.Path(name)
        subprocess.run([options.bin / "journey_pictures", folder], check=True, timeout=60)
        check_well_formed(folder)
        if not browser.program():
            harness.skip("no Chromium is installed: that the pictures are well-formed was checked, how they look was not")
        with Network() as network, browser.Browser(network.server_address[1]) as chromium:
            for language in LANGUAGES:
                for check in (check_sample, check_hostile, check_huge, check_empty, check_svg):
                    check(chromium, folder, network, language)
            check_detectors(chromium, folder, network)
    print("1 passed, 0 failed")


if __name__ == "__main__":
    main()
