"""What is no function of its parameters alone is refused with what it has."""

import functools

import pytest
from flax import linen, nnx
from flax_nets import FEATURES, Back, Decoder, Encoder, Picture, data

from jaxae.models import from_linen, from_nnx


class Normed(linen.Module):
    @linen.compact
    def __call__(self, x):
        return linen.BatchNorm(use_running_average=True)(linen.Dense(3)(x))


class Dropped(linen.Module):
    @linen.compact
    def __call__(self, x):
        return linen.Dropout(0.5, deterministic=False)(linen.Dense(3)(x))


class NnxNormed(nnx.Module):
    def __init__(self, *, rngs):
        self.norm = nnx.BatchNorm(3, rngs=rngs)

    def __call__(self, x):
        return self.norm(x)


class NnxDropped(nnx.Module):
    def __init__(self, *, rngs):
        self.dropout = nnx.Dropout(0.5, rngs=rngs)

    def __call__(self, x):
        return self.dropout(x)


class Unhashed(nnx.Module):
    def __init__(self, *, rngs):
        self.sizes = [1, 2]

    def __call__(self, x):
        return x


class TwoArguments(linen.Module):
    @linen.compact
    def __call__(self, x, train):
        return x


Back3 = functools.partial(Back, 3)
PURE = "a model is a function of its parameters alone"


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: from_linen(Normed(), Decoder(FEATURES), data()), f"the encoder has batch_stats/BatchNorm_0/mean, .*: {PURE}"),
        (lambda: from_linen(Dropped(), Decoder(FEATURES), data()), f'the encoder .*needs PRNG for "dropout".: {PURE}'),
        (lambda: from_linen(TwoArguments(), Decoder(FEATURES), data()), "the encoder cannot be applied to one batch: .*train"),
        (lambda: from_linen(Encoder, Decoder(FEATURES), data()), "the encoder is a .*from_linen takes two flax.linen modules"),
        (lambda: from_nnx(NnxNormed, NnxNormed), f"the encoder has BatchStat norm.mean, BatchStat norm.var .*{PURE}"),
        (lambda: from_nnx(Picture((4, 3), rngs=nnx.Rngs(0)), NnxDropped), "make_encoder is a Picture: it must be a function"),
        (lambda: from_nnx(Back3, NnxDropped), f"the decoder has RngCount dropout.rngs.count, .*: {PURE}"),
        (lambda: from_nnx(Unhashed, Unhashed), "the encoder cannot be made or kept by its value: unhashable type: 'list'"),
        (lambda: from_nnx(lambda rngs: 3, NnxDropped), "the encoder cannot be made.*: it is a int, no nnx module"),
    ],
)  # fmt: skip
def test_what_is_no_function_of_parameters_is_refused(make, words):
    with pytest.raises(TypeError, match=words):
        make()


def test_a_decoder_that_does_not_come_back_is_refused():
    with pytest.raises(ValueError, match=r"the decoder gives shape \(11,\): it must be that of an example, \(12,\)"):
        from_linen(Encoder(), Decoder(11), data())
    with pytest.raises(ValueError, match=r"example has shape \(12,\): it must be a batch"):
        from_linen(Encoder(), Decoder(11), data()[0])
