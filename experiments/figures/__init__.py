"""One script for each figure, with the stem of its conf/experiment/*.yaml, and its drawing beside it."""
