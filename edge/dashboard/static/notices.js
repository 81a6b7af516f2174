// What stands in the way: no server, no broker, no agent, no history; and what to do while there is no station.
import {announce, byId, make, reconcile, setText, show} from "./dom.js";

const HERE = /^(localhost|127\.0\.0\.1):1883$/; // where commands look for a broker by themselves
const IDLE = "Nothing is scored, and no alarm is raised,";

const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : ".");

function found({overview, lost}) {
    const notices = [];
    const add = (key, state, strong, text) => notices.push({key, state, strong, text});
    if (lost?.status) add("server", "alarm", "The server of this page refuses.", sentence(lost.message));
    else if (lost) add("server", "alarm", "No connection to this page's server.", "It is tried again.");
    if (!overview) return notices;
    const {link, history, gateways} = overview;
    if (link.state !== "connected" && overview.stations.length) {
        const word = link.state === "lost" ? "is lost" : "is not there yet";
        const detail = link.detail ? sentence(link.detail) : "It is tried again.";
        add("broker", "alarm", `The broker at ${link.broker} ${word}.`, detail);
    }
    if (link.state === "connected") {
        for (const {base, gateway, state} of gateways) {
            if (state === "offline") {
                add(base, "alarm", `The agent ${gateway} is away.`, `${IDLE} until it is back.`);
            } else if (state === "stopped") {
                add(base, "warn", `The agent ${gateway} was stopped.`, `${IDLE} until it is started.`);
            }
        }
    }
    if (history.state !== "ok") {
        add("history", "warn", `The history is ${history.state}.`, history.detail ? sentence(history.detail) : "");
    }
    return notices;
}

/** Show what stands in the way. */
export function showNotices(state) {
    const notices = found(state);
    reconcile(byId("notices"), notices, ({key, strong}) => `${key} ${strong}`, ({strong}) => {
        const text = make("span", {});
        const notice = make("div", {class: "notice"}, make("strong", {}, strong), " ", text);
        notice.update = ({text: words, state: kind}) => {
            setText(text, words);
            notice.dataset.state = kind;
        };
        announce(strong);
        return notice;
    });
}

/** Show how the page itself is connected, in the header. */
export function showLink({overview, lost}) {
    const [state, word] = lost ? ["alarm", "No server"]
        : !overview ? ["waiting", "Connecting"]
            : overview.link.state === "connected" ? ["good", "Live"]
                : overview.link.state === "connecting" ? ["warn", "Waits for the broker"] : ["alarm", "No broker"];
    byId("link").dataset.state = state;
    setText(byId("link-word"), word);
    setText(byId("link-from"), state === "good" ? `from ${overview.link.broker}` : "");
}

/** Show what is missing before the first station, with the command that helps. */
export function showWelcome({link, gateways, stations}) {
    show(byId("welcome"), stations.length === 0);
    for (const part of document.querySelectorAll(".needs-station")) show(part, stations.length > 0);
    show(byId("health"), stations.length > 0 || gateways.length > 0);
    show(byId("gateway"), stations.length > 0 || gateways.length > 0);
    if (stations.length) return;
    const say = (title, text, command) => {
        setText(byId("welcome-title"), title);
        setText(byId("welcome-text"), text);
        setText(byId("welcome-command"), command);
        show(byId("welcome-command"), command !== "");
    };
    if (link.state !== "connected") {
        const detail = link.detail ? ` ${sentence(link.detail)}` : "";
        say("No broker yet", `This page looks for the broker at ${link.broker}.${detail}`,
            "systemctl status mosquitto");
    } else if (!gateways.length) {
        say("No agent yet", `The broker at ${link.broker} is there, and no agent has said anything on it. Start one:`,
            "davylamp agent -c gateway.yaml");
    } else if (gateways.every(({state}) => state !== "online")) {
        say("The agent is away", "It was there before, and no station has sent a reading since this page was started.",
            "systemctl status davylamp");
    } else {
        say("No station yet", "The agent is online, and no station has sent a reading. Simulate one to see more:",
            `davylamp simulate --interval 1${HERE.test(link.broker) ? "" : ` --broker ${link.broker}`}`);
    }
}
