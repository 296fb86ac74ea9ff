"""A ClickHouse for tests: the engine, in this process, behind as much of the HTTP interface as sekisho uses.

The engine is ClickHouse's own (the package `chdb-core-lite`); the interface is this file, and its answers are put
together before they are sent. It listens on loopback, says its port on a line, and ends when its standard
input does.

    python3 tests/clickhouse/server.py FOLDER
"""

import http.server
import re
import sys
import threading
import urllib.parse
from unittest import mock

# The package asks for them when it is imported, for forms of answers that are not asked for here.
for name in ("pyarrow", "pandas"):
    sys.modules[name] = mock.MagicMock()

from chdb import session  # noqa: E402


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers questions in the body of a POST, in the database that the address names."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        text = self.rfile.read(int(self.headers["Content-Length"])).decode()
        address = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        database = address.get("database", ["default"])[0]
        if self.headers.get("X-ClickHouse-User", "default") != "default":
            self.answer(403, "Code: 516. DB::Exception: Authentication failed. (AUTHENTICATION_FAILED)")
            return
        try:
            self.server.session.query(f"USE `{database}`")
            self.answer(200, str(self.server.session.query(text)))
        except Exception as error:  # whatever it is, it is the answer
            said = str(error)
            found = re.search(r"Code: \d+\.", said)
            self.answer(500, said[found.start() :] if found else said)

    def answer(self, status, text):
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def main():
    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    server.session = session.Session(sys.argv[1])
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
