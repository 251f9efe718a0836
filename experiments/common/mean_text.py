"""Texts of several seeds as one."""

import re
from collections import Counter

from experiments.common.tables import OverSeeds

NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?")


def mean_text(texts):
    """Texts that differ in numbers only as one with their means; of others each with its count.

    ["AE 1.0", "AE 1.2"] gives "AE 1.1 ± 0.1", ["a < b", "a < b", "b < a"] gives "a < b (2), b < a (1)".
    """
    if len(set(texts)) == 1:
        return texts[0]
    if len({NUMBER.sub("0", text) for text in texts}) > 1:
        return ", ".join(f"{text} ({count})" for text, count in Counter(texts).most_common())
    columns = iter(zip(*(NUMBER.findall(text) for text in texts), strict=True))
    return NUMBER.sub(lambda match: _mean_number(next(columns)), texts[0])


def _mean_number(words):
    if len(set(words)) == 1:
        return words[0]
    values = list(map(float, words))
    mean, deviation = OverSeeds.of(values)
    if any("e" in word for word in words):
        return f"{mean:.3g} ± {deviation:.1g}"
    decimals = max(len(word.partition(".")[2]) for word in words)
    return f"{mean:.{decimals}f} ± {deviation:.{decimals}f}"
