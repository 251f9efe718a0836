"""Who may import whom, and what importing the library does."""

import ast
import importlib
import json
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[1]
HEAVY = ["hydra", "omegaconf", "tensorflow", "tensorflow_datasets", "matplotlib", "sklearn", "skimage", "pandas"]
ROLES = ("losses", "penalties", "corruptions", "codes")
COMMANDS = {f"experiments.{path.stem}" for path in (ROOT / "experiments").glob("*.py")} - {"experiments.__init__"}
PUBLIC = {
    "jaxae.losses": ["squared_error", "binary_cross_entropy", "gaussian_nll", "mean_prediction"],
    "jaxae.penalties": [
        "contractive",
        "contractive_exact",
        "contractive_closed_form",
        "contractive_hessian",
        "kl_sparsity",
        "l1",
        "none",
    ],
    "jaxae.boltzmann": ["contrastive_divergence", "free_energy", "gibbs_step"],
    "jaxae.corruptions": ["clean", "gaussian", "masking", "salt_and_pepper"],
    "jaxae.codes": ["identity", "dense", "dropout", "first", "noisy_sigmoid", "scaled", "soft_threshold", "top_k"],
    "jaxae.models": [
        "ACTIVATIONS",
        "INITIALIZERS",
        "Convolutional",
        "Dense",
        "FlaxModules",
        "Layer",
        "Layers",
        "from_linen",
        "from_names",
        "from_nnx",
        "untie",
    ],
    "jaxae.objective": ["Recipe", "encode", "objective", "per_example", "reconstruct"],
    "jaxae.functions": ["configure", "as_partial", "keywords_of"],
    "jaxae.schedules": ["Schedule", "at", "warmup_cosine"],
    "jaxae.training": ["Fit", "evaluation_error", "fit", "fit_grid", "test_error"],
    "jaxae.sweeps": ["check_seed", "expand", "take"],
    "jaxae.rows": ["Rows", "open_rows", "taken"],
    "jaxae.pretraining": ["Pretraining", "layers_of", "pretrain"],
    "jaxae.optimizers": ["adadelta_of_mean", "conjugate_gradient"],
    "jaxae.jacobian": ["singular_values", "sensitive_directions", "tangents"],
    "jaxae.probes": ["fine_tuned", "k_nearest", "linear_probe"],
    "jaxae.storage": ["Stored", "load", "save"],
    "jaxae.export": ["Exported", "export", "load_exported"],
    "jaxae.sklearn": [
        "Autoencoder",
        "AutoencoderSearchCV",
        "ContractiveAutoencoder",
        "DenoisingAutoencoder",
        "KSparseAutoencoder",
        "SparseAutoencoder",
    ],
    "jaxae.data": ["NAMES", "Data", "from_arrays", "load"],
    "jaxae.sparse.sae_lens": ["load", "save"],
    "jaxae.data.features": ["World", "coefficients", "draw", "examples", "world"],
}

PROGRAM = """
import importlib, json, sys
loaded = {}
for name in sys.argv[2:]:
    importlib.import_module(name)
    loaded[name] = [heavy for heavy in json.loads(sys.argv[1]) if heavy in sys.modules]
import jax
print(json.dumps([loaded, jax.config.jax_enable_x64]))
"""


def module_of(path):
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


FILES = {module_of(path): path for room in ("jaxae", "experiments") for path in (ROOT / room).rglob("*.py")}


def imports(name):
    """The modules of ours that a module imports, also those inside functions."""
    path, found = FILES[name], set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{name} imports by dots: write the whole name"
            members = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= (members & FILES.keys()) | ({node.module} if members - FILES.keys() else set())
    return found & FILES.keys()


def within(name, *rooms):
    return any(name == room or name.startswith(f"{room}.") for room in rooms)


# (what it holds for, what may not be imported, the rule)
RULES = [
    ("jaxae", "experiments", "the library knows no experiment"),
    *((f"jaxae.{a}", f"jaxae.{b}", "roles know none of each other") for a in ROLES for b in (*ROLES, "models") if a != b),
    *(("jaxae.models", f"jaxae.{role}", "models know no role") for role in ROLES),
    *((f"jaxae.{role}", f"jaxae.{room}", "roles know no training and no measure") for role in ROLES
      for room in ("training", "measures", "data", "files")),
    ("jaxae.objective", "jaxae.training", "the objective knows no training"),
    ("jaxae.measures", "jaxae.training", "measures know no training"),
    ("jaxae.measures", "jaxae.objective", "measures know no objective"),
    ("jaxae.measures", "jaxae.data", "measures see arrays"),
    ("jaxae.contractive", "jaxae.training", "products of layers know no training"),
    ("jaxae.data", "jaxae.training", "data know no training"),
    ("experiments.common", "experiments.engine", "what figures share never imports the engine"),
    ("experiments.common", "experiments.figures", "what figures share knows no figure"),
    ("experiments.figures", "experiments.engine", "figures never import the engine"),
    *(("experiments.notebooks", f"experiments.{room}", "the course shows the library alone")
      for room in ("common", "engine", "figures", "report", "benchmarks")),
    ("experiments.engine", "experiments.figures", "the engine loads figures by name"),
    *(("experiments", command, "nothing imports a command") for command in sorted(COMMANDS)),
]  # fmt: skip


@pytest.mark.parametrize(("room", "other", "rule"), RULES)
def test_rooms_import_only_what_they_may(room, other, rule):
    wrong = [f"{name} imports {found}" for name in FILES if within(name, room) and not within(name, other)
             for found in imports(name) if within(found, other)]  # fmt: skip
    assert not wrong, f"{rule}: {'; '.join(wrong)}"


def test_commands_alone_lie_in_experiments():
    assert {f"experiments.{name}" for name in ("run", "reproduce", "table", "benchmark")} == COMMANDS


@pytest.mark.parametrize("name", PUBLIC)
def test_public_imports_go_on_to_work(name):
    module = importlib.import_module(name)
    assert not [member for member in PUBLIC[name] if not hasattr(module, member)]


def test_importing_the_library_loads_nothing_heavy_prints_nothing_and_sets_nothing():
    others = ("jaxae.data", "jaxae.sklearn")  # which are there for packages that the base install leaves out
    names = [name for name in FILES if within(name, "jaxae") and not any(within(name, other) for other in others)]
    command = [sys.executable, "-W", "error:::jaxae", "-c", PROGRAM, json.dumps(HEAVY), *names]
    result = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=300)
    assert result.returncode == 0, result.stderr
    loaded, x64 = json.loads(result.stdout)  # a print of the library's would not parse
    assert loaded == {name: [] for name in names}
    assert not x64


def test_files_of_tests_have_names_of_their_own():
    """pytest imports them by their stems: of two alike it would collect one."""
    names = [path.name for path in (ROOT / "tests").rglob("test_*.py")]
    assert not {name for name in names if names.count(name) > 1}
