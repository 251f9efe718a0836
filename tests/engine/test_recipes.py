import pytest
from omegaconf import OmegaConf

from experiments.engine.checks import ConfigurationError
from experiments.engine.recipes import recipe_of


def configuration(**groups):
    targets = {
        "loss": "jaxae.losses.squared_error",
        "optimizer": "optax.adam",
        "corruption": "jaxae.corruptions.clean",
        "code": "jaxae.codes.identity",
        "penalty": "jaxae.penalties.none",
    }
    nodes = {group: {"_target_": target} for group, target in targets.items()}
    nodes["optimizer"]["learning_rate"] = 0.001
    return OmegaConf.create({**nodes, "weight": None, **groups})


@pytest.mark.parametrize(
    ("group", "node", "words"),
    [
        ("code", {"_target_": "jaxae.codes.top_k", "k": None}, "code.k is None: it must be a whole number from 1 on"),
        (
            "penalty",
            {"_target_": "jaxae.penalties.l2"},
            "penalty._target_ is 'jaxae.penalties.l2': it must name a function",
        ),
        ("code", {"_target_": "jaxae.codes.top_k", "k": 2.5}, "code.k is 2.5: it must be a whole number from 1 on"),
        ("code", {"_target_": "jaxae.sparse.codes.batch_top_k", "k": 0}, "code.k is 0: it must be a number above 0"),
        ("corruption", {"_target_": "jaxae.corruptions.masking", "rate": None}, "corruption.rate is None"),
    ],
)
def test_what_is_no_number_of_a_function_is_refused(group, node, words):
    with pytest.raises(ConfigurationError, match=words):
        recipe_of(configuration(**{group: node}))


def test_a_target_may_be_null_and_the_k_of_a_batch_real():
    penalty = {"_target_": "jaxae.sparse.penalties.l0_jump", "bandwidth": 0.01, "target_l0": None}
    code = {"_target_": "jaxae.sparse.codes.batch_top_k", "k": 2.5}
    recipe = recipe_of(configuration(penalty=penalty, code=code, weight=1.0))
    assert dict(recipe.penalty.func.keywords) == {"target_l0": None}
    assert recipe.code.keywords["k"] == 2.5
