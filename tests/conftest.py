"""What every test has: the shapes of the library's annotations are checked at every call, and programs do not pile up."""

import jax
import pytest
from jaxtyping import install_import_hook

install_import_hook("jaxae", "beartype.beartype")


@pytest.fixture
def x64():
    """Double precision for the length of a test, where a limit or a numerical derivative is compared."""
    with jax.enable_x64(True):
        yield


@pytest.fixture
def compilations():
    """Counts the programs that are compiled, or taken from a cache on disk, from its first call on."""
    counted = []

    def count(event, duration, **details):
        if event == "/jax/core/compile/backend_compile_duration":
            counted.append(event)

    jax.monitoring.register_event_duration_secs_listener(count)
    yield lambda: len(counted)
    jax.monitoring.unregister_event_duration_listener(count)


@pytest.fixture(autouse=True, scope="module")
def _compiled_programs_end_with_their_module():
    """Every compiled program holds memory maps, of which a process may have 65,530 on Linux: a long run would exceed them."""
    yield
    jax.clear_caches()
