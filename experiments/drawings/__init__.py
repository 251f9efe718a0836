"""The figures of experiments whose measuring fills a file of its own: one module each, with a function `draw`."""
