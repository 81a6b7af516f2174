// Alarms to review: what they were, what contributed, and what a person says about them.
import {now} from "./clock.js";
import {announce, byId, make, reconcile, setText, show} from "./dom.js";
import {get, post} from "./server.js";
import {KINDS, LABELS, REASONS, channelName, moment, number, quantity, span, toSeconds} from "./words.js";

const FIRST = 3;
const PAGE = 20;
const MOST = 1000;
const SHELVES = [["60", "for an hour"], ["480", "for eight hours"], ["1440", "for a day"], ["10080", "for a week"]];

/** The list of alarms of every station. */
export class AlarmList {
    #alarms = new Map();
    #shown = FIRST;
    #more = false;
    #oldest = null; // when the last one that was loaded opened
    #changed;
    #known = false;

    /** `changed()` is called when there is something new to draw. */
    constructor(changed) {
        this.#changed = changed;
        byId("alarms-more").addEventListener("click", () => this.#older());
    }

    /** Load the newest alarms. */
    async load() {
        const {alarms, more} = await get("api/alarms", {limit: Math.min(500, Math.max(PAGE, this.#shown))});
        for (const [key, {standing}] of this.#alarms) {
            if (!standing) this.#alarms.delete(key); // one that stands may be older than these
        }
        this.#page(alarms, more);
        this.#known = true;
        this.#changed();
    }

    /** Take an event of the stream. */
    take({station_id: station, event}) {
        if (event.event_type === "open" && !event.historical) {
            announce(`New alarm at ${event.station}: ${headline(event)}.`);
        }
        this.#put(station, event, event.event_type !== "close");
        if (this.#alarms.size > MOST) this.load().catch(() => {}); // a page that is open for months
        this.#changed();
    }

    /** Take what stands at a station, which an overview has. */
    settle(station) {
        const standing = new Set(station.standing.map((event) => event.id));
        for (const event of station.standing) this.#put(station.id, event, true);
        for (const alarm of this.#alarms.values()) {
            if (alarm.station === station.id && !standing.has(alarm.event.id)) alarm.standing = false;
        }
    }

    /** Draw the list. */
    update() {
        const all = [...this.#alarms.values()].sort(
            (a, b) => Number(b.standing) - Number(a.standing) || toSeconds(b.event.opened) - toSeconds(a.event.opened),
        );
        const standing = all.filter((alarm) => alarm.standing);
        const shown = all.slice(0, Math.max(this.#shown, standing.length));
        reconcile(byId("alarm-list"), shown, ({key}) => key, () => alarmCard(() => this.load()));
        const waiting = standing.filter(({event}) => !event.acknowledged && !shelved(event)).length;
        const count = standing.length;
        const words = count === 0 ? "none stands" : count === 1 ? "1 stands" : `${count} stand`;
        setText(byId("alarms-count"), waiting ? `${words}, ${waiting} not seen by anybody yet` : words);
        setText(byId("alarms-empty"), this.#known ? "No alarm so far." : "Alarms are loaded.");
        show(byId("alarms-empty"), all.length === 0);
        show(byId("alarms-more"), this.#more || all.length > shown.length);
        document.title = `${count ? `(${count}) ` : ""}davylamp`;
    }

    #put(station, event, standing) {
        const key = `${station} ${event.id}`;
        const before = this.#alarms.get(key);
        if (before && toSeconds(before.event.ts) > toSeconds(event.ts)) return; // an older word about it
        this.#alarms.set(key, {key, station, event, standing});
    }

    #page(alarms, more) {
        for (const alarm of alarms) this.#put(alarm.station_id, alarm.event, alarm.standing);
        this.#oldest = alarms.at(-1)?.event.opened ?? this.#oldest;
        this.#more = more;
    }

    async #older() {
        this.#shown += PAGE;
        if (this.#more && this.#alarms.size < this.#shown) {
            try {
                // Not the oldest that is known: one that stands may be older than all that lie between.
                const {alarms, more} = await get("api/alarms", {limit: PAGE, before: this.#oldest});
                this.#page(alarms, more);
            } catch (refusal) {
                announce(refusal.message);
            }
        }
        this.#changed();
    }
}

const shelved = (event) => event.shelved_until !== null && toSeconds(event.shelved_until) > now();

function headline(event) {
    if (event.kind === "methane") return `Methane ${REASONS[event.by] ?? ""}`.trim();
    const culprit = event.kind === "consistency" && event.culprit ? `: ${channelName(event.culprit)}` : "";
    return `${KINDS[event.kind] ?? event.kind}${culprit}`;
}

function peakWords({kind, peak, count}) {
    const readings = count === 1 ? "1 reading" : `${number(count)} readings`;
    if (["stale", "clock", "retrain"].includes(kind)) return count > 1 ? `It began ${number(count)} times.` : "";
    if (peak.level !== null) return `Up to ${quantity(peak.level, peak.unit)}, over ${readings}.`;
    if (peak.score !== null) return `Highest score ${number(peak.score)}, over ${readings}.`;
    return `Over ${readings}.`;
}

function statusWords(event, standing) {
    const words = [];
    if (standing && shelved(event)) words.push(`Shelved until ${moment(toSeconds(event.shelved_until))}`);
    else if (event.acknowledged) words.push(standing ? "Stands, acknowledged" : "Acknowledged");
    else words.push(standing ? "Stands, not acknowledged" : "Nobody has acknowledged it");
    if (event.label) words.push(`labelled as ${LABELS[event.label]}`);
    if (event.comment) words.push(`“${event.comment}”`);
    if (event.closed_because === "taken as normal") words.push("taken as the new normal");
    return `${words.join(", ")}.`;
}

function whenWords(event, standing) {
    const opened = toSeconds(event.opened);
    if (event.closed === null && !standing) return moment(opened); // when it closed has not come yet
    if (event.closed === null) return `since ${moment(opened)}, ${span(now() - opened)}`;
    return `${moment(opened)}, for ${span(toSeconds(event.closed) - opened)}`;
}

function alarmCard(reload) {
    const what = make("h3", {}, "");
    const when = make("p", {class: "when"});
    const peak = make("p", {class: "what"});
    const advice = make("p", {class: "what"});
    const bars = make("ul", {class: "bars"});
    const parts = make("details", {}, make("summary", {}, "What contributed"), bars);
    const status = make("p", {class: "status"});
    const answer = make("p", {class: "answer", role: "status"});
    const label = make("button", {type: "button", "aria-expanded": "false"}, "Acknowledge");
    const shelve = make("button", {type: "button", "aria-expanded": "false"}, "Shelve");
    const forms = make("div", {class: "forms"});
    const card = make("li", {class: "alarm arrived"}, make("div", {class: "top"}, what, when), peak, advice, parts,
        make("div", {class: "foot"}, status, make("div", {class: "actions"}, label, shelve)), forms, answer);
    let alarm = null;
    let open = null;
    let fresh = true;

    const close = () => {
        open?.setAttribute("aria-expanded", "false");
        open?.focus();
        open = null;
        forms.replaceChildren();
    };
    const send = async (path, body, done) => {
        setText(answer, "Sent; the agent has not answered yet.");
        answer.dataset.state = "good";
        try {
            await post(path, {station: alarm.station, id: alarm.event.id, ...body});
            setText(answer, done);
            close();
            reload().catch(() => {}); // a label of an alarm that has closed comes with no event
        } catch (refusal) {
            setText(answer, refusal.message);
            answer.dataset.state = "alarm";
        }
    };
    const toggle = (button, build) => {
        const again = open === button;
        close();
        if (again) return;
        open = button;
        button.setAttribute("aria-expanded", "true");
        forms.replaceChildren(build());
        forms.querySelector("input, select")?.focus();
    };
    label.addEventListener("click", () => toggle(label, () => labelForm(alarm, close, send)));
    shelve.addEventListener("click", () => {
        if (shelved(alarm.event)) send("api/shelve", {minutes: 0, comment: null}, "It counts again.");
        else toggle(shelve, () => shelfForm(close, send));
    });
    forms.addEventListener("keydown", (pressed) => {
        if (pressed.key === "Escape") close();
    });

    card.update = (item) => {
        alarm = item;
        const {event, standing} = item;
        const off = shelved(event);
        Object.assign(card.dataset, {standing, seen: event.acknowledged, shelved: off, id: event.id, kind: event.kind});
        setText(what, `${headline(event)}, ${event.station}`);
        setText(when, whenWords(event, standing));
        setText(peak, peakWords(event));
        setText(status, statusWords(event, standing));
        setText(label, event.acknowledged || !standing ? (event.label ? "Change the label" : "Label") : "Acknowledge");
        setText(shelve, off ? "Off the shelf" : "Shelve");
        show(shelve, standing);
        label.className = standing && !event.acknowledged ? "primary" : "quiet";
        shelve.className = standing && !event.acknowledged ? "" : "quiet";
        show(peak, peak.textContent !== "");
        setText(advice, event.advice ?? "");
        show(advice, Boolean(event.advice));
        drawBars(bars, event.contributions);
        show(parts, bars.childElementCount > 0);
        if (fresh) parts.open = standing;
        fresh = false;
    };
    return card;
}

function drawBars(list, contributions) {
    const mark = JSON.stringify(contributions);
    if (list.dataset.mark === mark) return;
    list.dataset.mark = mark;
    const parts = Object.entries(contributions).sort(([, a], [, b]) => b - a);
    const sum = parts.reduce((total, [, part]) => total + part, 0) || 1;
    list.replaceChildren(...parts.map(([key, part]) => {
        const share = Math.round(100 * part / sum);
        const bar = make("span", {});
        bar.style.width = `${share}%`;
        return make("li", {title: key}, make("span", {}, channelName(key)),
            make("span", {class: "bar", "aria-hidden": "true"}, bar), make("span", {class: "share"}, `${share} %`));
    }));
}

function choice(value, text, chosen) {
    return make("label", {}, make("input", {type: "radio", name: "label", value, checked: chosen}), text);
}

function labelForm({event, standing}, close, send) {
    const acknowledges = standing && !event.acknowledged;
    const label = event.label ?? "";
    const form = make("form", {},
        make("fieldset", {}, make("legend", {}, "What was it?"), choice("plume", "A plume", label === "plume"),
            choice("fault", "A sensor fault", label === "fault"), choice("false", "A false alarm", label === "false"),
            acknowledges ? choice("", "Not known yet", label === "") : null),
        make("label", {}, make("span", {class: "caption"}, "Remark"),
            make("input", {name: "comment", maxlength: 1000, autocomplete: "off", value: event.comment ?? ""})),
        make("div", {class: "actions"},
            make("button", {type: "submit", class: "primary"}, acknowledges ? "Acknowledge" : "Save the label"),
            make("button", {type: "button", class: "quiet", onclick: close}, "Cancel")));
    form.addEventListener("submit", (submitted) => {
        submitted.preventDefault();
        const fields = new FormData(form);
        const comment = fields.get("comment").trim() || null;
        const chosen = fields.get("label") || null;
        if (acknowledges) send("api/acknowledge", {label: chosen, comment}, "Acknowledged.");
        else if (chosen) send("api/label", {label: chosen, comment}, "Labelled.");
        else form.querySelector("input").focus();
    });
    return form;
}

function shelfForm(close, send) {
    const minutes = make("select", {name: "minutes", "aria-label": "How long"},
        SHELVES.map(([value, text]) => make("option", {value}, text)));
    const form = make("form", {},
        make("p", {class: "caption"}, "A shelved alarm stands, and does not count until the time is over."), minutes,
        make("div", {class: "actions"}, make("button", {type: "submit", class: "primary"}, "Shelve"),
            make("button", {type: "button", class: "quiet", onclick: close}, "Cancel")));
    form.addEventListener("submit", (submitted) => {
        submitted.preventDefault();
        send("api/shelve", {minutes: Number(minutes.value), comment: null}, "Shelved.");
    });
    return form;
}
