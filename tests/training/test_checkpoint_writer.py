"""Checkpoints are written beside the training, within their share of its time, and curves cost the same in every epoch."""

import json
import threading
import warnings
from collections import Counter

import jax
import numpy as np
import pytest
from test_checkpoints import Unplugged, every, grid, identical

from experiments.benchmarks import drawing, growth
from experiments.benchmarks.rounds import measure
from jaxae.training import checkpoint_writer
from jaxae.training.checkpoint_writer import CheckpointWriter
from jaxae.training.checkpoints import MANIFEST, Checkpoint, Checkpoints
from jaxae.training.curves import Curves

COMPILED = Counter()
jax.monitoring.register_event_duration_secs_listener(lambda event, *_, **__: COMPILED.update([event]))


class Priced(Checkpoints):
    """Writes nothing, and takes `seconds` of a clock that stands still otherwise."""

    def save(self, checkpoint, identity):
        CLOCK["now"] += CLOCK["price"]
        CLOCK["paid"].append(checkpoint.epoch.item())


CLOCK = {}
STATES = {"weight": np.zeros((1, 1000), np.float32)}


def pay(monkeypatch, price, epochs, seconds=1.0, **options):
    """The epochs written of a training whose epochs take `seconds` and whose writes take `price`, and the time of all."""
    CLOCK.update(now=0.0, price=price, paid=[])
    monkeypatch.setattr(checkpoint_writer, "perf_counter", lambda: CLOCK["now"])
    with CheckpointWriter(Priced("nowhere", **options), {}) as ours:
        for epoch in range(1, epochs + 1):
            CLOCK["now"] += seconds
            if ours.due(epoch, STATES):
                ours.write(Checkpoint(epoch, 1, STATES, {}))
                ours.wait()
                CLOCK["now"] -= price  # it was beside the training
    return CLOCK["paid"], CLOCK["now"]


@pytest.mark.parametrize("price", [3.0, 10.0, 30.0])
def test_writes_stay_within_their_share_and_use_it(monkeypatch, price):
    for share in (0.02, 0.2):
        epochs, seconds = pay(monkeypatch, price, 5000, every=10, share=share)
        spent = price * np.arange(1, len(epochs) + 1)
        assert np.all(spent[1:] <= share * np.array(epochs[1:]))  # an epoch is a second; the first price was not known
        assert share * seconds - spent[-1] <= price + 10 * share  # one more, where it was asked for, is too many
        assert all(epoch % 10 == 0 for epoch in epochs)


def test_writes_that_cost_nothing_come_as_often_as_asked_for(monkeypatch):
    assert pay(monkeypatch, 0.0, 100, every=10)[0][1:] == [20, 30, 40, 50, 60, 70, 80, 90, 100]
    assert pay(monkeypatch, 0.1, 100, seconds=60.0, every=10)[0] == list(range(10, 101, 10))


def test_the_first_write_waits_for_what_its_bytes_let_expect(monkeypatch):
    import orbax.checkpoint  # noqa: F401 - its time is to count no more

    million = {"weight": np.zeros(10**6, np.float32)}
    expected = checkpoint_writer.FILES + 4e6 / checkpoint_writer.PACE
    CLOCK.update(now=0.0)
    monkeypatch.setattr(checkpoint_writer, "perf_counter", lambda: CLOCK["now"])
    ours = CheckpointWriter(Checkpoints("nowhere", 1, share=0.5), {})
    for seconds, due in ((1.99, False), (2.01, True)):
        CLOCK["now"] = seconds * expected
        assert ours.due(1, million) is due


def test_a_share_of_1_writes_every_one_and_no_checkpoints_none(monkeypatch):
    assert pay(monkeypatch, 1e6, 6, every=2, share=1)[0] == [2, 4, 6]
    with CheckpointWriter(None, None) as ours:
        assert not ours.due(1, STATES)
        ours.write(Checkpoint(1, 1, STATES, {}))


@pytest.mark.parametrize("share", [0, -0.1, 1.01, True, "all", float("nan")])
def test_a_share_that_is_none_is_refused(share):
    with pytest.raises(ValueError, match=r"share is .*: it must be a number above 0 and at most 1"):
        Checkpoints("nowhere", share=share)


class Held(Checkpoints):
    """Writes once the training has come to an epoch that it could not come to if it waited for the write."""

    def save(self, checkpoint, identity):
        assert GO.wait(60)
        super().save(checkpoint, identity)


GO = threading.Event()


@pytest.mark.slow
def test_training_goes_on_while_a_checkpoint_is_written_of_the_epoch_that_it_had(tmp_path):
    GO.clear()

    def last(index, row):
        return GO.set() if index == 4 else None

    whole = grid(checkpoints=Held(tmp_path, 3, share=1), on_epoch=last)
    assert [path.name for path in tmp_path.iterdir()] == ["epoch_3"]
    seen = []
    identical(grid(checkpoints=every(tmp_path), on_epoch=lambda index, row: seen.append(index)), whole)
    assert seen == [3, 4]


def test_a_training_that_ends_early_waits_for_its_write(tmp_path):
    GO.clear()

    def stop(index, row):
        if index == 3:
            threading.Timer(0.3, GO.set).start()
            raise Unplugged

    with pytest.raises(Unplugged):
        grid(checkpoints=Held(tmp_path, 3, share=1), on_epoch=stop)
    manifest = json.loads((tmp_path / "epoch_3" / MANIFEST).read_text())
    assert manifest.keys() == {p.relative_to(tmp_path / "epoch_3").as_posix() for p in tmp_path.rglob("*") if p.is_file()} - {
        MANIFEST
    }  # fmt: skip


def test_the_checkpoint_is_written_before_a_divergence_is_told_whatever_it_costs(tmp_path):
    told = []

    def on_divergence(epochs):
        told.append((epochs.tolist(), [path.parent.name for path in tmp_path.rglob(MANIFEST)]))

    grid(rates=(0.01, 1e38), checkpoints=Checkpoints(tmp_path, 1, share=1e-9), on_divergence=on_divergence)
    assert told == [([-1, 0], ["epoch_1"])]


def test_the_training_s_own_thread_warns_of_a_failed_write(tmp_path, monkeypatch):
    threads = []
    monkeypatch.setattr(warnings, "warn", lambda words, **options: threads.append((words, threading.current_thread())))
    (tmp_path / "file").touch()
    grid(checkpoints=every(tmp_path / "file", 4))
    ((words, thread),) = threads
    assert "epoch_4 cannot be written" in words and thread is threading.main_thread()


def test_no_program_is_compiled_for_more_epochs_or_checkpoints(tmp_path):
    compile = "/jax/core/compile/backend_compile_duration"
    grid(epochs=2, checkpoints=every(tmp_path / "a"))
    before = COMPILED[compile]
    assert before > 0
    grid(epochs=9, checkpoints=every(tmp_path / "b"))
    assert COMPILED[compile] == before


@pytest.mark.slow
def test_the_benchmark_measures_epochs_in_processes_of_their_own_beside_the_other_axes():
    axes = {growth.EPOCHS: (1, 20), "batch size": (2,)}
    cases = growth.cases(axes=axes, start={"batch size": 2, "hidden units": 3, "features": 5})
    names = [names for names in cases if names[0] == growth.EPOCHS]
    assert names == [(growth.EPOCHS, point, kind) for point in (1, 20) for kind in ("plain", growth.CHECKPOINTS)]
    chosen = {name: cases[name] for name in (names[-1], ("batch size", 2, "plain"))}
    long, short = table = growth.rows(measure("growth", chosen, 1))
    assert long.keys() == short.keys()
    assert long["ms per step"] == pytest.approx(long["ms per epoch"] / 14) and long["ms per step"] > 0
    assert 100 < long["MiB"] < 5000 and short["MiB"] is None and short["ms per step"] > 0
    drawing.draw_growth(table)


def test_curves_are_the_rows_without_those_of_repeated_runs():
    rows = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)  # [epochs, runs and a repeated one]
    curves = Curves(2, 4)
    for index in range(3):
        curves.add(index, {"loss": jax.numpy.asarray(rows[index]), "evaluations": jax.numpy.arange(3) + index})
    np.testing.assert_array_equal(curves.until(3)["loss"], rows[:3, :2].T)
    on = Curves(2, 4, curves.until(3))
    on.add(3, {"loss": jax.numpy.asarray(rows[3]), "evaluations": jax.numpy.arange(3) + 3})
    found = on.until(4)
    np.testing.assert_array_equal(found["loss"], rows[:, :2].T)
    np.testing.assert_array_equal(found["evaluations"], [[0, 1, 2, 3], [1, 2, 3, 4]])
    assert (found["loss"].dtype, found["evaluations"].dtype) == (np.float32, np.int32)
    assert Curves(2, 4).until(0) == {}
