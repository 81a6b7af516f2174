"""Lists the units in which gas columns come as shares of the air, with their value in ppb."""

PPB_PER_UNIT = {
    "[ppb]": 1.0,
    "ppb": 1.0,
    "nmol/mol": 1.0,
    "[ppm]": 1e3,
    "ppm": 1e3,
    "umol/mol": 1e3,
    "[ppth]": 1e6,
    "mmol/mol": 1e6,
    "%": 1e7,
    "mol/mol": 1e9,
}
"""Value of one unit of a gas column [ppb]; mg/m3 has none, since it depends on temperature and pressure."""
