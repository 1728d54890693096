#!/usr/bin/env python3
"""A shop that counts its visits in PostgreSQL."""

import http.server
import os
import signal
import subprocess
import sys


def ask(sql):
    return subprocess.run(["psql", "--no-psqlrc", "--quiet", "--tuples-only",
                           "--no-align", "--command", sql],
                          check=True, timeout=5, capture_output=True,
                          encoding="utf-8").stdout.strip()


class Shop(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/health":
            self.answer("ready")
        else:
            count = ask("insert into visits default values returning id")
            print(f"visit {count}")
            self.answer(f"You are visitor {count}.")

    def answer(self, text):
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.end_headers()
        self.wfile.write(text.encode() + b"\n")

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    ask("create table if not exists visits (id serial)")
    http.server.ThreadingHTTPServer(
        ("", int(os.environ["SHOP_PORT"])), Shop).serve_forever()
