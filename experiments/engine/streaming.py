"""What does not go with data.stream: each refusal is one sentence, before anything is loaded or trained."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Num
from omegaconf import DictConfig

from experiments.engine.checks import ConfigurationError
from jaxae.arrays import Array

DRAWS = "overview"  # the experiment whose figure leaves the training examples alone


def check_figure_of_streamed(experiment: str, cfgs: Mapping[str, DictConfig]) -> None:
    """Raises ConfigurationError where an experiment that may draw training examples has them streamed."""
    if experiment != DRAWS and any(cfg.data.get("stream") is True for cfg in cfgs.values()):
        raise ConfigurationError(
            f"data.stream is true: experiment={experiment} may take training examples into memory, allowed is {DRAWS}"
        )


def check_streamed(cfg: DictConfig, seeds: Num[Array, " runs"]) -> None:
    """Raises ConfigurationError for what needs streamed training examples in memory, or in several orders."""
    for key in ("pretrain", "centred"):
        if cfg.train[key]:
            raise ConfigurationError(
                f"data.stream is true and train.{key} is {cfg.train[key]}: it needs the training examples in memory"
            )
    if len(np.unique(seeds)) > 1:
        raise ConfigurationError(
            "data.stream is true: the runs of a grid share one order of the examples, sweep seed with -m or by seeds"
        )
