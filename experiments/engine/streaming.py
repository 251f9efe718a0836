"""What does not go with data.stream: each refusal is one sentence, before anything is loaded or trained."""

from collections.abc import Mapping

from omegaconf import DictConfig

from experiments.engine.checks import ConfigurationError

DRAWS = "overview"  # the experiment whose figure leaves the training examples alone


def check_figure_of_streamed(experiment: str, cfgs: Mapping[str, DictConfig]) -> None:
    """Raises ConfigurationError where an experiment that may draw training examples has them streamed."""
    if experiment != DRAWS and any(cfg.data.get("stream") is True for cfg in cfgs.values()):
        raise ConfigurationError(
            f"data.stream is true: experiment={experiment} may take training examples into memory, allowed is {DRAWS}"
        )


def check_streamed(cfg: DictConfig) -> None:
    """Raises ConfigurationError for what needs streamed training examples in memory."""
    for key, needs in (("pretrain", bool(cfg.train.pretrain)), ("centred", cfg.train.centred == "geometric_median")):
        if needs:
            raise ConfigurationError(
                f"data.stream is true and train.{key} is {cfg.train[key]}: it needs the training examples in memory"
            )
