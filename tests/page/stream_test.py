#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The stream of events, over real HTTP: many streams starve nobody, and none
holds up the server.

usage: stream_test.py BINARY
"""

import http.client
import json
import re
import socket
import subprocess
import sys
import time

ACCEPTOR = "coppice/listener:echo/accepting/acceptors/acceptor:0"
MOST = 16


class Server:
    def __init__(self, binary):
        self.process = subprocess.Popen(
            [binary, "serve", "0", "--bind", "127.0.0.1", "--admin",
             "127.0.0.1:0", "--max-restarts", "10000"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, encoding="utf-8")
        said = self.process.stdout.readline()
        self.port = int(re.search(r"http://127\.0\.0\.1:(\d+)", said).group(1))

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.request(method, path, None if body is None else json.dumps(body),
                           {"Content-Type": "application/json"})
        answer = connection.getresponse()
        result = answer.status, json.loads(answer.read())
        connection.close()
        return result

    def end(self):
        begin = time.monotonic()
        self.process.terminate()
        code = self.process.wait(20)
        return code, time.monotonic() - begin

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


class Stream:
    def __init__(self, server, path="/events/stream", **headers):
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port,
                                                     timeout=20)
        self.connection.request("GET", path, headers=headers)
        self.answer = self.connection.getresponse()
        self.status = self.answer.status

    def messages(self):
        message = {}
        for line in iter(self.answer.readline, b""):
            line = line.decode().rstrip("\n")
            if not line:
                yield message
                message = {}
                continue
            key, value = line.split(": ", 1)
            message[key] = value

    def until(self, kind):
        return next(m for m in self.messages() if m.get("event", "message") == kind)

    def close(self):
        self.connection.close()


def opened(server):
    """A stream, once the server has noticed that former ones are closed."""
    end = time.monotonic() + 20
    while True:
        stream = Stream(server)
        if stream.status == 200:
            return stream
        assert time.monotonic() < end, "no place becomes free"
        time.sleep(0.05)


def tells_what_happens(server):
    stream = Stream(server)
    assert stream.answer.getheader("Content-Type") == "text/event-stream"
    for kind in ("hello", "tree", "traffic"):
        stream.until(kind)
    assert server.ask("POST", "/kill", {"path": ACCEPTOR})[0] == 200
    seen = []
    while not seen or seen[-1]["kind"] != "child_restarted":
        message = stream.until("message")
        event = json.loads(message["data"])
        assert message["id"].startswith(f"{event['seq']}-")
        if event["path"] == ACCEPTOR:  # a busy machine holds up reactors, too
            seen.append(event)
    assert [each["kind"] for each in seen] == [
        "exit_requested", "child_exited", "restarting", "child_restarted"], seen
    tree = json.loads(stream.until("tree")["data"])
    assert '"incarnation": 2' in json.dumps(tree)
    stream.close()
    last = seen[-1]["seq"]
    before_last = f"{last - 1}-{message['id'].partition('-')[2]}"
    again = Stream(server, "/events/stream?since=0", **{"Last-Event-ID": before_last})
    assert json.loads(again.until("message")["data"])["seq"] == last
    again.close()


def starves_nobody(server):
    streams = [opened(server) for _ in range(MOST)]
    for stream in streams:
        stream.until("tree")
    assert Stream(server).status == 503
    begin = time.monotonic()
    for _ in range(20):
        assert server.ask("GET", "/tree")[0] == 200
    assert time.monotonic() - begin < 5
    for stream in streams:
        stream.close()
    opened(server).close()


def begun_and_left(server):
    """A client that reads no more than the status, and has no room for much."""
    hung = socket.socket()
    hung.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    hung.settimeout(5)
    hung.connect(("127.0.0.1", server.port))
    hung.sendall(f"GET /events/stream?since=0 HTTP/1.1\r\nHost: 127.0.0.1:"
                 f"{server.port}\r\n\r\n".encode())
    return int(hung.recv(len("HTTP/1.1 200")).split()[1]), hung


def hanging(server):
    """Such a client, once the server has noticed that former ones are closed."""
    end = time.monotonic() + 20
    while True:
        status, hung = begun_and_left(server)
        if status == 200:
            return hung
        hung.close()
        assert time.monotonic() < end, "no place becomes free"
        time.sleep(0.05)


def happen(server, times):
    for _ in range(times):
        assert server.ask("POST", "/kill", {"path": ACCEPTOR})[0] in (200, 404)


def last_number(server):
    return server.ask("GET", "/events?limit=1")[1]["last_seq"]


def drops_a_client_that_hangs(server):
    hung = hanging(server)
    # An event has more than 100 bytes. The kernel takes less than half of this
    # for a client with so little room, and the rest waits in the server.
    end, enough = time.monotonic() + 60, last_number(server) + 4000
    while last_number(server) < enough:
        assert time.monotonic() < end, "too little happens"
        happen(server, 100)
    assert server.ask("GET", "/tree")[0] == 200
    time.sleep(2.5)  # it is what a client that hangs does
    end = time.monotonic() + 10
    try:
        while hung.recv(1 << 20):
            assert time.monotonic() < end, "it is still served"
    except ConnectionResetError:
        pass
    hung.close()


def ends_with_the_admin_actor(server):
    stream = opened(server)
    stream.until("tree")
    begin = time.monotonic()
    server.ask("POST", "/kill", {"path": "coppice/helpers/admin"})
    for _ in stream.messages():
        pass  # until its end
    assert time.monotonic() - begin < 5
    end = time.monotonic() + 20
    while True:
        try:
            assert server.ask("GET", "/tree")[0] == 200
            return
        except OSError:
            assert time.monotonic() < end, "the admin API is not back"
            time.sleep(0.05)


def main(binary):
    with Server(binary) as server:
        for claim in (tells_what_happens, starves_nobody,
                      drops_a_client_that_hangs, ends_with_the_admin_actor):
            claim(server)
            print("ok", claim.__name__.replace("_", " "), flush=True)
        hung = hanging(server)
        happen(server, 100)
        streams = [opened(server) for _ in range(3)]
        for stream in streams:
            stream.until("tree")
        code, seconds = server.end()
        # One who hangs has a second, who reads has not even that.
        assert code == 0 and seconds < 4, (code, seconds)
        hung.close()
        print(f"ok ends at once with streams open ({seconds:.2f} s)")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
