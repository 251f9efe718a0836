"""Command-line experiments: `run` makes one, `reproduce` makes a report of many, `benchmark` measures what a step costs."""
