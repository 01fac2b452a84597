"""Make the course's environment in `.venv`, then run its Python: `setup_env.py [EXTRA ...] [-- ARGUMENT ...]`.

The extras `site` and `hub` have environments of their own, `.venv-site` and `.venv-hub`.

What is installed is the course itself (editable) with the named extras, at the versions that `requirements.txt` pins.
Nothing is installed when `.venv` already holds just that. Any Python can run this file, to be told where it is too old.
"""

import sys

from classroom import environment


def main() -> None:
    arguments = sys.argv[1:]
    extras, command = arguments, []
    if "--" in arguments:
        cut = arguments.index("--")
        extras, command = arguments[:cut], arguments[cut + 1 :]
    environment.ensure(extras)
    if command:
        environment.run(command, venv=environment.venv_for(extras))


if __name__ == "__main__":
    main()
