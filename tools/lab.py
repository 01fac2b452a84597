"""Open the first lesson in JupyterLab: `lab.py [--port PORT]`; on a machine without a screen, print the address."""

import sys

from classroom import environment, server


def main() -> None:
    port = server.choose_port(server.wanted_port(sys.argv[1:]))
    environment.ensure()
    print(f"Starting JupyterLab on port {port} (stop it with Ctrl+C)", flush=True)
    script = str(environment.ROOT / "tools" / "serve.py")
    environment.run([script, *server.server_arguments(port, server.has_screen())])


if __name__ == "__main__":
    main()
