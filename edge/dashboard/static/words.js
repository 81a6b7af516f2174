// Numbers, times and states in plain words.
import {now} from "./clock.js";

const LOCALE = "en-GB";
const WHOLE = new Intl.NumberFormat(LOCALE, {maximumFractionDigits: 0});
const CLOCK = new Intl.DateTimeFormat(LOCALE, {hour: "2-digit", minute: "2-digit"});
const CLOCK_SECONDS = new Intl.DateTimeFormat(LOCALE, {hour: "2-digit", minute: "2-digit", second: "2-digit"});
const DAY = new Intl.DateTimeFormat(LOCALE, {day: "numeric", month: "short"});
const LONG_DAY = new Intl.DateTimeFormat(LOCALE, {day: "numeric", month: "short", year: "numeric"});

const UNITS = {Cel: "°C", Ohm: "Ω", "mg/m3": "mg/m³", "ug/m3": "µg/m³", V: "V", hPa: "hPa"};

/** Write a UCUM code as people do: `[ppb]` becomes ppb, `Cel` °C. */
export function unitWord(code) {
    if (!code) return "";
    return UNITS[code] ?? code.replace(/^\[(.*)\]$/, "$1");
}

/**
 * Write a number with as many digits as it deserves: about three, and whole ones from a hundred on.
 *
 * `fixed` keeps zeros at the end, so that a figure that changes does not jump.
 */
export function number(value, {fixed = false} = {}) {
    if (value === null || value === undefined || !Number.isFinite(value)) return "–";
    const size = Math.abs(value);
    if (size >= 1000) return WHOLE.format(value);
    const digits = size >= 100 ? 0 : size >= 10 ? 1 : size >= 0.095 || size === 0 ? 2 : 3;
    const least = fixed ? digits : 0;
    return new Intl.NumberFormat(LOCALE, {minimumFractionDigits: least, maximumFractionDigits: digits}).format(value);
}

/** Write a value with its unit; resistances in kilohms, as on the sensors' sheets. */
export function quantity(value, code, {fixed = false} = {}) {
    if (value === null || value === undefined) return "–";
    if (code === "Ohm" && Math.abs(value) >= 1000) {
        return `${number(Number((value / 1000).toPrecision(3)), {fixed})} kΩ`;
    }
    const unit = unitWord(code);
    return unit ? `${number(value, {fixed})} ${unit}` : number(value, {fixed});
}

/** Write a span of time [s]: 12 s, 3 min, 5 h, 2 d. */
export function span(seconds) {
    const s = Math.max(0, seconds);
    if (s < 60) return `${Math.floor(s)} s`;
    if (s < 3600) return `${Math.floor(s / 60)} min`;
    if (s < 48 * 3600) {
        const minutes = Math.floor((s % 3600) / 60);
        return minutes && s < 36000 ? `${Math.floor(s / 3600)} h ${minutes} min` : `${Math.floor(s / 3600)} h`;
    }
    return `${Math.floor(s / 86400)} days`;
}

/** Write a moment [s since 1970]: the time today, the day and the time before. */
export function moment(seconds, {exact = false} = {}) {
    if (seconds === null || seconds === undefined) return "–";
    const date = new Date(seconds * 1000);
    const time = (exact ? CLOCK_SECONDS : CLOCK).format(date);
    const today = new Date(now() * 1000);
    if (date.toDateString() === today.toDateString()) return time;
    const day = date.getFullYear() === today.getFullYear() ? DAY.format(date) : LONG_DAY.format(date);
    return `${day}, ${time}`;
}

/** Write a day. */
export const day = (seconds) => LONG_DAY.format(new Date(seconds * 1000));

/** Parse RFC 3339 to seconds since 1970; numbers pass, and null stays null. */
export function toSeconds(time) {
    if (time === null || time === undefined || typeof time === "number") return time ?? null;
    return Date.parse(time) / 1000;
}

const SUFFIX = /_(ppb|ppm|pct|c|k|ohm|v|mv|hpa|pa|percent|raw|mgm3|ugm3|mg_m3|ug_m3)$/i;
const NAMES = {ch4: "Methane", h2o: "Water vapour", rh: "Humidity", t: "Temperature"};

/** Name a channel by its key: `ch4_ppb` is Methane, `r2611e_ohm` R2611E, `temperature_c` Temperature. */
export function channelName(key) {
    const bare = key.replace(SUFFIX, "");
    if (NAMES[bare]) return NAMES[bare];
    if (/\d/.test(bare)) return bare.toUpperCase().replaceAll("_", " ");
    return bare.charAt(0).toUpperCase() + bare.slice(1).replaceAll("_", " ");
}

/** Say how often a score comes by chance: a score of 3 is one reading in 1,000. */
export function chance(score) {
    if (score === null || score === undefined) return "no score";
    const every = 10 ** score;
    if (every < 1.5) return "quite usual";
    return `one reading in ${WHOLE.format(Number(every.toPrecision(every < 10 ? 1 : 2)))}`;
}

/** What a station's state means. */
export const STATES = {
    ok: {word: "Normal", sentence: "Nothing unusual."},
    alarm: {word: "Unusual", sentence: "This reading exceeds what is usual here."},
    suspect: {word: "In doubt", sentence: "A channel looks suspect, so take the figure with care."},
    warming_up: {word: "Warming up", sentence: "The sensors are warming up; scores follow in a while."},
    out_of_domain: {
        word: "Unknown climate",
        sentence: "The climate is outside of what the training has seen: scores are less sure.",
    },
};

/** What kinds of alarms are about. */
export const KINDS = {
    methane: "Methane",
    consistency: "A sensor disagrees",
    reconstruction: "Unlike anything known",
    stale: "No readings",
    clock: "Clock in doubt",
    retrain: "No longer as in its training",
};

/** Why methane alarms. */
export const REASONS = {
    limit: "above its limit",
    enhancement: "well above the background",
    onset: "rising, as the sensors infer",
};

/** What a person has said about an alarm. */
export const LABELS = {plume: "a plume", fault: "a sensor fault", false: "a false alarm"};

/** Kinds of scores, in their order. */
export const KINDS_OF_SCORES = ["methane", "consistency", "reconstruction"];

/** What is scored. */
export const SCORES = {
    methane: ["Rise of methane", "above its own background, as the sensors infer it"],
    consistency: ["Fit of the sensors", "whether each channel agrees with the others"],
    reconstruction: ["Whole reading", "whether it resembles what the training has seen"],
};

/** Say how long ago something was [s since 1970]. */
export function age(since) {
    if (since === null || since === undefined) return "never";
    const seconds = now() - since;
    return seconds < 2 ? "just now" : `${span(seconds)} ago`;
}
