"""What figures share: outcome and verdicts, plotting, filter banks, published values."""
