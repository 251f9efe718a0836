"""What every test has: shapes of the library's annotations checked at every call, and programs compiled once on disk."""

import os
import tempfile

import jax
import pytest
from jaxtyping import install_import_hook

install_import_hook("jaxae", "beartype.beartype")
# Most of a test's time is compilation, and what it computes is little: code that is made in a quarter of the time will do.
# XLA ends a process for a flag that it does not know, as that of another version may be.
if jax.__version__.startswith("0.10."):
    os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0 --xla_cpu_use_fusion_emitters=false")


def pytest_configure(config):
    """All processes of a test run, workers and those that tests start, share what they compile."""
    if hasattr(config, "workerinput") or "JAX_COMPILATION_CACHE_DIR" in os.environ:
        return
    folder = tempfile.TemporaryDirectory(prefix="jaxae-tests-")
    config.add_cleanup(folder.cleanup)
    os.environ["JAX_COMPILATION_CACHE_DIR"] = folder.name
    os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
    os.environ["JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES"] = "-1"


def pytest_collection_modifyitems(items):
    """What is marked as long is skipped unless JAXAE_LONG=1 asks for it."""
    if not os.environ.get("JAXAE_LONG"):
        for item in items:
            if item.get_closest_marker("long"):
                item.add_marker(pytest.mark.skip(reason="takes long: asked for by JAXAE_LONG=1"))


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
