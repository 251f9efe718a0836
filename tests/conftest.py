import jax
import pytest


@pytest.fixture
def x64():
    """Double precision for the length of a test, where a limit or a numerical derivative is compared."""
    with jax.enable_x64(True):
        yield
