"""Pages: find what this person may see, parse, call one verb, answer."""
