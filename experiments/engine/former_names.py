"""Keys and choices under the names that they had before: a command says the present one and goes on."""

from experiments.common.console import console

KEYS = {"train.width": "train.parallel_runs", "part": "shard"}
CHOICES = {("code", "dense"): "identity"}


def present_words(words: list[str]) -> list[str]:
    """The words of a command line, or other overrides, with the names that keys and choices have now; each change is told."""
    return [_present(word) for word in words]


def present_configuration(tree: dict) -> dict:
    """A stored configuration, as nested dicts, under the names of now."""
    tree = dict(tree)
    if "part" in tree:
        tree["shard"] = tree.pop("part")
    if tree.get("code", {}).get("_target_") == "jaxae.codes.dense":
        tree["code"] = {"_target_": "jaxae.codes.identity"}
    if "variants" in tree:
        tree["variants"] = {label: present_configuration(variant) for label, variant in tree["variants"].items()}
    return tree


def _present(word):
    name, equals, value = word.partition("=")
    key = name.lstrip("+~")
    present = KEYS.get(key, key)
    values = [CHOICES.get((key, choice), choice) for choice in value.split(",")]
    changed = name.replace(key, present) + equals + ",".join(values)
    if equals and changed != word:
        console.print(f"{word} is called {changed} now", highlight=False, markup=False)
        return changed
    return word
