"""The numbers behind figures: of codes, filters, dictionaries, maps and data, one noun a file."""
