"""The self-check says what is wrong and how to mend it, and never raises."""

from importlib.metadata import PackageNotFoundError, version

import course_lib.catalog
from course_lib.setup_check import MEND, MEND_IN_A_BROWSER, READY, check_setup


def test_a_complete_installation_is_ready():
    assert check_setup() == READY


def test_a_missing_package_is_named_with_what_mends_it():
    def without_ipywidgets(name):
        if name == "ipywidgets":
            raise PackageNotFoundError(name)
        return version(name)

    report = check_setup(installed=without_ipywidgets)
    assert "ipywidgets is missing" in report
    assert MEND in report
    assert "numpy" not in report


def test_in_a_browser_nobody_is_sent_to_a_terminal(monkeypatch):
    monkeypatch.setattr("sys.platform", "emscripten")
    report = check_setup(python=(3, 9, 1))
    assert MEND_IN_A_BROWSER in report
    assert MEND not in report
    assert "terminal" not in report


def test_an_old_package_is_named_with_both_versions():
    report = check_setup(installed=lambda name: "1.26.4" if name == "numpy" else version(name))
    assert "numpy 1.26.4 is too old: the course needs 2.1" in report


def test_an_old_python_is_named_with_both_versions():
    assert "Python 3.9.1 runs this notebook, and the course needs 3.11" in check_setup(python=(3, 9, 1))


def test_an_unreadable_table_is_a_line_and_not_a_traceback(monkeypatch):
    def broken():
        raise FileNotFoundError("models.csv")

    monkeypatch.setattr(course_lib.catalog, "models", broken)
    assert "does not work here (FileNotFoundError: models.csv)" in check_setup()


def test_the_needed_versions_are_those_of_the_package():
    from importlib.metadata import requires

    from packaging.requirements import Requirement

    from course_lib.setup_check import NEEDED

    bounds = {r.name: r.specifier for r in map(Requirement, requires("training-cost-course") or []) if not r.marker}
    assert set(NEEDED) == set(bounds)
    for name, minimum in NEEDED.items():
        lower = next(s.version for s in bounds[name] if s.operator == ">=")
        assert tuple(map(int, lower.split(".")[:2])) == minimum
