"""Evaluation: how well the scores find faults and plumes on rows that were kept back, beside what others would find."""
