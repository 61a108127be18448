#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Hold what daemons answered (scboxd --record) against what the schema promises.

    check.py --schema openrpc.json --exceptions exceptions.txt RECORDS

RECORDS is a directory of *.jsonl files. Every result must be what its method's schema says, without
members it does not name; every error must be one that its method lists, with the members all errors
have. Every call must have succeeded at least once and have failed with each error of its row, by
the rpc gate; and must have been made by guests of each gate. What can't be seen is excepted, with a
reason, and an exception that was seen after all is a failure, so the list stays true.

Errors that a fault rule or a stepping client put in (data.fault) are no evidence of anything.
"""
import argparse
import bisect
import collections
import errno
import json
import os
import re
import sys

try:
    import jsonschema
except ImportError:
    print("skipped: needs python3-jsonschema, Debian's package of that name")
    sys.exit(77)

SUCCESS = "success"
RPC = "rpc"
GUEST_GATES = ("i386", "x86_64")
COMPLAINTS_MAX = 40


def closed(schema):
    """The same schema, in which objects with named members have no others."""
    if isinstance(schema, list):
        return [closed(member) for member in schema]
    if not isinstance(schema, dict):
        return schema
    copy = {key: closed(value) for key, value in schema.items()}
    if isinstance(schema.get("properties"), dict) and schema.get("type") == "object":
        copy.setdefault("additionalProperties", False)
    return copy


def keywords(schema):
    """All (keyword, value) of a schema and those in it; a property's name counts as a keyword."""
    if isinstance(schema, list):
        for member in schema:
            yield from keywords(member)
    elif isinstance(schema, dict):
        for key, value in schema.items():
            yield key, value
            yield from keywords(value)


class Forms:
    """What of a value the schemas of a document can tell apart, so that one value of each form is
    validated, not each of hundreds of thousands."""

    # These count the members of a list or look at a whole value, so forms would lose what they see.
    BEYOND = ("const", "contains", "format", "maxItems", "maxLength", "maxProperties", "minItems",
              "minLength", "minProperties", "multipleOf", "uniqueItems")

    def __init__(self, document):
        bounds, self.words, patterns = set(), set(), set()
        schemas = [method["result"] for method in document["methods"]]
        for key, value in keywords([*schemas, document["components"]]):
            if key in self.BEYOND and not isinstance(value, dict):
                raise SystemExit(f"Forms knows nothing of the keyword {key}: teach it")
            if key.lower().endswith(("minimum", "maximum")) and not isinstance(value, dict):
                bounds.add(value)
            elif key == "enum":
                bounds.update(member for member in value if not isinstance(member, str))
                self.words.update(member for member in value if isinstance(member, str))
            elif key == "pattern" and isinstance(value, str):
                patterns.add(value)
        self.bounds = sorted(bounds)
        self.patterns = [re.compile(pattern) for pattern in sorted(patterns)]

    def of(self, value):
        """The form of a value: hashable."""
        if isinstance(value, dict):
            return frozenset((key, self.of(member)) for key, member in value.items())
        if isinstance(value, list):
            return list, frozenset(self.of(member) for member in value)
        if isinstance(value, str):
            if value in self.words:
                return value
            return str, tuple(bool(pattern.search(value)) for pattern in self.patterns)
        if isinstance(value, bool) or value is None:
            return type(value), value
        return (type(value), bisect.bisect_left(self.bounds, value),
                bisect.bisect_right(self.bounds, value), value == int(value))


class Method:
    """What the schema says of one method."""

    def __init__(self, spec, document):
        components = document["components"]
        result = dict(closed(spec["result"]["schema"]))
        result["components"] = closed(components)
        errors = [self.resolve(error, components) for error in spec["errors"]]
        self.validator = jsonschema.Draft7Validator(result)
        self.messages = {error["code"]: error["message"] for error in errors}
        self.errnos = [error["message"] for error in spec["errors"] if error.get("code", 0) > 0]

    @staticmethod
    def resolve(error, components):
        """An error of a method's list, which may refer to one that all methods share."""
        name = error.get("$ref", "").rpartition("/")[2]
        return components["errors"][name] if name else error


class Checker:
    """Takes records, and knows at the end what was wrong and what was never seen."""

    def __init__(self, document):
        self.methods = {spec["name"]: Method(spec, document) for spec in document["methods"]}
        self.calls = [name for name in self.methods if name.startswith("SC_")]
        self.seen = collections.Counter()  # (call, errno or SUCCESS or a guest gate)
        self.records = 0
        self.simulated = 0
        self.wrong = {}  # complaint: a record that shows it
        self.guests = {}  # gate: True, or why its guests can't run here
        self.forms = Forms(document)
        self.valid = set()  # (method, form of a result) that were checked

    def take(self, line):
        """Check one line of a record."""
        try:
            record = json.loads(line)
        except ValueError:
            self.complain("a line is no JSON", line)
            return
        self.records += 1
        name, gate = record["call"], record["gate"]
        if gate in GUEST_GATES:
            self.take_guest(name, gate, record, line)
        elif name not in self.methods:
            if record.get("error", {}).get("code") != -32601:
                self.complain(f"{name}: no such method, but it was answered", line)
        elif "error" in record:
            self.take_error(name, record["error"], line)
        else:
            self.take_result(name, record, line)

    def take_guest(self, name, gate, record, line):
        """A call of a guest: its status must be of the row."""
        method = self.methods[name]
        self.seen[name, gate] += 1
        status = -record["status"]
        # Listeners, pauses and slices have any call wait, and its process may end meanwhile.
        if record.get("ended") and status == errno.ECANCELED:
            return
        if status != 0 and status not in method.messages and "fault" not in record:
            self.complain(f"{name} by {gate}: errno {status} is not in its row", line)

    def take_result(self, name, record, line):
        """A success: its result must be what the schema says."""
        self.seen[name, SUCCESS] += 1
        if "size" in record:
            return  # too large to be recorded
        result = record["result"]
        if name == "server.info" and isinstance(result, dict):
            self.guests.update(result.get("guests", {}))
        key = name, self.forms.of(result)
        if key in self.valid:
            return
        self.valid.add(key)
        for error in self.methods[name].validator.iter_errors(result):
            where = "/".join(str(step) for step in error.absolute_path)
            self.complain(f"{name}: result{'/' + where if where else ''}: {error.message}", line)

    def take_error(self, name, error, line):
        """A failure: its code must be listed, its data complete."""
        method = self.methods[name]
        code, data = error.get("code"), error.get("data")
        if isinstance(data, dict) and "fault" in data:
            self.simulated += 1
            return
        if code not in method.messages:
            self.complain(f"{name}: error {code} {error.get('message')} is not listed", line)
        elif error.get("message") != method.messages[code]:
            self.complain(f"{name}: error {code} has message {error.get('message')!r}", line)
        elif code > 0:
            self.seen[name, method.messages[code]] += 1
        for complaint in self.judge_data(name, code, data):
            self.complain(f"{name}: error {error.get('message')}: {complaint}", line)

    @staticmethod
    def judge_data(name, code, data):
        """What is wrong with the data of an error."""
        if not isinstance(data, dict):
            return ["data is no object"]
        kinds = {"why": list, "arg": str, "syscall": str, "hint": str, "text": str}
        wrong = [f"data.{key} is of a wrong type" for key, kind in kinds.items()
                 if key in data and not isinstance(data[key], kind)]
        unknown = set(data) - set(kinds) - {"value"}
        wrong += [f"data.{key} is documented nowhere" for key in sorted(unknown)]
        needed = {"why"} | ({"hint", "text"} if code > 0 else set())
        needed |= {"syscall"} if name.startswith("SC_") else set()
        wrong += [f"data.{key} is missing" for key in sorted(needed - set(data))]
        if data.get("syscall", name) != name:
            wrong.append("data.syscall is another call")
        if data.get("why") == []:
            wrong.append("data.why gives no reason")
        return wrong

    def complain(self, what, line):
        """Keep a complaint once, with a line that shows it."""
        self.wrong.setdefault(what, line.strip())

    def gates(self):
        """The gates whose guests run on this host: nothing is asked of the others."""
        return [gate for gate in GUEST_GATES if self.guests.get(gate, True) is True]

    def wanted(self, call):
        """What has to be seen of a call."""
        return [SUCCESS, *self.methods[call].errnos, *self.gates()]

    def missing(self):
        """What was not seen: [(call, what)]."""
        return [(call, what) for call in self.calls for what in self.wanted(call)
                if not self.seen[call, what]]


def read_exceptions(path):
    """The exceptions: {(call, what): reason}; complaints about the file itself."""
    excepted, wrong = {}, []
    with open(path, encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip() or line.startswith("#"):
                continue
            words = line.split(None, 2)
            if len(words) < 3:
                wrong.append(f"{path}:{number}: CALL[,CALL] WHAT reason was expected")
                continue
            for call in words[0].split(","):
                if (call, words[1]) in excepted:
                    wrong.append(f"{path}:{number}: {call} {words[1]} given twice")
                excepted[call, words[1]] = words[2].strip()
    return excepted, wrong


def judge_exceptions(checker, excepted):
    """Exceptions that are seen after all, or that name nothing."""
    for (call, what), _ in excepted.items():
        if call not in checker.calls:
            yield f"exception {call} {what}: there is no such call"
        elif what not in [*checker.wanted(call), *GUEST_GATES]:
            yield f"exception {call} {what}: the call's row has no such error"
        elif checker.seen[call, what]:
            yield f"exception {call} {what}: was seen after all; strike it from the list"


def print_table(checker, excepted):
    """One line a call: how often it was seen, and what never was."""
    gates = checker.gates()
    head = "".join(f"{gate:>9}" for gate in gates)
    print(f"{'call':<20}{'success':>9}{'errors':>9}{head}  never seen")
    for call in checker.calls:
        errnos = checker.methods[call].errnos
        seen = sum(1 for errno in errnos if checker.seen[call, errno])
        never = [what + ("*" if (call, what) in excepted else "")
                 for what in checker.wanted(call) if not checker.seen[call, what]]
        counts = "".join(f"{checker.seen[call, gate]:>9}" for gate in gates)
        print(f"{call:<20}{checker.seen[call, SUCCESS]:>9}{f'{seen}/{len(errnos)}':>9}{counts}"
              f"  {' '.join(never)}".rstrip())
    print(f"{checker.records} records; * excepted; {checker.simulated} errors of fault rules ignored")
    for gate in GUEST_GATES:
        if gate not in gates:
            print(f"{gate} guests were not asked for: {checker.guests[gate]}")


def read_records(checker, directory):
    """Feed all files. Returns how many there were."""
    names = sorted(name for name in os.listdir(directory) if name.endswith(".jsonl"))
    for name in names:
        with open(os.path.join(directory, name), encoding="utf-8") as lines:
            for line in lines:
                checker.take(line)
    return len(names)


def main(argv):
    """Returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--schema", required=True)
    parser.add_argument("--exceptions", required=True)
    parser.add_argument("--some", action="store_true",
                        help="the records are of some tests only: what is missing is no failure")
    parser.add_argument("records")
    args = parser.parse_args(argv)
    with open(args.schema, encoding="utf-8") as text:
        checker = Checker(json.load(text))
    if not os.path.isdir(args.records) or read_records(checker, args.records) == 0:
        print(f"{args.records} holds no records. They are made by the other tests: run all of ctest,\n"
              "or daemons with the environment variable SCBOXD_RECORD set to that directory.")
        return 1
    excepted, problems = read_exceptions(args.exceptions)
    problems += [f"{what}\n    {line[:600]}" for what, line in checker.wrong.items()]
    if not args.some:
        problems += judge_exceptions(checker, excepted)
        problems += [f"{call}: never seen: {what}" for call, what in checker.missing()
                     if (call, what) not in excepted]
    print_table(checker, excepted)
    for problem in problems[:COMPLAINTS_MAX]:
        print(problem)
    if len(problems) > COMPLAINTS_MAX:
        print(f"and {len(problems) - COMPLAINTS_MAX} more")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
