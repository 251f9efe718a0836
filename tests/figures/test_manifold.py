import pytest

from experiments.figures.manifold import digits


@pytest.mark.parametrize("shape", [(2, 3), (28, 28), (32, 32, 3)])
def test_the_number_of_pictures_has_the_digits_of_the_whole_number(shape):
    product = 1
    for length in shape:
        product *= length
    count, exponent = 256**product, digits(*shape)
    assert 10 ** int(exponent) <= count < 10 ** (int(exponent) + 1)
