"""What several commands share: the course's environment and server, notebooks and pages, exercises and their marking.

The commands lie beside it, and Python puts their folder on its path: `from classroom.cells import CellName`. What
`setup_env.py` and `lab.py` import from here is written so that any old Python can read it.
"""
