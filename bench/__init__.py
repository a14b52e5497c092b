"""The benchmarks that `make bench` runs. How to read them: docs/performance.md.

The server has one core, this process has another. Every figure is the median of several rounds
with their range, and beside it stands a reference that was measured in between the same rounds.
"""
