#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""check_eve.py - check lines of events against the schemas of this directory.

usage: check_eve.py FILE TYPE...

Each line must match the schema of its event_type, and FILE must have an event of each TYPE. Fields
that Suricata has too must have the same type as there (suricata.json).
"""
import json
import pathlib
import sys

import jsonschema

HERE = pathlib.Path(__file__).resolve().parent
SCHEMAS = {path.name: json.loads(path.read_text(encoding="utf-8")) for path in HERE.glob("*.schema.json")}
SURICATA = json.loads((HERE / "suricata.json").read_text(encoding="utf-8"))
TYPES = {"integer": int, "string": str, "boolean": bool, "array": list, "object": dict}


def validator(name):
    """The validator of one schema, which may refer to the others."""
    schema = SCHEMAS[name]
    resolver = jsonschema.RefResolver(name, schema, store=SCHEMAS)
    return jsonschema.Draft202012Validator(schema, resolver=resolver)


def type_errors(value, path=""):
    """Yield each field of VALUE whose type is not that of Suricata. bool is an int in Python."""
    for key, inner in value.items():
        wanted = SURICATA.get(path, {}).get(key)
        if wanted and type(inner) is not TYPES[wanted]:
            yield f"{path}.{key}: the type in Suricata is {wanted}"
        if isinstance(inner, dict):
            yield from type_errors(inner, f"{path}.{key}".lstrip("."))


def errors_of(event, validators):
    name = f"{event.get('event_type')}.schema.json"
    if name not in SCHEMAS:
        return [f"there is no schema for the event_type {event.get('event_type')}"]
    if name not in validators:
        validators[name] = validator(name)
    found = [f"{error.json_path}: {error.message}" for error in validators[name].iter_errors(event)]
    return found + list(type_errors(event))


def main():
    path, wanted = sys.argv[1], set(sys.argv[2:])
    validators, seen, failed = {}, set(), 0
    with open(path, encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            event = json.loads(line)
            seen.add(event.get("event_type"))
            for error in errors_of(event, validators):
                print(f"{path}:{number}: {error}")
                failed += 1
    for name in sorted(wanted - seen):
        print(f"{path}: no event of the type {name}")
    return 1 if failed or wanted - seen or not seen else 0


sys.exit(main())
