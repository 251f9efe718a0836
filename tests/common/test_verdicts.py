"""Every rule can hold and can fail, and says what was measured."""

import math
from functools import partial

import numpy as np
import pytest

from experiments.common import verdicts

NAMED = {"AE": 2.0, "CAE": 0.5}

# (rule, values that hold, values that fail)
OF_VALUES = [
    (verdicts.rises, [[1, 2, 3], {"a": -1, "b": 0}], [[1, 3, 2], [1, 1], [3, 2, 1]]),
    (verdicts.falls, [[3, 2, 1], {"a": 0, "b": -1}], [[3, 1, 2], [1, 1], [1, 2, 3]]),
    (partial(verdicts.below, bound=2), [[1, 1.9], {"a": -5}], [[1, 2], [3], [math.nan]]),
    (partial(verdicts.above, bound=2), [[3, 2.1], {"a": 5}], [[3, 2], [1], [math.nan]]),
    (partial(verdicts.within, bound=0.1), [[0.05, -0.09], {"a": 0}], [[0.05, -0.1], [1], [math.nan]]),
]


@pytest.mark.parametrize(("rule", "holding", "failing"), OF_VALUES)
def test_a_rule_of_values_holds_and_fails(rule, holding, failing):
    for values, expected in [(v, True) for v in holding] + [(v, False) for v in failing]:
        verdict = rule("claim", "rule", values, "{value:.2f}")
        assert verdict.holds is expected, values
        assert (verdict.claim, verdict.rule) == ("claim", "rule")
        assert verdict.measured == verdicts.listed(values, "{value:.2f}")
    arrays = rule("claim", "rule", np.array(holding[0]), "{value:.2f}")
    assert arrays.holds is True and arrays.measured == verdicts.listed(holding[0], "{value:.2f}")


def test_the_least_of_named_values():
    assert verdicts.least("claim", "rule", NAMED, "{name} {value:g}", of="CAE").holds is True
    assert verdicts.least("claim", "rule", NAMED, "{name} {value:g}", of="AE").holds is False


@pytest.mark.parametrize(("one", "other"), [(1, 2), (np.float32(1), np.float64(2))])
def test_one_value_against_another(one, other):
    less, greater = (partial(rule, "claim", "rule") for rule in (verdicts.less, verdicts.greater))
    assert less(one, other).holds is greater(other, one).holds is True
    assert (
        less(other, one).holds is less(one, one).holds is greater(one, other).holds is greater(one, one).holds is False
    )
    assert less(one, other).measured == "1.00 against 2.00"
    assert less(one, other, "{:g} s, {:g} s").measured == "1 s, 2 s"


def test_the_order_of_named_values():
    same = verdicts.same_order("claim", NAMED, {"AE": 17, "CAE": 1, "DAE": 5})
    assert same == verdicts.Verdict("claim", "CAE < AE", "CAE < AE", True, margins=(1.5,))
    other = verdicts.same_order("claim", NAMED, {"AE": 1, "CAE": 17})
    assert other == verdicts.Verdict("claim", "AE < CAE", "CAE < AE", False, margins=(-1.5,))


@pytest.mark.parametrize(
    ("margins", "holds"), [([0.5, np.float32(2)], True), ([0.5, 0], False), ([1, math.nan], False)]
)
def test_several_comparisons_at_once_hold_where_every_margin_is_above_0(margins, holds):
    verdict = verdicts.decided("claim", "rule", "1 and 2", margins, source="Paper 2011, figure 1")
    assert verdict.holds is holds
    assert (verdict.measured, verdict.source) == ("1 and 2", "Paper 2011, figure 1")
    np.testing.assert_array_equal(verdict.margins, margins)


def test_every_rule_keeps_its_source_and_what_it_wants_above_0():
    values = {"values": [3, 2], "form": "{value}"}
    for rule, given, margins in [
        (verdicts.falls, values, (1,)),
        (verdicts.rises, values, (-1,)),
        (verdicts.below, values | {"bound": 5}, (2, 3)),
        (verdicts.above, values | {"bound": 1}, (2, 1)),
        (verdicts.within, values | {"bound": 4}, (1, 2)),
        (verdicts.least, {"values": NAMED, "form": "{name}", "of": "CAE"}, (1.5,)),
        (verdicts.less, {"one": 1, "other": 3}, (2,)),
        (verdicts.greater, {"one": 1, "other": 3}, (-2,)),
    ]:
        verdict = rule("claim", "rule", **given, source="Paper 2011")
        assert (verdict.source, verdict.margins) == ("Paper 2011", margins)


def test_values_in_words():
    assert verdicts.listed(NAMED) == "AE 2.00, CAE 0.50"
    assert verdicts.listed({0.5: 0.25}, "k={name:g}: {value:.0%}") == "k=0.5: 25%"
    assert verdicts.listed([3, 2], "{value}", join=" > ") == "3 > 2"
    assert verdicts.listed([], "{value}") == ""


def test_ever_rising_values():
    assert verdicts.rising([1, 2, 3]) and verdicts.rising([1]) and verdicts.rising([])
    assert not verdicts.rising([1, 2, 2]) and not verdicts.rising([2, 1])
