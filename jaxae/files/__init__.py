"""Files that are written whole or not at all, and what their content means."""
