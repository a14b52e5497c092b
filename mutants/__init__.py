"""Seeded faults, each of which has to make a named test fail: `make mutants`.

A test that passes says little until one has seen it fail. Each mutant of mutants/table.py is one
plausible mistake in what docs/reliability.md promises; the table says which promise it breaks and
which test notices. To add one, add an entry: `old` has to stand in its file exactly once.
"""
