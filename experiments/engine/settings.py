"""What the values of a configuration's `figure` may be: of the kind that the experiment's own file has, and within limits."""

import functools
import math
import numbers

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from experiments.engine.checks import ConfigurationError
from experiments.engine.keys import CONF

# Keys whose least value is not 1 (whole numbers) or above 0 (others), and whose largest one is not that of LIMIT. Where more is
# asked for than there are examples, units or classes, the scripts show as many as there are.
LEAST = {
    "runs": 0,
    "seed": 0,
    "example": 0,
    "shown": 0,
    "densities": 0,
    "banks": 0,
    "distances": 2,
    "ks": 2,
    "features": 4,
}
MOST = {"share": 1, "filtered": 1, "seed": 2**32 - 1}
MOST |= {"runs": 200, "columns": 100, "filters": 1000, "arrows": 200}  # what a picture holds
MOST |= {"radius": 1000, "directions": 1000, "pairs": 10_000, "distances": 20_000, "codes": 20_000}  # what memory holds
MOST |= {"features": 2048, "draws": 1000, "noise": 10_000, "samples": 10_000, "classifier": 10_000}
LIMIT = {int: 10**9, float: 10**6}
POWERS = ("features",)  # of 2


def check_figure(cfg: DictConfig):
    """Refuse a value of another kind than its key has in the experiment's file, or beyond its limits; ConfigurationError.

    Of an experiment whose file lies elsewhere only the kinds are known, which are those of the values themselves.
    """
    try:
        values = OmegaConf.to_container(cfg.figure, resolve=True)
    except OmegaConfBaseException as error:
        raise ConfigurationError(f"figure: {str(error).splitlines()[0]}") from error
    own = _defaults(cfg.get("claim"), cfg.scale)
    for key, value in values.items():
        default = own.get(key, value)
        several = isinstance(default, list)
        if several and not (isinstance(value, list) and value):
            raise ConfigurationError(f"figure.{key} is {value!r}: it must be a list of one value or more")
        words, allows = _allowed(key, default if several else [default], within=key in own)
        if not all(map(allows, value if several else [value])):
            each = "a list, each value " if several else ""
            raise ConfigurationError(f"figure.{key} is {value!r}: it must be {each}{words}")


def _allowed(key, default, within):
    """What a value may be as words and as a test; default: values of its kind; within: whether limits hold."""
    kinds = {type(value) for value in default}
    if kinds == {bool}:
        return "true or false", lambda value: isinstance(value, bool)
    if kinds <= {str, type(None)}:
        return "a name, or null", lambda value: value is None or isinstance(value, str)
    if not kinds <= {int, float}:
        return "of one kind", lambda value: kinds == {dict}
    kind = int if kinds == {int} else float
    closed = kind is int or key in LEAST
    low, high = LEAST.get(key, int(kind is int)), MOST.get(key, LIMIT[kind])
    range_ = f" from {low} to {high}" if closed else f" above {low}, at most {high}"
    power = " that is a power of 2" if key in POWERS else ""

    def allows(value):
        if (
            isinstance(value, bool)
            or not isinstance(value, int if kind is int else numbers.Real)
            or not abs(value) < math.inf
        ):
            return False
        inside = low <= value <= high and (closed or value > low) and not (power and value & (value - 1))
        return inside or not within

    return ("a whole number" if kind is int else "a finite number") + (range_ + power if within else ""), allows


@functools.cache
def _defaults(claim, scale):
    """The `figure` of the file in conf/experiment with this claim, at a scale; without keys where there is none."""
    for path in sorted((CONF / "experiment").glob("*.yaml")):
        file = OmegaConf.load(path)
        if file.claim == claim:
            part = {"scale": scale, "at": file.get("at", {}), "figure": file.get("figure", {})}
            return OmegaConf.to_container(OmegaConf.create(part), resolve=True)["figure"]
    return {}
