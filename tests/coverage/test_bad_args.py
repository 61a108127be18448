#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Bad arguments, for every parameter of every call by the rpc gate.

    test_bad_args.py SCBOXD openrpc.json

Each of VALUES is tried in each parameter, the others being good. What the parameter's schema
excludes must be refused by -32602 that names the parameter; what it allows is carried out or
answered by an errno of the call's row. A refusal changes nothing: the machine's census says so
after each.
"""
import json
import sys

try:
    import jsonschema
except ImportError:
    print("skipped: needs python3-jsonschema, Debian's package of that name")
    sys.exit(77)

from daemon import Daemon

PARSE, INVALID, PARAMS, INTERNAL = -32700, -32600, -32602, -32603
MACHINE = "default"
STALE = 77


def text(string):
    """JSON text of a string."""
    return json.dumps(string).encode()


LENGTHS = (126, 127, 128, 255, 256, 4090, 4095, 4096, 65536, 65537, 262144, 262145)

VALUES = [
    b"null", b"true", b"false", b"0", b"-0", b"-1", b"0.5", b"1e3", b"1e400", b"-1e400",
    *[b"%d" % (2 ** bits + more) for bits in (7, 12, 16, 31, 32, 53, 62, 63, 64) for more in (-1, 0)],
    *[b"%d" % -(2 ** bits + more) for bits in (31, 32, 53, 63, 64) for more in (0, 1)],
    b"%d" % STALE,
    *[text(str(number)) for number in (-1, 0, 2 ** 53, 2 ** 63 - 1, 2 ** 63, -2 ** 63, -2 ** 63 - 1,
                                       2 ** 64 - 1, 2 ** 64, "1" * 400)],
    *[text(word) for word in ("", " ", "x", "READ", "read", "REGULAR", "base64", "root", "no",
                              ":", "root", "root:", "root:/", "no:/x", "root://", "root:/./x",
                              "root:/x/..", "root:/f/x", "root:/d/no/x", "/", "/f", "a/b", "//",
                              "a=b", "=,=", "quota_bytes=x", "\u00e9\u4e2d\U0001f600", "\u0000",
                              "root:/\u0000", "x\u0000y", "====", "AAA", "AA=A", "\n")],
    *[text("x" * length) for length in LENGTHS],
    *[text("root:/" + "x" * length) for length in LENGTHS],
    *[text("root:" + "/x" * (length // 2)) for length in LENGTHS[:5]],
    b"[]", b"{}", b"[[]]", b"[{}]", b"[null]", b"[-1]", b"[1]", b"[0]", b"[%d]" % STALE, b"[1,1]",
    b"[1.5]", b"[2147483648]", b"[4294967296]", b'["1"]', b'[""]', b'["NOPE"]', b'["read"]',
    b'["READ"]', b'["READ","READ"]', b'["READ",2]', b'["ALL"]', b'["READ","NOPE"]', b'["x","y"]',
    b'["\\u0000"]', b'["READ\\u0000"]', b'["' + b"x" * 70000 + b'"]', b"[" + b"1," * 2000 + b"1]",
    b'{"argv":[]}', b'{"argv":["a"],"env":["b=c"]}', b'{"env":["b"]}', b'{"argv":"a"}',
    b'{"argv":["a"],"more":1}', b'{"argv":[1]}',
]

# No JSON: halves of surrogate pairs, bytes that are no UTF-8, numbers that are none.
GARBAGE = [b'"\\ud800"', b'"\\udc00\\ud800"', b'"root:/\\ud800"', b'"\xff"', b'"\xc0\x80"',
           b'"\xed\xa0\x80"', b"01", b"+1", b"1.", b"NaN", b"0x10", b"'x'", b"", b'"\t"']

# Good values by the names of parameters; those of one call first. Others are as in the call's example.
GOOD = {
    "SC_READDIR": {"fd": 2}, "SC_SELECT": {"timeout": 0}, "SC_DELETE": {"file": "root:/victim"},
    "SC_CREATE": {"file": "root:/fresh", "type": "REGULAR"}, "SC_RM_FS": {"fs_name": "sub"},
    "SC_RENAME": {"old_file": "root:/victim", "new_file": "root:/fresh"},
    "SC_MOVE": {"old_file": "root:/victim", "new_file": "root:/fresh"},
    "SC_LINK": {"old_file": "root:/f", "new_file": "root:/fresh"},
    "SC_SYMLINK": {"target": "f", "file": "root:/fresh"},
    "SC_MAKE_FS": {"fs_name": "made"}, "SC_BIND_FS": {"fs_name": "root"},
    "SC_CHMOD": {"mode": 420}, "SC_SET_ARGS": {"data": ["x"]}, "SC_MMAP": {"addr": 0x50000000}, "SC_MK_CHANNEL": {"flags": []},
    "SC_FS_ADD_SRC": {"fs_name": "sub", "fd": 1}, "SC_EXIT": {"code": 0},
    "": {"file": "root:/f", "old_file": "root:/f", "new_file": "root:/fresh", "fd": 1, "fds": [1],
         "new_fd": 50, "source_fd": 0, "addr": 0x40000000, "size": 16, "offset": 0, "mode": ["READ"],
         "fs_name": "root", "new_name": "made", "from_fs": "root", "root": "/", "driver": "ramfs",
         "opts": "", "ok_modes": ["READ"], "bind_to_pid": 0, "msg": "AAAA", "data": "AAAA", "code": 0,
         "usecs": 0, "ent_no": 0, "command": 40, "n": 0, "target": "f", "uid": 0, "gid": 0,
         "atime": 0, "mtime": 0, "flags": 0, "timeout": 0, "type": "REGULAR", "data_only": 0},
}


class Failed(Exception):
    """An answer that is not what it must be."""


class Session:
    """A process with handles, a mapping, a view and a child to try things on."""

    def __init__(self, daemon):
        self.client = daemon.connect()
        call = self.client.call
        call("session.open", machine=MACHINE)
        modes = ["READ", "WRITE", "CREATE", "MMAP", "IOCTL"]
        for name in ("f", "victim"):
            fd = call("SC_OPEN", file="root:/" + name, mode=modes)["fd"]
            if name == "victim":
                call("SC_CLOSE", fd=fd)
        assert call("SC_OPEN", file="root:/", mode=["READDIR"])["fd"] <= 3
        call("SC_MMAP", addr=0x40000000, size=8192, mode=["READ", "WRITE"])
        call("SC_SUBFS", new_name="sub", from_fs="root", ok_modes=["READ"])
        self.pid = call("SC_NEW_PROC")["pid"]

    def close(self):
        """End the process, if it has not ended."""
        self.client.ask("session.close", b"")
        self.client.close()


class Gate:
    """The daemon under test, and what its document promises."""

    def __init__(self, program, document):
        self.daemon = Daemon(program)
        self.document = document
        self.daemon.control.call("machine.create", name=MACHINE, names=[
            {"name": "io", "driver": "devfs"},
            {"name": "root", "driver": "ramfs", "opts": "quota_bytes=1048576"}])
        self.start = self.daemon.census(MACHINE)
        self.session = None
        self.tried = 0
        self.allowed = {}  # (schema, value): whether it allows it
        self.failures = []

    def stop(self):
        """Nothing may be left."""
        self.renew()
        self.session.close()
        self.daemon.await_census(MACHINE, self.start)
        self.daemon.stop()

    def renew(self):
        """Begin anew, after something succeeded."""
        if self.session is not None:
            self.session.close()
            self.daemon.await_census(MACHINE, self.start)
        self.session = Session(self.daemon)
        self.before = self.daemon.census(MACHINE)

    def good(self, method, param):
        """A good value of a parameter."""
        call, name = method["name"], param["name"]
        if name == "pid" and param["schema"].get("$ref", "").endswith("/pid"):
            return self.session.pid
        shown = {given["name"]: given["value"] for example in method.get("examples", [])
                 for given in example["params"]}
        for values in (GOOD.get(call, {}), GOOD[""], shown):
            if name in values:
                return values[name]
        sys.exit(f"{call}: no good value for '{name}': add the call to schema/examples.def, or the "
                 "parameter to GOOD in this test")

    def allows(self, schema, raw):
        """Whether a parameter's schema allows a value; asked once of the schemas that are alike."""
        told = {key: value for key, value in schema.items() if key != "description"}
        question = json.dumps(told), raw
        if question not in self.allowed:
            whole = {**told, "components": self.document["components"]}
            self.allowed[question] = jsonschema.Draft7Validator(whole).is_valid(parse(raw))
        return self.allowed[question]

    def attempt(self, method, params, judge):
        """Make one call; judge(answer) complains about its answer by raising Failed."""
        self.tried += 1
        if self.session is None:
            self.renew()
        answer = self.session.client.ask(method["name"], params, cancel=True)
        try:
            if answer is None:
                raise Failed("the connection was closed")
            judge(answer)
            if "error" in answer and self.daemon.census(MACHINE) != self.before:
                raise Failed(f"a refusal left {self.daemon.census(MACHINE)}, not {self.before}")
        except Failed as failed:
            self.failures.append(f"{method['name']} {params[:200].decode('utf-8', 'replace')}: "
                                 f"{failed}\n    {json.dumps(answer)[:400]}")
        if answer is None or "result" in answer or answer["error"]["code"] == -32001:
            self.renew()


def listed(method, components):
    """The codes a method lists."""
    for error in method["errors"]:
        yield components["errors"][error["$ref"].rpartition("/")[2]]["code"] if "$ref" in error \
            else error["code"]


def is_exact(value):
    """Whether a value is no number, or one that every 64-bit parameter can have."""
    digits = isinstance(value, str) and value.lstrip("-").isdigit()
    return not digits or -2 ** 63 <= int(value) < 2 ** 63


def is_past_limit(name, error):
    """Whether more was asked than one transfer has, or than the string that it is the length of."""
    return name.endswith("_strlen") or any("(limit " in why for why in error["data"]["why"])


def has_nul(value):
    """Whether a value holds U+0000 anywhere."""
    return "\\u0000" in json.dumps(value)


def judge_value(name, value, valid, codes):
    """How one value in parameter @name must be answered."""
    def judge(answer):
        error = answer.get("error")
        code = error["code"] if error else 0
        if has_nul(value) and code == INVALID:
            return
        if code == INTERNAL or (code != 0 and code not in codes):
            raise Failed(f"error {code} is not listed")
        if code == PARAMS and error["data"].get("arg") != name:
            raise Failed(f"the error does not name '{name}'")
        if not valid and code != PARAMS:
            raise Failed("the schema of the parameter excludes it")
        if valid and code == PARAMS and is_exact(value) and not is_past_limit(name, error):
            raise Failed("the schema of the parameter allows it")
    return judge


def judge_garbage(answer):
    """How text that is no JSON, or no Unicode, must be answered."""
    if answer.get("error", {}).get("code") != PARSE or answer.get("id") is not None:
        raise Failed("no parse error")


def judge_form(answer):
    """How parameters that are missing, unknown or too many must be answered."""
    code = answer.get("error", {}).get("code")
    if code != PARAMS:
        raise Failed("the parameters were taken")


def parse(raw):
    """A value as Python has it; NaN stands for what JSON's numbers are not exact for."""
    try:
        return json.loads(raw)
    except ValueError:
        return None


def try_values(gate, method):
    """All values in all parameters of a method."""
    codes = set(listed(method, gate.document["components"]))
    for param in method["params"]:
        name = param["name"]
        for raw in VALUES + GARBAGE:
            if gate.session is None:
                gate.renew()
            others = good_params(gate, method)
            others.pop(name, None)
            members = [b'"%s":%s' % (key.encode(), json.dumps(item).encode())
                       for key, item in others.items()]
            members.append(b'"%s":%s' % (name.encode(), raw))
            value = parse(raw)
            judge = judge_garbage if raw in GARBAGE else \
                judge_value(name, value, gate.allows(param["schema"], raw), codes)
            gate.attempt(method, b"{" + b",".join(members) + b"}", judge)


def good_params(gate, method):
    """Good values of all parameters that are needed."""
    return {param["name"]: gate.good(method, param)
            for param in method["params"] if param["required"]}


def try_forms(gate, method):
    """Parameters that are missing, unknown, given twice, or too many."""
    gate.renew()
    good = good_params(gate, method)
    for name in good:
        rest = {key: value for key, value in good.items() if key != name}
        gate.attempt(method, json.dumps(rest).encode(), judge_form)
        twice = json.dumps(good).encode()[:-1] + b',"%s":%s}' % (
            name.encode(), json.dumps(good[name]).encode())
        gate.attempt(method, twice, judge_form)
    gate.attempt(method, json.dumps({**good, "surplus": 1}).encode(), judge_form)
    gate.attempt(method, json.dumps([1] * 9).encode(), judge_form)
    gate.attempt(method, json.dumps([[]] * 20).encode(), judge_form)


def main(program, document):
    """Try it all; returns the exit status."""
    with open(document, encoding="utf-8") as file:
        gate = Gate(program, json.load(file))
    for method in gate.document["methods"]:
        if not method["name"].startswith("SC_"):
            continue
        try_values(gate, method)
        try_forms(gate, method)
    gate.stop()
    for failure in gate.failures[:60]:
        print(failure)
    print(f"{gate.tried} calls, {len(gate.failures)} wrong")
    return 1 if gate.failures else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
