// The gateway of the chosen station, the bundle that scores it, and how far its thresholds have moved.
import {byId, make, show} from "./dom.js";
import {SCORES, channelName, day, moment, number, quantity, span, toSeconds} from "./words.js";

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

/** Say how far a station is from the training of its bundle. */
function drift(report) {
    const far = Object.entries((report?.state === "drifted" ? report.drifted : report?.farthest) ?? {}).map(
        ([key, share]) => `${key === "reconstruction" ? SCORES[key][0] : channelName(key)} ${number(100 * share)} %`);
    switch (report?.state) {
    case "drifted": return ["No longer as in training", `${far.join(", ")} of what an alarm takes: train again`];
    case "ok": return ["As in training", far.length ? `farthest: ${far[0]} of what an alarm takes` : null];
    case "filling": return ["Not known yet", "too few readings so far"];
    default: return [report ? "Not known" : "Not known yet", report?.reason ?? null];
    }
}

function thresholds(shift) {
    const moved = Object.entries(shift ?? {}).filter(([, decades]) => decades !== null);
    if (!moved.length) return ["Fixed", null];
    const far = moved.filter(([, decades]) => Math.abs(decades) >= 0.3);
    if (!far.length) return ["As trained", "none has moved by a factor of two"];
    const signed = (decades) => `${decades > 0 ? "+" : "−"}${number(Math.abs(decades))}`;
    const words = far.map(([kind, decades]) => `${SCORES[kind]?.[0] ?? kind} ${signed(decades)}`);
    return ["Have moved", `${words.join(", ")} decades`];
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
        const report = station.health?.drift;
        fact("Drift", ...drift(report), report?.state === "drifted" ? "warn" : null);
        const [word, small] = thresholds(station.shift);
        fact("Thresholds", word, small, word === "Have moved" ? "warn" : null);
    }
    fact("Asked-for rate", `${number(gateway.exceedances_per_1000)} in 1,000`, "quiet readings that may exceed");
    const refused = Object.keys(health?.refused ?? {});
    if (refused.length) fact("The broker refuses", refused.join(", "), health.refused[refused[0]], "alarm");
    fact("This page", `version ${page.version}`, `history of ${number(page.history.mb)} MB`);
    byId("gateway-facts").replaceChildren(...facts);
}
