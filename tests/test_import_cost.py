"""What comes with an import: numpy and nothing heavier, and no file of the catalog before it is asked for.

How long an import takes beside `import numpy` is printed by `make bench`; a time would not hold on every machine.
"""

import subprocess
import sys
from pkgutil import iter_modules

import pytest

import course_lib
from course_lib.questions import TOPICS

HEAVY = {"matplotlib", "ipywidgets", "pandas", "IPython", "scipy", "jupyterlab"}
APART = {"explorers", "predict", "setup_check"}
MODULES = ["course_lib", *(f"course_lib.{m.name}" for m in iter_modules(course_lib.__path__) if m.name not in APART)]


def test_every_topic_is_among_them():
    assert {f"course_lib.{topic}" for topic in TOPICS} < {*MODULES}


def in_a_new_python(code):
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    return result.stdout.split()


@pytest.mark.parametrize("module", MODULES)
def test_an_import_brings_in_nothing_heavy_and_no_explorer(module):
    loaded = set(in_a_new_python(f"import sys, {module}; print(*sys.modules)"))
    assert module in loaded
    assert not HEAVY & loaded
    assert not [name for name in loaded if name.startswith("course_lib.explorers")]


def test_importing_the_package_brings_in_not_even_numpy():
    assert "numpy" not in in_a_new_python("import sys, course_lib; print(*sys.modules)")


WATCH = """
import sys
opened = []
sys.addaudithook(lambda event, args: opened.append(str(args[0])) if event == "open" else None)
{code}
print(*(path.replace("\\\\", "/").split("/")[-1] for path in opened if path.endswith(".csv")))
"""


@pytest.mark.parametrize("module", MODULES)
def test_an_import_opens_no_data_file(module):
    assert in_a_new_python(WATCH.format(code=f"import {module}")) == []


def test_a_table_of_the_catalog_is_read_once_when_it_is_first_asked_for():
    code = "from course_lib import catalog; catalog.models(); catalog.model('GPT-2 124M'); catalog.models()"
    assert in_a_new_python(WATCH.format(code=code)) == ["models.csv"]


LEAN = """
import gc, os, sys
os.chdir("tools")
from classroom import server
started, path = [], os.environ["PATH"]
sys.addaudithook(lambda event, args: started.append(str(args)) if event == "subprocess.Popen" else None)
with server.nothing_needless():
    import jupyterlab.labapp
assert os.environ["PATH"] == path and gc.isenabled()
print(any("yarn" in one for one in started), *sys.modules)
"""


def test_jupyterlab_is_imported_without_a_grammar_and_without_a_start_of_node():
    loaded = in_a_new_python(LEAN)
    assert loaded[0] == "False"
    assert "jupyterlab.labapp" in loaded
    assert "lark" not in loaded
