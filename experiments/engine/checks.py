"""What a configuration's numbers may be: each refusal is one sentence with the key and what is allowed."""

from omegaconf import DictConfig, ListConfig

from jaxae import ranges
from jaxae.training.precision import check_precision

NULLABLE = ("penalty.target_l0",)  # the keys of jaxae.ranges that may be null
# key: the least value
SIZES = {
    "train.epochs": 0,
    "train.batch_size": 1,
    "train.parallel_runs": 1,
    "train.pretrain": 0,
    "train.checkpoint": 0,
    "train.checkpoint_share": 0,  # a number above it, and at most 1
}
NO_PENALTY = "jaxae.penalties.none"
GATED, GATED_PENALTY = "jaxae.sparse.codes.gated", "jaxae.sparse.penalties.gated_auxiliary"


class ConfigurationError(ValueError):
    """A configuration that is refused before anything trains."""


class DivergenceError(ArithmeticError):
    """A run that has become non-finite where train.on_divergence is fail."""


def check_number(key, value, *, highest=None, of=""):
    """Refuse a value as `jaxae.ranges.check_number` does."""
    try:
        ranges.check_number(key, value, highest=highest, of=of)
    except ValueError as error:
        raise ConfigurationError(str(error)) from error


def check_size(key, value):
    """Refuse a value that is not one whole number from the key's least one on, or a share that is none."""
    if key == "train.checkpoint_share":
        if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value <= 1:
            raise ConfigurationError(f"{key} is {value!r}: it must be one number above 0 and at most 1")
        return
    if isinstance(value, list | ListConfig):
        raise ConfigurationError(
            f"{key} is {list(value)}: it fixes a shape and takes one whole number; sweep it with -m"
        )
    if key == "train.parallel_runs" and value == "auto":
        return
    if not isinstance(value, int) or isinstance(value, bool) or value < SIZES[key]:
        alternative = ", or auto" if key == "train.parallel_runs" else ""
        raise ConfigurationError(f"{key} is {value!r}: it must be a whole number from {SIZES[key]} on{alternative}")


def check_on_divergence(choice):
    """Refuse a train.on_divergence that is neither keep nor fail."""
    if choice not in ("keep", "fail"):
        raise ConfigurationError(f"train.on_divergence is {choice!r}: it must be keep or fail")


def check_patience(patience, validation, epochs):
    """Refuse a train.patience that is none, and one without examples to wait for or epochs to wait in."""
    if patience is None:
        return
    if not isinstance(patience, int) or isinstance(patience, bool) or patience < 1:
        raise ConfigurationError(f"train.patience is {patience!r}: it must be one whole number from 1 on, or null")
    if not validation:
        raise ConfigurationError(
            f"train.patience is {patience} and validation 0: hold out examples to wait for, as with validation=0.1"
        )
    if not epochs:
        raise ConfigurationError(f"train.patience is {patience} and train.epochs 0: there is no epoch to stop after")


def check_products(precision):
    """Refuse a train.precision that this machine's device does not have."""
    try:
        check_precision(precision)
    except ValueError as error:
        raise ConfigurationError(f"train.{error}") from error


def check_single(prefix, options):
    """Refuse a list, or a nested key, where one value must stand."""
    for name, value in options.items():
        if isinstance(value, list | ListConfig | DictConfig | dict):
            raise ConfigurationError(
                f"{prefix}.{name} is {value}: it takes one value; sweep it with -m {prefix}.{name}=a,b"
            )


def check_penalty_weights(cfgs: dict[str, DictConfig]):
    """Refuse a penalty without a weight, a weight where no grid has a penalty, and a gate or its penalty without the other.

    None of them would do anything.
    """
    penalised = {label: cfg.penalty["_target_"] != NO_PENALTY for label, cfg in cfgs.items()}
    for label, cfg in cfgs.items():
        place = f"variant {label}: " if len(cfgs) > 1 else ""
        penalty = cfg.penalty["_target_"]
        if penalised[label] and cfg.weight is None:
            name = penalty.rpartition(".")[2]
            raise ConfigurationError(f"{place}penalty {name} has no weight: give one, as in weight=0.1, or weight=0")
        if cfg.weight and not any(penalised.values()):
            raise ConfigurationError(f"{place}weight is {cfg.weight} and penalty is none: choose one, as penalty=l1")
        gated = cfg.code["_target_"] == GATED
        if gated and penalty != GATED_PENALTY and penalty.startswith("jaxae."):
            raise ConfigurationError(f"{place}code gated has a gate that learns by its penalty: choose gated_auxiliary")
        if penalty == GATED_PENALTY and not gated:
            raise ConfigurationError(f"{place}penalty gated_auxiliary trains the gate of code=gated: choose that code")
