"""Reads what `waymark journey export` writes, and checks it against the standards' rules on the way. Standard library only."""

import csv
import json
import re
import xml.etree.ElementTree as ET

XES = "{http://www.xes-standard.org/}"
# The types of attributes and what their values look like (IEEE 1849-2016, 5.4; XES 1.0's are the same but for `list`).
XES_VALUES = {
    "string": re.compile(r"(?s).*"),
    "date": re.compile(r"-?\d{4,}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)"),
    "int": re.compile(r"[+-]?\d+"),
    "float": re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|INF|-INF|NaN"),
    "boolean": re.compile(r"true|false|0|1"),
}
NC_NAME = re.compile(r"[A-Za-z_][\w.-]*")
XML_NAME = re.compile(r"[A-Za-z_:][\w.:-]*")
STANDARD_EXTENSIONS = {"concept", "time", "lifecycle", "org"}
LIFECYCLE = {"complete"}
OCEL_TYPES = {"string": str, "float": float, "integer": int, "boolean": {"true": True, "false": False}.__getitem__, "time": str}


def only(element, *attributes):
    assert set(element.attrib) == set(attributes), (element.tag, element.attrib)


def xes_attributes(element):
    """The attributes of a component: their keys, each once, with their values."""
    found = {}
    for child in element:
        kind = child.tag.removeprefix(XES)
        if kind not in XES_VALUES:
            continue
        only(child, "key", "value")
        assert len(child) == 0, "nested attributes are a feature that the log does not declare"
        key, value = child.attrib["key"], child.attrib["value"]
        assert XML_NAME.fullmatch(key), key
        assert key not in found, f"{key} twice"
        assert XES_VALUES[kind].fullmatch(value), (kind, key, value)
        found[key] = (kind, value)
    return found


class XesLog:
    """A whole XES 1.0 file: self.traces is a list of (name, attributes, events), each event a dict of values."""

    def __init__(self, path):
        self.extensions, self.globals, self.classifiers, self.traces = {}, {}, {}, []
        order = []
        depth = 0
        for happened, element in ET.iterparse(path, events=("start", "end")):
            depth += 1 if happened == "start" else -1
            if happened == "start" and depth == 1:
                assert element.tag == XES + "log", element.tag
                assert set(element.attrib) <= {"xes.version", "xes.features"} and float(element.attrib["xes.version"]) == 1.0
            if happened != "end" or depth != 1:
                continue
            kind = element.tag.removeprefix(XES)
            if not order or order[-1] != kind:
                order.append(kind)
            getattr(self, "take_" + kind)(element)
            element.clear()
        # The sequence of every version of the schema.
        assert order == [kind for kind in ("extension", "global", "classifier", "trace") if kind in order], order

    def take_extension(self, element):
        only(element, "name", "prefix", "uri")
        prefix = element.attrib["prefix"]
        assert NC_NAME.fullmatch(element.attrib["name"]) and prefix in STANDARD_EXTENSIONS, element.attrib
        assert element.attrib["uri"] == f"http://www.xes-standard.org/{prefix}.xesext"
        self.extensions[prefix] = element.attrib["name"]

    def take_global(self, element):
        only(element, "scope")
        scope = element.attrib["scope"]
        assert scope in ("trace", "event") and scope not in self.globals
        self.globals[scope] = xes_attributes(element)

    def take_classifier(self, element):
        only(element, "name", "keys")
        assert NC_NAME.fullmatch(element.attrib["name"])
        keys = element.attrib["keys"].split(" ")
        assert all(key in self.globals["event"] for key in keys), "a classifier of what is not global"
        self.classifiers[element.attrib["name"]] = keys

    def take_trace(self, element):
        tags = [child.tag.removeprefix(XES) for child in element]
        events = tags.count("event")
        assert all(tag == "event" for tag in tags[len(tags) - events:]), "attributes come before events"
        assert all(tag in XES_VALUES or tag == "event" for tag in tags), tags
        attributes = self.check(xes_attributes(element), "trace")
        taken = [self.check(xes_attributes(child), "event") for child in element if child.tag == XES + "event"]
        for event in taken:
            assert event["lifecycle:transition"] in LIFECYCLE
        self.traces.append((attributes["concept:name"], attributes, taken))

    def check(self, attributes, scope):
        for key, (kind, _) in self.globals[scope].items():
            assert key in attributes and attributes[key][0] == kind, f"{key} is global, and not here"
        for key in attributes:
            assert ":" not in key or key.split(":")[0] in self.extensions, f"{key} is of no declared extension"
        return {key: value for key, (_, value) in attributes.items()}


class OcelLog:
    """A whole OCEL 2.0 file (the rules of the standard's JSON schema, and what it cannot say: names that are referred to are there)."""

    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            log = json.load(file)
        assert set(log) == {"events", "objects", "eventTypes", "objectTypes"}, set(log)
        event_types, object_types = self.types(log["eventTypes"]), self.types(log["objectTypes"])
        self.objects, self.events = {}, []
        for each in log["objects"]:
            assert set(each) <= {"id", "type", "attributes", "relationships"}, each
            assert each["id"] not in self.objects, "two objects of one id"
            attributes = each.get("attributes", [])
            assert all(re.fullmatch(r"\d{4}-.*Z", attribute.pop("time")) for attribute in attributes), each
            self.objects[each["id"]] = (each["type"], self.values(attributes, object_types[each["type"]]))
        ids = set()
        for each in log["events"]:
            assert set(each) == {"id", "type", "time", "attributes", "relationships"}, each
            assert each["id"] not in ids, "two events of one id"
            ids.add(each["id"])
            assert XES_VALUES["date"].fullmatch(each["time"]), each
            values = self.values(each["attributes"], event_types[each["type"]])
            self.events.append((each["type"], each["time"], values, self.related(each)))
        for each in log["objects"]:
            self.related(each)

    @staticmethod
    def types(declared):
        types = {}
        for each in declared:
            assert set(each) == {"name", "attributes"} and each["name"] not in types, each
            types[each["name"]] = {attribute["name"]: OCEL_TYPES[attribute["type"]] for attribute in each["attributes"]}
            assert len(types[each["name"]]) == len(each["attributes"]), each
        return types

    @staticmethod
    def values(attributes, declared):
        found = {}
        for each in attributes:
            assert set(each) == {"name", "value"} and isinstance(each["value"], str) and each["name"] not in found, each
            found[each["name"]] = declared[each["name"]](each["value"])
        return found

    def related(self, each):
        related = {}
        for link in each.get("relationships", []):
            assert set(link) == {"objectId", "qualifier"} and link["objectId"] in self.objects, link
            assert link["qualifier"] not in related, link
            related[link["qualifier"]] = link["objectId"]
        return related


def read_csv(path):
    """The lines as dicts; each has all columns."""
    with open(path, encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    for line in lines:
        assert None not in line and None not in line.values(), line
        assert XES_VALUES["date"].fullmatch(line["timestamp"]), line
    return lines
