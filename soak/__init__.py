"""The long proofs that `make soak` runs: what docs/reliability.md promises, for hours on end.

To add a scenario, add a file to soak/scenarios/; its name is the scenario's. It holds

    '''One line: what is done to the server, and what has to hold nevertheless.'''
    UNIT = "kills"                       # what its size counts
    LONG = 1000                          # the size without one on the command line
    BACKENDS = ("sqlite", "postgresql")  # may be left out: then it runs once, for no backend

    def run(size: int, report: Report) -> None: ...

and does its work in the rounds that the report hands out, so that the line on the terminal moves,
Ctrl-C and MINUTES end it in order, and what was found until then is kept:

    with backend(report.backend) as site:            # soak.sites: a populated site to start
        for number in report.rounds(size):           # 1, 2, 3 … size, or until the time is up
            report.count("acknowledged", 12)         # adds to a total, 0 until then
            report.count("lost", 0, at_most=0)       # one that must stay 0: else exit status 1
            report.seconds("to recover", 0.8)        # one of many: median, p99 and the worst
    report.figure("memory, last to first", 1.04, "×", at_most=1.1)
    report.broken("P3: room 7 has no entry 12")      # a sentence for what a count can't say
    report.note("one process, 12 people")

A bound that is not met and a broken property make the exit status 1; a crash of the scenario is
a broken property as well. Counts, seconds and figures of the same name add up over the runs of a
report: the counts are summed, of figures the worst is kept. soak.report says how it is kept.
"""
