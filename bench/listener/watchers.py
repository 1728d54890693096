# SPDX-License-Identifier: BSD-3-Clause
"""Who looks at a server: Prometheus, once a second, and one open page."""

import contextlib
import http.client
import threading


class Watchers:
    def __init__(self, admin):
        self.admin = admin
        self.end = threading.Event()
        self.failure = None
        self.stream = http.client.HTTPConnection(self.admin, timeout=10)
        self.stream.request("GET", "/events/stream?since=0&canary=true")
        self.threads = [threading.Thread(target=self.guarded, args=[each])
                        for each in (self.scrape, self.follow)]
        for each in self.threads:
            each.start()

    def guarded(self, look):
        try:
            look()
        except Exception as error:  # so that no figure is one of nobody looking
            self.failure = error

    def scrape(self):
        while not self.end.wait(1):
            connection = http.client.HTTPConnection(self.admin, timeout=10)
            connection.request("GET", "/metrics")
            answer = connection.getresponse()
            if answer.status != 200 or not answer.read():
                raise OSError(f"/metrics answered {answer.status}")
            connection.close()

    def follow(self):
        answer = self.stream.getresponse()
        if answer.status != 200:
            raise OSError(f"the stream answered {answer.status}")
        # It says something once a second.
        while not self.end.is_set():
            if not answer.readline():
                raise OSError("the stream has ended")

    def close(self):
        self.end.set()
        for each in self.threads:
            each.join()
        self.stream.close()
        if self.failure:
            raise self.failure


@contextlib.contextmanager
def watching(admin):
    """Scrapes the metrics of the API at HOST:PORT, and reads its stream."""
    watchers = Watchers(admin)
    try:
        yield
    finally:
        watchers.close()
