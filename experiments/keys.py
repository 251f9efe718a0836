"""The keys of the configuration, so that a mistyped one is refused in one sentence that says what is allowed."""

from hydra import compose, initialize_config_dir
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf


def mistyped(arguments, directory, config):
    """The sentence for the first override whose key the configuration does not have, or None if all are known.

    arguments: of the command line; directory: of the configuration, absolute; config: its name. What Hydra itself refuses,
    as an unknown choice of a group, is left to Hydra.
    """
    words = [word for word in arguments if "=" in word and not word.startswith(("-", "+", "~", "hydra"))]
    try:
        overrides = OverridesParser.create().parse_overrides(words)
        with initialize_config_dir(directory, version_base="1.3"):
            groups = compose(config, return_hydra_config=True).hydra.runtime.choices
            chosen = [o for o in overrides if o.key_or_group in groups]
            cfg = compose(config, [f"{o.key_or_group}={_first(o)}" for o in chosen])
    except HydraException:
        return None
    for override in overrides:
        if override in chosen:
            continue
        *parents, key = override.key_or_group.split(".")
        node = OmegaConf.select(cfg, ".".join(parents)) if parents else cfg
        if not isinstance(node, DictConfig):
            return f"{override.key_or_group} is not a key: {'.'.join(parents)} has no keys of its own"
        if key not in node:
            keys = sorted(name for name in node if name != "_target_")
            return f"{override.key_or_group} is not a key: {'.'.join(parents) or 'the configuration'} has {', '.join(keys)}"
    return None


def _first(override):
    """The first value of a sweep, or the value: every choice of a group takes part in the same configuration."""
    return next(override.sweep_string_iterator()) if override.is_sweep_override() else override.get_value_string()
