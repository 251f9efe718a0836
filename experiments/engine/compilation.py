"""How a process of experiments begins: it joins others where there are any, and keeps its compiled programs on disk."""

import os
import tempfile
from collections import Counter
from pathlib import Path

import jax

from experiments.common.console import console
from experiments.engine import interrupt
from jaxae.data import cache
from jaxae.training.devices import join

COMPILED, LOADED = "/jax/core/compile/backend_compile_duration", "/jax/compilation_cache/cache_hits"
_events = Counter()


def begin_process():
    """Join the processes of JAX_COORDINATOR_ADDRESS where it is set, and keep compiled programs, before JAX is used."""
    interrupt.listen()
    join()
    keep_programs()


def process_directory(directory: Path):
    """The directory that this process writes: the run's for the first process, process_<i> within it for the others."""
    index = jax.process_index()
    return directory / f"process_{index}" if index else directory


def keep_programs():
    """Keep every compiled program in "compiled" of the cache folder, which JAXAE_CACHE moves, and begin to count them.

    A folder that the user has chosen for JAX, by JAX_COMPILATION_CACHE_DIR, stays; one that cannot be written is a warning.
    """
    if _events:
        return  # the process has begun before
    _events[COMPILED] = 0
    jax.monitoring.register_event_listener(_count)
    jax.monitoring.register_event_duration_secs_listener(_count)
    if jax.config.jax_compilation_cache_dir:
        return
    folder = cache.folder() / "compiled"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        console.print(f"Compiled programs are not kept: {error}", highlight=False, soft_wrap=True)
        return
    jax.config.update("jax_compilation_cache_dir", os.fspath(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)


def counts():
    """How many programs have been compiled and how many were taken from the disk since `keep_programs`."""
    loaded = _events[LOADED]
    return {"compiled": _events[COMPILED] - loaded, "from cache": loaded}  # a load is timed as a compilation, too


def show_counts():
    """Print the counts, if there is any."""
    compiled, loaded = counts().values()
    if compiled or loaded:
        console.print(f"{compiled} programs compiled, {loaded} from cache", highlight=False)


def _count(event, *details, **names):
    if event in (COMPILED, LOADED):
        _events[event] += 1
