"""One experiment from the command line: configuration -> recipe, model, data -> training -> files and figure.

python -m experiments.run penalty=contractive_closed_form 'weight=[0,0.01,0.1,1]'
"""

import sys

import hydra
from omegaconf import DictConfig


@hydra.main(version_base="1.3", config_path="../conf", config_name="config")
def main(cfg: DictConfig) -> float:
    """Run the job: launchers send this function as code to their workers, which import all else by its name."""
    del cfg  # composed again for every variant
    from experiments.engine.job import run_job

    return run_job()


def command(arguments: list[str]):
    """Check the words of the command line, then run; JAX is imported here, so that help and completion need not wait."""
    from experiments.engine import compilation, former_names, keys
    from experiments.engine.checks import ConfigurationError

    compilation.begin_process()
    try:
        sys.argv[1:] = keys.multirun_first(former_names.present_words(arguments))
        keys.check_arguments(sys.argv[1:])
        main()
    except ConfigurationError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        compilation.show_counts()


if __name__ == "__main__":
    if {"--list", "--help", "-h"} & set(sys.argv[1:]):
        from experiments.engine import listing

        print(listing.list_text() if "--list" in sys.argv else listing.help_text())
    elif {"-sc", "--shell-completion"} & set(sys.argv[1:]):
        from experiments.engine import completion

        if text := completion.answer(sys.argv[1:]):
            print(text, end="")
        else:
            main()
    else:
        command(sys.argv[1:])
