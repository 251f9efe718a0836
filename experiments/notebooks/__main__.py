"""Open the course: `python -m experiments.notebooks [FOLDER] [--OPTIONS]` builds the notebooks and starts JupyterLab there.

To be run at the root of the repository, since the notebooks are not installed. FOLDER is outputs/notebooks if none is given;
a notebook that is already there is left as it is, so that answers are kept. Delete one to have it anew. Options that begin with
a hyphen are JupyterLab's, as --no-browser.
"""

import importlib.util
import pathlib
import subprocess
import sys


def main() -> int:
    """Build what is missing, then start JupyterLab -> its exit status."""
    missing = [name for name in ("jupytext", "jupyterlab", "ipykernel") if importlib.util.find_spec(name) is None]
    if missing:
        print(f"the course needs {', '.join(missing)}: pip install -e '.[course]'", file=sys.stderr)
        return 1
    from experiments.notebooks.build import build

    options = [argument for argument in sys.argv[1:] if argument.startswith("-")]
    folders = [argument for argument in sys.argv[1:] if not argument.startswith("-")] or ["outputs/notebooks"]
    first = build(pathlib.Path(folders[0]))[0]
    print(f"the notebooks are in {folders[0]}")
    return subprocess.run([sys.executable, "-m", "jupyterlab", str(first), *options]).returncode


if __name__ == "__main__":
    raise SystemExit(main())
