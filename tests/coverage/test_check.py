#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The checker must pass what is right, and must fail on each thing that is not."""
import copy
import io
import json
import os
import sys
import tempfile
import unittest
from contextlib import redirect_stdout

import check

DOCUMENT = {
    "methods": [
        {"name": "SC_OPEN",
         "result": {"schema": {"type": "object", "required": ["fd"],
                               "properties": {"fd": {"$ref": "#/components/schemas/fd"}}}},
         "errors": [{"code": 2, "message": "ENOENT"}, {"code": 13, "message": "EACCES"},
                    {"$ref": "#/components/errors/PARAMS"}]},
        {"name": "server.info", "errors": [],
         "result": {"schema": {"type": "object",
                               "properties": {"guests": {"type": "object"}}}}},
    ],
    "components": {
        "schemas": {"fd": {"type": "integer", "minimum": 1}},
        "errors": {"PARAMS": {"code": -32602, "message": "Invalid params"}},
    },
}


def answer(result, call="SC_OPEN"):
    return {"gate": "rpc", "call": call, "params": "[]", "result": result}


def failure(code, message, **data):
    whole = {"syscall": "SC_OPEN", "why": ["a reason"], "hint": "a hint", "text": "a text"}
    whole.update(data)
    return {"gate": "rpc", "call": "SC_OPEN", "params": "[]",
            "error": {"code": code, "message": message,
                      "data": {key: value for key, value in whole.items() if value is not None}}}


def guest(gate, status=0, **more):
    return {"gate": gate, "call": "SC_OPEN", "status": status, **more}


COMPLETE = [answer({"fd": 1}), failure(2, "ENOENT"), failure(13, "EACCES", arg="file"),
            guest("i386"), guest("x86_64", -2)]


class CheckTest(unittest.TestCase):
    """Each test alters what is complete and right."""

    def run_check(self, records, exceptions="", options=()):
        """The exit status and the output of the checker over these records."""
        with tempfile.TemporaryDirectory() as tmp:
            paths = {name: os.path.join(tmp, name) for name in ("schema", "exceptions", "records")}
            with open(paths["schema"], "w", encoding="utf-8") as to:
                json.dump(DOCUMENT, to)
            with open(paths["exceptions"], "w", encoding="utf-8") as to:
                to.write(exceptions)
            os.mkdir(paths["records"])
            if records is not None:
                with open(os.path.join(paths["records"], "1.jsonl"), "w", encoding="utf-8") as to:
                    to.writelines(record if isinstance(record, str) else json.dumps(record) + "\n"
                                  for record in records)
            said = io.StringIO()
            with redirect_stdout(said):
                status = check.main(["--schema", paths["schema"], "--exceptions",
                                     paths["exceptions"], *options, paths["records"]])
            return status, said.getvalue()

    def expect(self, status, word, records, exceptions="", options=()):
        """The checker must end so, and say so."""
        got, said = self.run_check(records, exceptions, options)
        self.assertEqual(got, status, said)
        self.assertIn(word, said)

    def test_complete_records_pass(self):
        self.expect(0, "5 records", COMPLETE)

    def test_no_records_fail_with_advice(self):
        self.expect(1, "SCBOXD_RECORD", None)

    def test_a_line_that_is_no_json(self):
        self.expect(1, "no JSON", COMPLETE + ["{\n"])

    def test_a_wrong_type(self):
        self.expect(1, "SC_OPEN: result/fd:", COMPLETE + [answer({"fd": "1"})])

    def test_a_value_out_of_range(self):
        self.expect(1, "SC_OPEN: result/fd:", COMPLETE + [answer({"fd": 0})])

    def test_a_missing_member(self):
        self.expect(1, "'fd' is a required", COMPLETE + [answer({})])

    def test_a_member_the_schema_does_not_name(self):
        self.expect(1, "Additional properties", COMPLETE + [answer({"fd": 1, "more": 2})])

    def test_an_error_that_is_not_listed(self):
        self.expect(1, "error 5 EIO is not listed", COMPLETE + [failure(5, "EIO")])

    def test_an_error_with_another_name(self):
        self.expect(1, "has message 'ENODEV'", COMPLETE + [failure(2, "ENODEV")])

    def test_error_data_that_is_not_complete(self):
        for member in ("syscall", "why", "hint", "text"):
            self.expect(1, f"data.{member} is missing",
                        COMPLETE + [failure(2, "ENOENT", **{member: None})])
        self.expect(1, "gives no reason", COMPLETE + [failure(2, "ENOENT", why=[])])
        self.expect(1, "data.why is of a wrong type", COMPLETE + [failure(2, "ENOENT", why="x")])
        self.expect(1, "data.extra is documented nowhere", COMPLETE + [failure(2, "ENOENT", extra=1)])
        self.expect(1, "is another call", COMPLETE + [failure(2, "ENOENT", syscall="SC_READ")])

    def test_protocol_errors_need_no_hint(self):
        self.expect(0, "6 records",
                    COMPLETE + [failure(-32602, "Invalid params", hint=None, text=None)])

    def test_an_answer_of_no_method(self):
        self.expect(1, "no such method", COMPLETE + [answer(None, "nothing.here")])

    def test_each_thing_that_was_not_seen(self):
        for index, word in enumerate(("success", "ENOENT", "EACCES", "i386", "x86_64")):
            records = copy.copy(COMPLETE)
            del records[index]
            self.expect(1, f"SC_OPEN: never seen: {word}", records)
            self.expect(0, word, records, options=["--some"])
            self.expect(0, word + "*", records, f"# why\nSC_OPEN {word} can't be made to happen\n")

    def test_an_exception_that_was_seen(self):
        self.expect(1, "strike it", COMPLETE, "SC_OPEN ENOENT can't be made to happen\n")

    def test_exceptions_that_name_nothing(self):
        self.expect(1, "no such call", COMPLETE, "SC_CLOSE ENOENT can't be made to happen\n")
        self.expect(1, "no such error", COMPLETE, "SC_OPEN EIO can't be made to happen\n")
        self.expect(1, "reason was expected", COMPLETE, "SC_OPEN ENOENT\n")
        self.expect(1, "given twice", COMPLETE[:1] + COMPLETE[2:],
                    "SC_OPEN ENOENT a reason\nSC_OPEN ENOENT a reason\n")

    def test_errors_of_fault_rules_are_no_evidence(self):
        records = [record for record in COMPLETE if record.get("error", {}).get("code") != 2]
        self.expect(1, "never seen: ENOENT", records + [failure(2, "ENOENT", fault=1)])
        self.expect(0, "1 errors of fault rules", COMPLETE + [failure(5, "EIO", fault=1)])

    def test_a_guests_errno_must_be_of_the_row(self):
        self.expect(1, "SC_OPEN by i386: errno 5", COMPLETE + [guest("i386", -5)])
        self.expect(0, "6 records", COMPLETE + [guest("i386", -5, fault=3)])

    def test_gates_that_do_not_run_here_are_not_asked_for(self):
        info = answer({"guests": {"i386": "no 32-bit support", "x86_64": True}}, "server.info")
        records = [record for record in COMPLETE if record["gate"] != "i386"]
        self.expect(0, "no 32-bit support", records + [info])


if __name__ == "__main__":
    sys.exit(unittest.main())
