"""Which worlds play, what is known to be missing, and how much is run."""

import hypothesis
import pytest

from facade.core.engine.evaluate import last_compiled
from tests import oracle
from tests.worlds import KNOWN_GAPS, TESTS, Referee, read_gaps, test_identity

REFEREE = pytest.StashKey()


def pytest_addoption(parser):
    group = parser.getgroup("worlds")
    group.addoption("--candidate", default="facade", help="the package under test (torch: the tests test themselves)")
    group.addoption("--against", choices=["torch", "recorded"], help="the oracle; default: torch where it is installed")
    group.addoption("--record", action="store_true", help="store what torch shows; nothing is compared")
    group.addoption("--sweep", action="store_true", help="run also the tests marked sweep")


def pytest_configure(config):
    config.addinivalue_line("markers", "sweep: long; runs with --sweep")
    hypothesis.settings.register_profile("suite", derandomize=True, deadline=None, database=None)
    hypothesis.settings.load_profile("suite")
    against = config.getoption("--against") or ("torch" if oracle.HAVE_TORCH else "recorded")
    config.stash[REFEREE] = Referee(config.getoption("--candidate"), against, config.getoption("--record"))


@pytest.fixture(autouse=True)
def no_memory_of_other_tests():
    """How long a program waits for its compilation depends on programs like it: not on those of other tests."""
    last_compiled.clear()


@pytest.fixture(scope="session")
def referee(pytestconfig):
    return pytestconfig.stash[REFEREE]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    if config.getoption("--record"):
        items[:] = [item for item in items if "referee" in item.fixturenames]
    mark_known_gaps(config, items)
    if not config.getoption("--sweep"):
        for item in items:
            if item.get_closest_marker("sweep"):
                item.add_marker(pytest.mark.skip(reason="runs with --sweep"))


def mark_known_gaps(config, items):
    """A known gap must fail, and must name a test."""
    if config.getoption("--record") or config.getoption("--candidate") != "facade":
        return
    gaps = read_gaps(KNOWN_GAPS.read_text())
    found = {test_identity(item): item for item in items if TESTS in item.path.parents}
    for identity in gaps.keys() & found.keys():
        found[identity].add_marker(pytest.mark.xfail(reason=gaps[identity], strict=True, raises=(pytest.fail.Exception, AssertionError)))
    whole_files = {identity.split("::")[0] for identity in found} if not any("::" in arg for arg in config.args) else set()
    stale = [identity for identity in gaps.keys() - found.keys() if identity.split("::")[0] in whole_files]
    if stale:
        raise pytest.UsageError("known_gaps.txt names tests that do not exist: " + ", ".join(sorted(stale)))


def pytest_sessionfinish(session):
    referee = session.config.stash[REFEREE]
    if referee.recording:
        referee.write()
