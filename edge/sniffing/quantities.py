"""What stations measure, by the words that they use for it."""

from __future__ import annotations

import re
from typing import NamedTuple

from config.settings.station import Role, Scale


class KnownQuantity(NamedTuple):
    """A quantity that stations measure.

    Parameters
    ----------
    key
        Key of its column.
    label
        Name of its column.
    unit
        UCUM code of its column.
    role, scale, range
        As in the station file.
    words
        Names that stations have for it, in lower case without separators.
    """

    key: str
    label: str
    unit: str
    role: Role
    scale: Scale
    range: tuple[float, float]
    words: frozenset[str]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


QUANTITIES = (
    KnownQuantity(
        "ch4_ppb", "Methane (ppb)", "[ppb]", "gas", "log", (1000, 100_000),
        _words("ch4 methane methan metano xch4"),
    ),
    KnownQuantity(
        "h2o_ppm", "Moisture", "[ppm]", "environment", "log", (100, 80_000),
        _words("h2o moisture water watervapour vapour"),
    ),
    KnownQuantity(
        "temperature_c", "Temperature", "Cel", "environment", "linear", (-50, 70),
        _words("temperature temp t tc tf tempc tempf degc atmp temperatur temperatura"),
    ),
    KnownQuantity(
        "humidity_pct", "Humidity", "%", "environment", "linear", (0, 105),
        _words("humidity hum rh rhum relhum relativehumidity humid feuchte luftfeuchte humedad"),
    ),
    KnownQuantity(
        "pressure_hpa", "Pressure", "hPa", "environment", "linear", (300, 1100),
        _words("pressure press pres baro barometer barometric barometricpressure atmosphericpressure luftdruck druck"),
    ),
    KnownQuantity(
        "co2_ppm", "CO2", "[ppm]", "sensor", "log", (100, 40_000), _words("co2 rco2 eco2 carbondioxide")
    ),
    KnownQuantity("co_ppm", "CO", "[ppm]", "sensor", "linear", (-10, 1000), _words("co carbonmonoxide")),
    KnownQuantity("nh3_ppm", "NH3", "[ppm]", "sensor", "linear", (-10, 1000), _words("nh3 ammonia")),
    KnownQuantity("h2s_ppm", "H2S", "[ppm]", "sensor", "linear", (-10, 1000), _words("h2s hydrogensulfide")),
    KnownQuantity("no2_ppb", "NO2", "[ppb]", "sensor", "linear", (-100, 10_000), _words("no2 nitrogendioxide")),
    KnownQuantity("o3_ppb", "O3", "[ppb]", "sensor", "linear", (-100, 10_000), _words("o3 ozone")),
    KnownQuantity("o2_pct", "O2", "%", "sensor", "linear", (0, 100), _words("o2 oxygen")),
    KnownQuantity("light_lx", "Light", "lx", "environment", "linear", (0, 200_000), _words("illuminance lux light")),
    KnownQuantity("wind_speed_ms", "Wind speed", "m/s", "environment", "linear", (0, 100), _words("windspeed wind")),
)  # fmt: skip
"""Quantities whose unit can be converted to their column's."""

DIAGNOSTICS = _words(
    """rssi snr lqi linkquality wifi wifisignal signal signalstrength batt battery batterylevel batterypercent bat vbat
    batteryvoltage volt volts voltage vcc vdd supply uptime uptimesec fcnt fcntdown fcntup fport dr adr seq sequence
    counter count msgid messageid packetid boot bootcount boots heap freeheap freemem memory cpu load loadavg channel
    port frequency freq spreadingfactor sf bandwidth airtime id src dst version firmware fw ledmode latitude longitude
    altitude lat lon lng alt accuracy hdop satellites status error errors errorcode interval sleep reset resetreason
    mqttcount linkcount sleepmode vendor period crc checksum power current energy lastrestart ssid bssid timestamp time
    ts datetime date epoch unixtime millis samples"""
)
"""Words for what says nothing about the air: numbers of these names are left out."""

DERIVED = _words(
    "dewpoint dewptc dewptf heatindex feelslike humidex absolutehumidity abshumidity windchill taupunkt vpd"
)
"""Words for what follows from other channels."""

METADATA = _words(
    """rxinfo txinfo rxmetadata txmetadata settings locations location networkids gatewayids devids enddeviceids
    deviceinfo versionids wifi system tags sys gps update"""
)
"""Words for objects in which nothing is measured."""

_SENSORS = re.compile(
    r"(?:mq|tgs|fig|mics|bme|sgp|r)\d{1,4}[a-z]?\d*[a-z]*|rs|r0|rl|gas(?:resistance)?\d*|resistance|resistencia"
)
_COUNTS = re.compile(r"ads\d{4}.*|adc\d*|analog\d*|a\d|ain\d|raw|counts?")
_TOKEN = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_FILLERS = _words(
    """current avg average mean median air ambient outdoor indoor outside inside sensor measured value compensated
    relative dht22 dht11 bme280 bmp280 sht31 sht3x sht40 sht4x scd30 scd41 external internal"""
)
_LEAST = 3  # letters of a word that is found within a name
_WHOLE = _words("moisture water vapour press")  # soil moisture is no moisture of the air
_IDS = ("id", "eui", "mac", "serialno")
_FRONT = _words(
    """batt battery heap memory wifi uptime firmware boot gps gateway device color colour cpu chip mcu board esp esp32
    target setpoint set"""
)

UNIT_WORDS = {
    "ppb": "ppb", "ppm": "ppm", "ppt": "ppt", "c": "Cel", "degc": "Cel", "celsius": "Cel", "f": "degF", "degf": "degF",
    "fahrenheit": "degF", "k": "K", "kelvin": "K", "pct": "%", "percent": "%", "perc": "%", "ohm": "Ohm", "ohms": "Ohm",
    "kohm": "kOhm", "kohms": "kOhm", "megaohm": "MOhm", "pa": "Pa", "hpa": "hPa", "kpa": "kPa", "mbar": "mbar",
    "bar": "bar", "inhg": "inHg", "mmhg": "mmHg", "mv": "mV", "uv": "uV", "v": "V", "raw": "counts",
    "adc": "counts", "counts": "counts", "lx": "lx", "ms": "m/s", "kmh": "km/h", "mgm3": "mg/m3", "ugm3": "ug/m3",
}  # fmt: skip
"""Last words of a name that are the unit, and the unit."""


def name_tokens(name: str) -> list[str]:
    """Take a name apart into words in lower case.

    Examples
    --------
    >>> name_tokens("current_temp_f"), name_tokens("DewPoint"), name_tokens("R2611E_Ohm"), name_tokens("tC")
    (['current', 'temp', 'f'], ['dew', 'point'], ['r2611e', 'ohm'], ['t', 'c'])
    >>> name_tokens("pressure_hPa"), name_tokens("tempDegC"), name_tokens("R_MQ4_kOhm")
    (['pressure', 'hpa'], ['temp', 'degc'], ['r', 'mq4', 'kohm'])
    """
    words = []
    for part in re.split(r"[^A-Za-z0-9]+", name):
        if part and (any(c.isdigit() for c in part) or part.lower() in UNIT_WORDS):
            words.append(part.lower())  # names of sensors and formulas: R2611E, CH4, pm02; units: hPa
        else:
            words += [token.lower() for token in _TOKEN.findall(part)]
            if "".join(words[-2:]) in UNIT_WORDS:
                words[-2:] = ["".join(words[-2:])]
    return words


def find_quantity(words: list[str]) -> KnownQuantity | None:
    """Find the quantity that words name, ``None`` if they name none.

    Examples
    --------
    >>> find_quantity(["current", "temp"]).key, find_quantity(["temperature", "0"]).key, find_quantity(["flow"])
    ('temperature_c', 'temperature_c', None)
    >>> find_quantity(["shed", "hum"]).key, find_quantity(["soil", "moisture"])
    ('humidity_pct', None)
    """
    core = [word for word in words if word not in _FILLERS and not word.isdigit()]
    # Whole names first, then their ends (greenhouse_temp), then their beginnings (temp_greenhouse).
    parts = ["".join(words), "".join(core)]
    ends = [core[i:] for i in range(1, len(core))] + [core[:i] for i in range(len(core) - 1, 0, -1)]
    for i, joined in enumerate(parts + ["".join(each) for each in ends]):
        part = i >= len(parts)
        for quantity in QUANTITIES:
            if joined in quantity.words and not (part and (len(joined) < _LEAST or joined in _WHOLE)):
                return quantity
    return None


def names_diagnostic(words: list[str]) -> bool:
    """Return whether words name something that says nothing about the air."""
    if len(words) > 1 and words[-1] in UNIT_WORDS:
        words = words[:-1]
    several, joined = len(words) > 1, "".join(words)
    if joined.endswith(_IDS) and not joined.endswith(("humid", "oxid")):
        return True
    return joined in DIAGNOSTICS or (several and (words[-1] in DIAGNOSTICS or words[0] in _FRONT))


def names_device(words: list[str]) -> bool:
    """Return whether words begin with the name of a part of the device, whatever is measured of it."""
    return bool(words) and words[0] in _FRONT


def names_derived(words: list[str]) -> bool:
    """Return whether words name what follows from other channels."""
    return "".join(words) in DERIVED


def names_sensor(words: list[str]) -> bool:
    """Return whether words name the element of a gas sensor, or its resistance."""
    return any(_SENSORS.fullmatch(word) for word in words)


def names_counts(words: list[str]) -> bool:
    """Return whether words name a converter or one of its inputs."""
    return any(_COUNTS.fullmatch(word) for word in words)
