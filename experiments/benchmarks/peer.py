"""PyTorch's side of the benchmark as the parent process sees it: a child that stays up and answers line by line."""

import contextlib
import json
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as LimitReached
from pathlib import Path

COMMAND = (sys.executable, "-m", "experiments.benchmarks.pytorch")
ROOT = Path(__file__).parents[2]
MISSING = "PyTorch is not installed: pip install -e '.[benchmark]' adds its rows"
START = 120.0  # seconds for importing torch


class PyTorch:
    """A context manager around the child, false where it does not run.

    limit: seconds that one request may take. about: {"torch": version, "threads": n}; missing: one sentence that says why
    there is no child, or None; reasons: {(kind, sizes, batch_size, steps, mode): one sentence} of the cases without a time.
    """

    def __init__(self, *, limit=120.0):
        """Start nothing yet."""
        self.limit, self.about, self.missing, self.reasons = limit, {}, None, {}
        self._child = None

    def __enter__(self):
        """Start the child and wait until it has imported torch."""
        self._reader = ThreadPoolExecutor(1)
        try:
            self._start()
        except KeyboardInterrupt:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        """End the child."""
        self._stop()
        self._reader.shutdown()

    def __bool__(self):
        """Whether the child runs."""
        return self._child is not None

    def seconds(self, kind, sizes, batch_size, steps, mode):
        """Seconds of one epoch of `steps` steps, or None with the reason in `reasons`; a failed case is not asked again.

        kind, mode: of experiments.benchmarks.pytorch; sizes: (features, hidden, ..., code).
        """
        case = (kind, tuple(sizes), batch_size, steps, mode)
        if self and case not in self.reasons:
            names = ("kind", "sizes", "batch_size", "steps", "mode")
            answer = self._ask(dict(zip(names, case, strict=True)), self.limit)
            if "seconds" in answer:
                return answer["seconds"]
            self.reasons[case] = answer["error"]
            if answer.get("ended"):
                self._start()
        return None

    def _start(self):
        self._stderr = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115
        self._child = subprocess.Popen(
            COMMAND, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._stderr, text=True
        )
        self.about = self._ask({"about": True}, START)
        if "error" in self.about:
            absent = "No module named 'torch'" in self.about["error"]
            self.missing = MISSING if absent else f"PyTorch does not start: {self.about['error']}"
            self.about = {}

    def _ask(self, request, limit):
        try:
            print(json.dumps(request), file=self._child.stdin, flush=True)
            # A thread waits for the line, since pipes have no time limit of their own on every system.
            line = self._reader.submit(self._child.stdout.readline).result(limit)
        except LimitReached:
            self._stop()
            return {"error": f"it took longer than the time limit of {limit:g} seconds", "ended": True}
        except BrokenPipeError:
            line = ""
        return json.loads(line) if line else {"error": self._last_words(), "ended": True}

    def _last_words(self):
        code = self._child.wait()
        self._stderr.seek(0)
        lines = self._stderr.read().split("\n")
        self._stop()
        return next((line for line in reversed(lines) if line.strip()), f"the child ended with exit status {code}")

    def _stop(self):
        if self._child is None:
            return
        self._child.kill()
        self._child.wait()
        with contextlib.suppress(BrokenPipeError):
            self._child.stdin.close()
        self._reader.submit(self._child.stdout.close)  # after the line that the thread may still wait for
        self._stderr.close()
        self._child = None
