"""The workstation's part: record -> split -> networks -> calibration -> run folder."""
