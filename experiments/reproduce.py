"""Several experiments one after the other, and one report of what they show.

python -m experiments.reproduce scale=paper 'experiments=[spectrum]'
"""

import os
import sys
import traceback
from pathlib import Path

import hydra
import jax
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, ListConfig, OmegaConf

from experiments.common.console import console
from experiments.engine import compilation, keys, over_seeds
from experiments.engine.checks import ConfigurationError
from experiments.report import page as report

CONF = Path(__file__).resolve().parent.parent / "conf"


def choose(experiments, scale) -> list[str]:
    """The names of the experiments asked for, each once; raises ConfigurationError for an unknown name or scale."""
    known = sorted(path.stem for path in CONF.glob("experiment/*.yaml") if path.stem != "overview")
    asked = list(experiments) if isinstance(experiments, list | ListConfig) else [experiments]
    course = OmegaConf.to_container(OmegaConf.load(CONF / "reproduce.yaml")["all"])
    names = course if asked == ["all"] else list(dict.fromkeys(asked))
    unknown = [str(name) for name in names if name not in known]
    if unknown or not names:
        raise ConfigurationError(
            f"experiments has {', '.join(unknown) or 'no name'}: it takes all, or a list of {', '.join(known)}"
        )
    scales = list(OmegaConf.load(CONF / "config.yaml")["at"])
    if scale not in scales:
        raise ConfigurationError(f"scale is {scale!r}: it must be one of {', '.join(scales)}")
    return names


def reproduce(names: list[str], scale: str, directory: Path, *, resume="refuse", seeds=None) -> bool:
    """Run the experiments, rewriting directory/report.html after each one, and say whether all of them finished.

    What an earlier call has trained in the directory is drawn again; resume and seeds: as in experiments.run.
    """
    facts = report.facts(scale, seeds)
    words = [f"scale={scale}", f"resume={resume}"] + ([] if seeds is None else [f"seeds={seeds}"])
    entries = []
    for done, name in enumerate(names, start=1):
        console.rule(f"{name} ({done} of {len(names)})")
        entries.append(_attempt(name, words, directory / name))
        path = report.write(directory, facts, entries, names[done:])
        console.print(os.path.relpath(path), highlight=False, soft_wrap=True)
    console.print(f"peak memory {report.peak_memory()}", highlight=False)
    return not any(entry.traceback for entry in entries)


def _attempt(name, words, directory):
    """An experiment's entry; the trained grids are let go of on return, and an error is kept as its traceback."""
    try:
        result = over_seeds.execute([f"experiment={name}", *words], directory, redraw=True)
        result.outcome.show()
        return report.finished(result, directory)
    except Exception:
        text = traceback.format_exc()
        console.print(text, markup=False, highlight=False)
        about = OmegaConf.load(CONF / "experiment" / f"{name}.yaml")
        return report.Entry(name, about.claim, about.paper, traceback=text)
    finally:
        jax.clear_caches()  # compiled programs hold memory maps, of which a process may not have many experiments' worth


@hydra.main(version_base="1.3", config_path="../conf", config_name="reproduce")
def main(cfg: DictConfig):
    """Write the report; the exit code is 1 where an experiment failed."""
    try:
        names = choose(cfg.experiments, cfg.scale)
        if cfg.seeds is not None:
            over_seeds.seeds_of(cfg)
    except ConfigurationError as error:
        sys.exit(str(error))
    directory = compilation.process_directory(Path(HydraConfig.get().runtime.output_dir))
    if not reproduce(names, cfg.scale, directory, resume=cfg.resume, seeds=cfg.seeds):
        sys.exit(1)


if __name__ == "__main__":
    compilation.begin_process()
    try:
        keys.check_arguments(sys.argv[1:], "reproduce")
        main()
    except ConfigurationError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit("interrupted: the same command with the hydra.run.dir of this one goes on")
    finally:
        compilation.show_counts()
