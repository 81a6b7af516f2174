"""Makes the bundle of a trained run, in bytes that depend on the run alone and not on the processor that exports it.

Graphs and tables hold the run's arrays and products of them, whose terms are added in a fixed order. Only the golden
rows come from functions that differ in their last bits from processor to processor, and they are rounded
(:mod:`export.golden`). A value may still lie so close to the border between two steps that two processors round it
apart; for two processors this happens to one or two runs in 100,000, whose bundle then has two ids.

This is about exports of one run: a training depends on its processor, and trained elsewhere it is another run.
"""
