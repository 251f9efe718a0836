"""The benchmark's opponents: `pytorch` is a child process that makes the same steps in PyTorch, `peer` asks it."""
