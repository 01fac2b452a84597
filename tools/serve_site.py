"""Serve the built site on this machine alone: `serve_site.py [--port PORT]`; any other file server does as well."""

from __future__ import annotations

import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

from classroom import server
from classroom.environment import ROOT

SITE = ROOT / "build" / "site"


def main() -> None:
    port = server.choose_port(server.wanted_port(sys.argv[1:]))
    if not (SITE / "index.html").exists():
        sys.exit("There is no site yet: `make site` builds it.")
    serving = ThreadingHTTPServer(("127.0.0.1", port), partial(SimpleHTTPRequestHandler, directory=str(SITE)))
    print(f"The course is at http://localhost:{port}/ (stop it with Ctrl+C)", flush=True)
    try:
        serving.serve_forever()
    except KeyboardInterrupt:
        serving.server_close()


if __name__ == "__main__":
    main()
