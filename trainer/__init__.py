"""What runs on the workstation: record -> split -> networks -> calibration -> run folder."""
