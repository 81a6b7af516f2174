// The gateway of the chosen station, the bundle that scores it, and how far its thresholds have moved.
import {byId, make, show} from "./dom.js";
import {SCORES, day, moment, number, quantity, span, toSeconds} from "./words.js";

const STATES = {online: "online", stopped: "stopped on purpose", offline: "away"};

const CHANGES = {activated: "began to score", "rolled back": "was taken back", "went back": "gave way by itself",
    refused: "was refused"};
const PHASES = {receiving: "on its way", verifying: "being checked"};

function progress({phase, readings, of, comparison}) {
    if (phase !== "shadow") return PHASES[phase] ?? phase;
    const agreement = comparison?.agreement ?? null;
    const agrees = agreement === null ? "" : `, agrees on ${number(100 * agreement)} %`;
    return `scores in shadow, ${number(readings)} of ${number(of)} readings${agrees}`;
}

function drift(shift) {
    const moved = Object.entries(shift ?? {}).filter(([, decades]) => decades !== null);
    if (!moved.length) return ["Thresholds are fixed", null];
    const far = moved.filter(([, decades]) => Math.abs(decades) >= 0.3);
    if (!far.length) return ["As in training", "no threshold has moved by a factor of two"];
    const signed = (decades) => `${decades > 0 ? "+" : "−"}${number(Math.abs(decades))}`;
    const words = far.map(([kind, decades]) => `${SCORES[kind]?.[0] ?? kind} ${signed(decades)}`);
    return ["Has moved", `${words.join(", ")} decades`];
}

/** Show a gateway, with a station's bundle. */
export function showGateway(gateway, station, page) {
    show(byId("gateway-empty"), !gateway);
    show(byId("gateway-facts"), Boolean(gateway));
    if (!gateway) return;
    const {health} = gateway;
    const bundle = gateway.bundles.find((each) => each.bundle === station?.bundle) ?? gateway.bundles[0];
    const facts = [];
    const fact = (name, value, small = null, state = null) => facts.push(make("div", {}, make("dt", {}, name),
        make("dd", {"data-state": state}, value, small ? make("small", {}, small) : null)));
    const online = gateway.state === "online";
    fact("Agent", `${gateway.gateway}, ${STATES[gateway.state] ?? gateway.state}`,
        online ? `version ${gateway.version ?? "unknown"}, since ${moment(toSeconds(gateway.since))}` : null,
        online ? null : "warn");
    if (health) {
        const {journal} = health;
        const load = health.cpu_s === null ? null : 100 * health.cpu_s / Math.max(1, health.uptime_s);
        fact("Memory", `${number(health.rss_mib)} MiB`, load === null ? null : `CPU ${number(load)} %`);
        const held = journal?.held ? `, ${journal.held} readings wait` : "";
        if (journal) { // an agent of another version may not have it
            fact("Journal", journal.state, `${number(journal.mb)} MB${held}`,
                journal.state === "ok" ? null : "alarm");
        }
    }
    if (bundle) {
        const trained = bundle.created ? `trained on ${day(toSeconds(bundle.created))}` : "";
        fact("Bundle", bundle.bundle, [bundle.file, trained].filter(Boolean).join(", "));
        if (bundle.enhancement !== null) {
            fact("Alarms from", `${quantity(bundle.enhancement, bundle.gas_unit)} above the background`,
                "unless the gateway has its own");
        }
    }
    const {waiting, last} = station?.model ?? {};
    if (waiting) fact("Bundle that waits", waiting.model.bundle ?? waiting.model.file, progress(waiting));
    if (last) {
        const why = last.reason ? `: ${last.reason}` : "";
        const good = last.outcome === "activated" || last.outcome === "rolled back";
        fact("Last change", `${last.bundle} ${CHANGES[last.outcome] ?? last.outcome}`,
            `${moment(toSeconds(last.at))}${why}`, good ? null : "warn");
    }
    if (station) {
        const [word, small] = drift(station.shift);
        fact("Drift", word, small, word === "Has moved" ? "warn" : null);
    }
    fact("Asked-for rate", `${number(gateway.exceedances_per_1000)} in 1,000`, "quiet readings that may exceed");
    const refused = Object.keys(health?.refused ?? {});
    if (refused.length) fact("The broker refuses", refused.join(", "), health.refused[refused[0]], "alarm");
    fact("This page", `version ${page.version}`, `history of ${number(page.history.mb)} MB`);
    byId("gateway-facts").replaceChildren(...facts);
}
