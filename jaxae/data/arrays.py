"""A user's own examples as two splits: divided, numbered and scaled as the options say, and told in words."""

import numbers
from typing import Any

import numpy as np

from jaxae.data.dataset import Data, Origin
from jaxae.data.options import whole_number
from jaxae.data.scaling import fitted
from jaxae.data.splits import SEED, stratified
from jaxae.data.table import Table, checked

NAMED = 12  # classes that a note lists


def from_arrays(
    x: Any, labels: Any = None, *, test: Any = 0.2, seed: Any = SEED, scaling: str = "unit", shape: Any = None
) -> tuple[Data, Data]:
    """The train and test splits of arrays, checked, flat, float32 and scaled by what is fitted to the train split.

    x: [n, features], [n, height, width] or [n, height, width, 1 or 3]; labels: [n] whole numbers or words; test: the share of
    every class, or a pair (x, labels) of arrays; seed: of that division and of the order, in which classes are spread evenly;
    scaling: see `scaling.fitted`, levels of uint8
    pictures are divided by 255; shape: of an example, where x is flat. `origin.notes` of each says what was done. Raises
    ValueError with the place of what is wrong.
    """
    if test is not None and not isinstance(test, numbers.Real | str):
        if not (isinstance(test, tuple | list) and len(test) == 2):
            raise ValueError("Data option 'test' is neither a share nor a pair (x, labels); allowed are these.")
        test = Table(test[0], test[1], "test x")
    return divided(Table(x, labels, "x"), test, seed=seed, scaling=scaling, shape=shape)


def divided(table: Table, test: Any, *, seed: Any, scaling: str, shape: Any = None) -> tuple[Data, Data]:
    """The train and test splits of a table; test: the share of every class, or a second table. Raises ValueError."""
    seed = whole_number("seed", seed, least=0)
    table, found = checked(table, shape)
    if isinstance(test, Table):
        test, other = checked(test, shape)
        check_alike(table, test, found, other)
        parts = tuple(part.taken(stratified(part.strata(), "train", share=1, seed=seed)) for part in (table, test))
        how = f"{test.name} is the test split, both shuffled by seed {seed}"
    else:
        parts, how = parts_of(table, test, seed), f"{float(test):g} of every class is the test split, seed {seed}"
        how = how if table.labels is not None else how.replace("of every class ", "")
    train, test = parts
    names, classes = numbered([part.labels for part in parts])
    scale, words = fitted(scaling, train.x, white=train.white, together=len(found) > 1)
    about = described(table.name, (len(train.x), len(test.x)), found, how)
    first = (*dict.fromkeys((*table.notes, *test.notes)), about, *class_notes(names))
    splits = []
    for part, number, split in zip(parts, classes, ("train", "test"), strict=True):
        x, outside = scale.counted(part.x)
        ranges = f"{split} values from {x.min():.3g} to {x.max():.3g}"
        cut = (
            f", of which {outside} outside [0, 1] {'was' if outside == 1 else 'were'} set to 0 or 1" if outside else ""
        )
        notes = (*first, f"{words}; {ranges}") if split == "train" else (f"{ranges}{cut}",)
        splits.append(Data(x, number, found, Origin(part.name, notes, part.columns, scale)))
    return tuple(splits)


def parts_of(table: Table, share: Any, seed: int) -> tuple[Table, Table]:
    """The train and test parts of a table, `share` of every class being in the second; raises ValueError."""
    return tuple(table.taken(part) for part in places_of(table.strata(), share, seed, table.name))


def places_of(strata: np.ndarray, share: Any, seed: int, name: str) -> list[np.ndarray]:
    """The places of the train and of the test examples, `share` of every class being the second; raises ValueError."""
    if not isinstance(share, numbers.Real) or isinstance(share, bool) or not 0 < share < 1:
        raise ValueError(
            f"Data option 'test' is {share!r}; allowed are a share between 0 and 1, ends excluded, and a path."
        )
    share = float(share)
    rows = [stratified(strata, split, share=1 - share, seed=seed) for split in ("train", "test")]
    if not all(map(len, rows)):
        raise ValueError(
            f"Data option 'test' is {share:g} and leaves {len(rows[0])} examples of {name} for training and "
            f"{len(rows[1])} for the test; allowed is a share that leaves one or more in both."
        )
    return rows


def described(name: str, counts: tuple[int, int], shape: tuple[int, ...], how: str) -> str:
    """What the splits of a user's own data are, in a sentence."""
    about = f"{name}: {counts[0]} examples for training and {counts[1]} for the test"
    return f"{about}, {'pictures of ' if len(shape) > 1 else 'features: '}{' x '.join(map(str, shape))}; {how}"


def check_alike(train: Table, test: Table, shape: tuple[int, ...], other: tuple[int, ...]):
    """Raises ValueError where a test table is not of the same kind as the training one."""
    if train.columns != test.columns and train.columns is not None and test.columns is not None:
        apart = [name for name in train.columns if name not in test.columns]
        apart += [name for name in test.columns if name not in train.columns]
        which = f"column {apart[0]!r} is in one of them only" if apart else "their columns are in another order"
        raise ValueError(f"{test.name} and {train.name} differ: {which}; allowed are the same columns.")
    if shape != other:
        raise ValueError(
            f"{test.name} has examples of {list(other)} and {train.name} of {list(shape)}; allowed is one shape."
        )
    if (train.labels is None) != (test.labels is None):
        lacking = train.name if train.labels is None else test.name
        raise ValueError(f"{lacking} has no labels and the other split has; allowed are labels for both or none.")
    if train.white != test.white:
        raise ValueError(
            f"{test.name} is of dtype {test.x.dtype} and {train.name} of {train.x.dtype}; allowed are levels of uint8 in both "
            "or none."
        )


def numbered(labels: list[np.ndarray | None]) -> tuple[list, list[np.ndarray | None]]:
    """Names of all classes in order, and the labels of each part as int32 places in it; raises ValueError."""
    if labels[0] is None:
        return [], labels
    if len({part.dtype.kind in "SU" for part in labels}) > 1:
        raise ValueError("Labels are words in one split and numbers in the other; allowed is one kind.")
    joined = np.concatenate(labels)
    if joined.dtype.kind in "SU" and all(word.isdecimal() and str(int(word)) == word for word in np.unique(joined)):
        joined = joined.astype(np.int64)  # so that class 10 comes after class 9
    names, places = np.unique(joined, return_inverse=True)
    return names.tolist(), np.split(places.astype(np.int32), [len(labels[0])])


def class_notes(names: list) -> tuple[str, ...]:
    """What the numbers of the classes mean, where they are not the labels themselves."""
    if names == list(range(len(names))):
        return ()
    told = ", ".join(f"{i} is {name}" for i, name in enumerate(names[:NAMED]))
    return (f"{len(names)} classes in the order of their labels: {told}{', ...' if len(names) > NAMED else ''}",)
