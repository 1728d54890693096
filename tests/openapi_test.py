#!/usr/bin/env python3
"""Holds docs/reference/openapi.json to what a running server does: each
operation, with its example, succeeds and answers as it says; so do wrong
requests; and `GET /` lists the same operations.

usage: openapi_test.py SOURCE_ROOT COPPICE
"""

import contextlib
import http.client
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile

HOST = "127.0.0.1"
TOKEN = "secret"
failures = []


def expect(holds, text):
    if not holds:
        failures.append(text)


@contextlib.contextmanager
def serving(binary):
    with tempfile.TemporaryDirectory() as state:
        env = {**os.environ, "XDG_STATE_HOME": state,
               "COPPICE_ADMIN_TOKEN": TOKEN}
        server = subprocess.Popen(
            [binary, "serve", "0", "--bind", HOST, "--admin", f"{HOST}:0",
             "--allow-faults", "--acceptors", "2", "--max-restarts", "1000"],
            env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            encoding="utf-8")
        try:
            port = re.search(r"admin at http://[\d.]+:(\d+)",
                             server.stdout.readline())
            yield int(port[1]), server
        finally:
            if server.poll() is None:
                server.send_signal(signal.SIGKILL)
            server.wait()
            server.stdout.close()


def ask(port, method, path, body=None, token=TOKEN, stream=False):
    connection = http.client.HTTPConnection(HOST, port, timeout=20)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    if body is not None:
        headers["Content-Type"] = "application/json"
        body = json.dumps(body)
    connection.request(method.upper(), path, body, headers)
    answer = connection.getresponse()
    text = answer.readline() if stream else answer.read()
    connection.close()
    return answer.status, answer.getheader("Content-Type"), text.decode()


class Document:
    def __init__(self, path):
        self.all = json.loads(path.read_text("utf-8"))

    def resolved(self, what):
        while "$ref" in what:
            target = self.all
            for part in what["$ref"].removeprefix("#/").split("/"):
                target = target[part]
            what = target
        return what

    def operations(self):
        """Those that look first, those that take away (the least first) late,
        and what ends the server last. A toxic is looked at once there is one.
        """
        found = [(method, path, what)
                 for path, methods in self.all["paths"].items()
                 for method, what in methods.items()]
        return sorted(found, key=lambda each: (
            each[1] == "/drain", each[0] != "get" or "{toxic}" in each[1],
            each[0] == "delete",
            -len(each[1]) if each[0] == "delete" else 0))

    def mistakes(self, value, schema, where="answer"):
        """The part of JSON Schema that the document uses."""
        schema = self.resolved(schema)
        known = {"object": dict, "array": list, "string": str,
                 "boolean": bool, "null": type(None)}
        kinds = schema.get("type", [])
        kinds = [kinds] if isinstance(kinds, str) else kinds
        fits = [kind for kind in kinds if (
            isinstance(value, int) and not isinstance(value, bool)
            if kind == "integer" else
            isinstance(value, (int, float)) and not isinstance(value, bool)
            if kind == "number" else isinstance(value, known[kind]))]
        if kinds and not fits:
            return [f"{where} is {value!r}, no {' or '.join(kinds)}"]
        if "enum" in schema and value not in schema["enum"]:
            return [f"{where} is {value!r}, none of {schema['enum']}"]
        result = []
        if isinstance(value, list):
            for i, each in enumerate(value):
                result += self.mistakes(each, schema.get("items", {}),
                                        f"{where}[{i}]")
        if isinstance(value, dict):
            result += [f"{where} has no {name}"
                       for name in schema.get("required", ())
                       if name not in value]
            other = schema.get("additionalProperties", True)
            for name, each in value.items():
                if name in schema.get("properties", {}):
                    result += self.mistakes(each, schema["properties"][name],
                                            f"{where}.{name}")
                elif other is False:
                    result.append(f"{where}.{name} is not documented")
                elif isinstance(other, dict):
                    result += self.mistakes(each, other, f"{where}.{name}")
        return result


def url_of(path, what):
    query = []
    for each in what.get("parameters", ()):
        value = each["example"]
        if isinstance(value, bool):
            value = json.dumps(value)
        value = str(value)
        if each["in"] == "path":
            path = path.replace("{" + each["name"] + "}", value)
        else:
            query.append(f"{each['name']}={value}")
    return path + ("?" + "&".join(query) if query else "")


def check_answer(document, what, name, answer):
    status, media, text = answer
    known = what["responses"].get(str(status))
    if known is None:
        expect(False, f"{name}: {status} is not documented: {text[:200]}")
        return
    content = document.resolved(known)["content"]
    if media not in content:
        expect(False, f"{name}: {media} is not documented")
    elif media == "application/json":
        for each in document.mistakes(json.loads(text),
                                      content[media]["schema"]):
            expect(False, f"{name}, {status}: {each}")


def check_operation(document, port, method, path, what):
    name = f"{method.upper()} {path}"
    url = url_of(path, what)
    content = what.get("requestBody", {}).get("content", {})
    body = content.get("application/json", {})
    for each in document.mistakes(body.get("example"), body.get("schema", {}),
                                  f"{name}: the example"):
        expect(False, each)
    if method != "get":
        answer = ask(port, method, url, body.get("example"), token="wrong")
        expect(answer[0] == 401, f"{name}: {answer[0]} without the token")
        check_answer(document, what, name, answer)
    if body and path != "/drain":
        answer = ask(port, method, url, ["no object"])
        expect(answer[0] == 400, f"{name}: {answer[0]} for nonsense")
        check_answer(document, what, name, answer)
    answer = ask(port, method, url, body.get("example"),
                 stream=path.endswith("/stream"))
    expect(answer[0] == 200, f"{name}: {answer[0]}: {answer[2][:200]}")
    check_answer(document, what, name, answer)


def check_index(document, index):
    """`GET /` lists the operations of the document, and no others."""
    listed = re.findall(r"^  (GET|POST|PUT|DELETE) +(/\S+)", index, re.M)
    documented = {(method.upper(), path)
                  for method, path, _ in document.operations()}
    expect(len(listed) == len(set(listed)), "GET / lists an operation twice")
    for each in set(listed) - documented:
        expect(False, f"{' '.join(each)} is not documented")
    for each in documented - set(listed):
        expect(False, f"{' '.join(each)} is documented but not in GET /")


def main(root, binary):
    document = Document(root / "docs" / "reference" / "openapi.json")
    with serving(binary) as (port, server):
        check_index(document, ask(port, "get", "/")[2])
        for method, path, what in document.operations():
            check_operation(document, port, method, path, what)
            if path.startswith("/actors/"):  # so that the next one finds all
                ask(port, "delete", "/faults")
        expect(server.wait(20) == 0, "POST /drain ends the server")
    for failure in failures:
        print("not ok -", failure)
    if not failures:
        print(f"openapi: {len(document.operations())} operations ok")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]), os.path.abspath(sys.argv[2])))
