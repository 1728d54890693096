#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Holds docs/reference/openapi.json to what a running server does: each
operation, with its example, succeeds and answers as it says; every other status
that it lists is brought about, and no answer has one that is not listed; and
`GET /` lists the same operations.

usage: openapi_test.py SOURCE_ROOT COPPICE
"""

import contextlib
import http.client
import json
import os
import pathlib
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading

HOST = "127.0.0.1"
TOKEN = "secret"
TOO_MUCH = "10,000 things on one lease"
ACCEPTOR = "coppice/listener:echo/accepting/acceptors/acceptor:0"
# Statuses that nothing here brings about, and why.
NOT_TRIED = {
    ("get", "/tree"): {503: "before there is a tree, it is closed"},
    ("get", "/livez"): {503: "takes seconds; tests/system has it"},
    ("put", "/leases/{lease}"): {503: "there is no thread left"},
    ("put", "/faults/{point}"): {409: TOO_MUCH},
    ("post", "/actors/suspend"): {409: TOO_MUCH},
    ("post", "/actors/fail_starts"): {409: TOO_MUCH},
    ("post", "/actors/refuse_stop"): {409: TOO_MUCH},
}
failures = []
seen = {}  # the statuses of each operation


def expect(holds, text):
    if not holds:
        failures.append(text)


def free_port():
    """One that the kernel gives to nobody who does not ask for it."""
    low = int(pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range")
              .read_text("ascii").split()[0])
    while True:
        port = random.randrange(low // 2, low)
        with contextlib.suppress(OSError), socket.create_server((HOST, port)):
            return port


@contextlib.contextmanager
def serving(binary, *options, port=0):
    with tempfile.TemporaryDirectory() as state:
        env = {**os.environ, "XDG_STATE_HOME": state,
               "COPPICE_ADMIN_TOKEN": TOKEN}
        server = subprocess.Popen(
            [binary, "serve", str(port), "--bind", HOST,
             "--admin", f"{HOST}:0",
             "--acceptors", "2", "--max-restarts", "1000", *options],
            env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            encoding="utf-8")
        try:
            line = server.stdout.readline()
            port = re.search(r"admin at http://[\d.]+:(\d+)", line)
            server.echo = int(re.search(r"listening on [\d.]+:(\d+)", line)[1])
            yield int(port[1]), server
        finally:
            if server.poll() is None:
                server.send_signal(signal.SIGKILL)
            server.wait()
            server.stdout.close()


def ask(port, method, path, body=None, token=TOKEN, stream=False, **headers):
    connection = http.client.HTTPConnection(HOST, port, timeout=20)
    if token:
        headers["Authorization"] = f"Bearer {token}"
    if body is not None:
        headers.setdefault("Content-Type", "application/json")
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
        and what ends the server last. A toxic is looked at once there is one,
        and a lease is there before and after what goes with it.
        """
        found = [(method, path, what)
                 for path, methods in self.all["paths"].items()
                 for method, what in methods.items()]
        return sorted(found, key=lambda each: (
            each[1] == "/drain", each[0] != "get" or "{toxic}" in each[1],
            each[0] == "delete",
            ("{lease}" in each[1]) == (each[0] == "delete"),
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
        if "example" not in each:
            continue
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
    seen.setdefault(name, set()).add(status)
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
    answer = ask(port, method, url, body.get("example"),
                 stream=path.endswith("/stream"))
    expect(answer[0] == 200, f"{name}: {answer[0]}: {answer[2][:200]}")
    check_answer(document, what, name, answer)


def wrong_requests(method, path, what):
    """Requests that are wrong in one way each, as keywords of `ask`. What they
    are answered with depends on the operation."""
    url = url_of(path, what)
    content = what.get("requestBody", {}).get("content", {})
    body = content.get("application/json", {}).get("example")
    right = {"path": url, "body": body}
    yield {**right, "Host": "evil.example"}
    if method != "get":
        yield {**right, "token": "wrong"}
    if body is not None:
        yield {**right, "Content-Type": "text/plain"}
        yield {**right, "body": ["no object"]}
        if path != "/drain":
            yield {**right, "body": {"nonsense": 1}}
        if "path" in body:
            yield {**right, "body": {**body, "path": "coppice/nothing"}}
            yield {**right, "body": {**body, "path": "coppice/listener:echo"}}
        if "reactor" in body:
            yield {**right, "body": {**body, "reactor": 1000}}
    for each in what.get("parameters", ()):
        values = [f"no-{method}"]  # nor is it the path of an actor
        if each["in"] == "query":
            values.append("coppice/nothing")
        for value in values:
            copy = {"parameters": [
                {**other, "example": value} if other is each else other
                for other in what["parameters"]
                if other is each or other.get("in") == "path"
                or other["name"] in ("path", "crash")]}
            yield {**right, "path": url_of(path, copy)}


def check_wrong_requests(document, port, method, path, what):
    for wrong in wrong_requests(method, path, what):
        answer = ask(port, method, stream=path.endswith("/stream"), **wrong)
        check_answer(document, what, f"{method.upper()} {path}", answer)


@contextlib.contextmanager
def occupied(port):
    with socket.create_server((HOST, port)):
        yield


def check_states(document, port, server):
    """What depends on the state that the server is in."""
    def check(expected, method, path, body=None, url=None, **more):
        what = document.all["paths"][path][method]
        answer = ask(port, method, url or url_of(path, what), body, **more)
        name = f"{method.upper()} {path}"
        expect(answer[0] == expected, f"{name}: {answer[0]}, not {expected}, "
                                      f"{answer[2][:200]}")
        check_answer(document, what, name, answer)

    toxics = "/listeners/{listener}/toxics"
    one_toxic = toxics + "/{toxic}"
    resume = "/listeners/{listener}/resume"
    down = {"type": "down", "name": "d", "attributes": {}}
    one = "/listeners/echo/toxics/d"
    check(409, "get", "/predict",
          url=f"/predict?path={ACCEPTOR}&action=burn_budget")
    for verb in ("stop", "restart"):
        check(409, "post", f"/actors/{verb}", {"path": "coppice/helpers/admin"})
    check(409, "post", "/actors/start", {"path": ACCEPTOR})
    check(409, "post", "/kill", {"path": ACCEPTOR, "signal": "HUP"})

    # The port that is to be opened again belongs to somebody else meanwhile.
    for method, path, url in (("delete", toxics, "/listeners/echo/toxics"),
                              ("delete", one_toxic, one)):
        ask(port, "post", "/listeners/echo/toxics", down)
        check(409, "post", toxics, down, url="/listeners/echo/toxics")
        check(503, "post", resume, {})
        with occupied(server.echo):
            check(503, method, path, url=url)
            check(503, "post", resume, {})
            check(503, "get", "/readyz")
        check(200, "post", resume, {})

    streams = [http.client.HTTPConnection(HOST, port, timeout=20)
               for _ in range(16)]
    for each in streams:
        each.request("GET", "/events/stream")
        each.getresponse().readline()
    check(503, "get", "/events/stream", url="/events/stream")
    for each in streams:
        each.close()

    for i in range(64):
        ask(port, "put", f"/leases/{i}", {"ttl_ms": 600000})
    check(409, "put", "/leases/{lease}", {"ttl_ms": 600000},
          url="/leases/one-more")

    above = ACCEPTOR.rsplit("/", 1)[0]
    ask(port, "post", "/actors/suspend", {"path": above})
    late = [threading.Thread(target=check, args=args) for args in (
        (504, "get", "/predict", None, f"/predict?path={ACCEPTOR}"),
        *((504, "post", f"/actors/{verb}", {"path": ACCEPTOR})
          for verb in ("stop", "start", "restart")))]
    for each in late:
        each.start()
    for each in late:
        each.join()


def check_reload(document, root, binary):
    """Certificates are read again, or are of no use."""
    what = document.all["paths"]["/reload"]["post"]
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([root / "scripts" / "make-certificate", folder],
                       check=True, stdout=subprocess.DEVNULL, timeout=60)
        certificate = pathlib.Path(folder, "server.pem")
        with serving(binary, "--tls-cert", str(certificate), "--tls-key",
                     str(certificate.with_suffix(".key"))) as (port, _):
            for expected in (200, 409):
                answer = ask(port, "post", "/reload")
                expect(answer[0] == expected, f"POST /reload: {answer}")
                check_answer(document, what, "POST /reload", answer)
                listeners = ask(port, "get", "/listeners")
                check_answer(document, document.all["paths"]["/listeners"]["get"],
                             "GET /listeners", listeners)
                certificate.write_text("none")


def check_upgrade(document, root, binary):
    """The process is replaced, unless the program is of no use."""
    what = document.all["paths"]["/upgrade"]
    with serving(binary) as (port, server):
        for body, expected in (({"program": "/no/such/program"}, 409), ({}, 200)):
            answer = ask(port, "post", "/upgrade", body)
            expect(answer[0] == expected, f"POST /upgrade: {answer}")
            check_answer(document, what["post"], "POST /upgrade", answer)
        expect(server.wait(20) == 0, "the old process ends in order")
        answer = ask(port, "get", "/upgrade")
        check_answer(document, what["get"], "GET /upgrade", answer)
        expect(json.loads(answer[2])["earlier"]["pid"] == server.pid,
               f"the new one knows the old one: {answer[2]}")
        ask(port, "post", "/drain", {})


def check_all_seen(document):
    """Each status that is documented was seen, or it is known why not."""
    for method, path, what in document.operations():
        name = f"{method.upper()} {path}"
        documented = {int(status) for status in what["responses"]}
        not_tried = set(NOT_TRIED.get((method, path), ()))
        got = seen.get(name, set())
        for status in sorted(documented - got - not_tried):
            expect(False, f"{name}: {status} is documented, but never comes")
        for status in sorted(not_tried & got):
            expect(False, f"{name}: {status} comes; NOT_TRIED is wrong")
        for status in sorted(not_tried - documented):
            expect(False, f"{name}: {status} of NOT_TRIED is not documented")


def check_index(document, index):
    """`GET /` lists the operations of the document, and no others."""
    listed = re.findall(r"^  (GET|POST|PUT|PATCH|DELETE) +(/\S+)", index, re.M)
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
        for method, path, what in document.operations():
            if "/actors/" in path or path.startswith("/faults/{"):
                check_wrong_requests(document, port, method, path, what)
    with serving(binary, "--allow-faults") as (port, server):
        for method, path, what in document.operations():
            check_wrong_requests(document, port, method, path, what)
            ask(port, "delete", "/faults")
    with serving(binary, "--allow-faults", port=free_port()) as (port, server):
        check_states(document, port, server)
    with serving(binary, "--allow-faults") as (port, server):
        check_index(document, ask(port, "get", "/")[2])
        for method, path, what in document.operations():
            if (method, path) == ("post", "/upgrade"):
                continue  # what follows would talk to another process
            check_operation(document, port, method, path, what)
            if path.startswith("/actors/"):  # so that the next one finds all
                ask(port, "delete", "/faults")
        expect(server.wait(20) == 0, "POST /drain ends the server")
    check_reload(document, root, binary)
    check_upgrade(document, root, binary)
    check_all_seen(document)
    for failure in failures:
        print("not ok -", failure)
    if not failures:
        print(f"openapi: {len(document.operations())} operations ok")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]), os.path.abspath(sys.argv[2])))
