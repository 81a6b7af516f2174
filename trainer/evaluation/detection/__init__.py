"""How well the scores find faults and plumes in held-out rows, beside other detectors."""
