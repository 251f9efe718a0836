"""Which keys of a configuration decide the trained numbers, and which only say where and how they are computed."""

# What `scale` chooses decides, as its column of `at` and in the values that read it.
HOST = ("hydra", "scale", "resume", "reuse", "track", "claim", "paper", "needs", "figure", "settled", "seeds")
HOST_WITHIN = {"train": ("parallel_runs", "checkpoint", "checkpoint_share", "on_divergence"), "data": ("dir",)}


def decides_numbers(key: str) -> bool:
    """Whether a key, "train.epochs" or a whole group, decides a trained grid."""
    group, _, name = key.partition(".")
    return group not in HOST and name not in HOST_WITHIN.get(group, ())
