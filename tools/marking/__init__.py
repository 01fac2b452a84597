"""Marking a class: what `make release` and `make mark` are made of."""

import sys

sys.modules.setdefault("rfc3987_syntax", None)
"""jsonschema would spend a second on reading a grammar of addresses, once for each submission; no notebook needs it."""
