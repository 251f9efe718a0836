"""The report of many experiments as one html file."""
