// Everything that goes to the server of this page and comes from it. All addresses are relative, so that the page may
// lie below any path.
import {eventsOf} from "./event_stream.js";

const AGAIN = [1000, 2000, 4000, 8000]; // [ms] before the stream is opened again
const SILENCE = 40_000; // [ms] after which the stream is dead: the server sends something every 15 s
const KEPT = "davylamp-key";

/** The server's refusal, in its own sentence; the status is 0 if there is no answer. */
export class Refusal extends Error {
    constructor(status, sentence) {
        super(sentence);
        this.status = status;
    }
}

let key = null; // stands for the token where the browser keeps no cookie of this page: in a frame of another site
try {
    key = localStorage.getItem(KEPT);
} catch {
    // An embedding page may forbid storage: then the token is asked for each time.
}

function keep(given) {
    key = given;
    try {
        localStorage.setItem(KEPT, given);
    } catch {
        // As above.
    }
}

async function ask(path, {headers = {}, ...options} = {}) {
    const known = key ? {Authorization: `Bearer ${key}`} : {};
    let response;
    try {
        response = await fetch(path, {
            credentials: "same-origin", cache: "no-store", headers: {...known, ...headers}, ...options,
        });
    } catch {
        throw new Refusal(0, "The server of this page does not answer. Is davylamp dashboard running?");
    }
    if (response.ok) return response;
    let sentence = `The server answers ${response.status}.`;
    try {
        sentence = (await response.json()).error ?? sentence;
    } catch {
        // Not from our server, e.g. a proxy between: its status has to do.
    }
    throw new Refusal(response.status, sentence);
}

function addressOf(path, query) {
    const given = Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== "");
    const text = new URLSearchParams(given).toString();
    return text ? `${path}?${text}` : path;
}

/** Get JSON. */
export async function get(path, query = {}) {
    return (await ask(addressOf(path, query))).json();
}

/** Post JSON; the answer is JSON. */
export async function post(path, body) {
    const headers = {"Content-Type": "application/json"};
    return (await ask(path, {method: "POST", headers, body: JSON.stringify(body)})).json();
}

/** Get a file, and its name if the server gives one. */
export async function getFile(path, query) {
    const response = await ask(addressOf(path, query));
    const name = /filename="?([^";]+)/.exec(response.headers.get("Content-Disposition") ?? "");
    return {blob: await response.blob(), name: name?.[1] ?? "rows.csv"};
}

/** Whether the server knows us, or wants no token. */
export const signedIn = async () => (await get("api/login")).signed_in;

/** Sign in with the token: by the server's cookie, or by its key where the browser does not keep that. */
export async function signIn(token) {
    const {key: given} = await post("api/login", {token});
    if (!await signedIn()) keep(given);
}

/** Follow the stream for ever: `listeners` by the name of an event, `opened` and `lost` for the connection. */
export function follow(listeners, {opened, lost}) {
    let failures = 0;
    const open = async () => {
        const ended = new AbortController();
        let silence = null;
        const alive = () => {
            clearTimeout(silence);
            silence = setTimeout(() => ended.abort(), SILENCE);
        };
        let refusal = new Refusal(0, "The connection has ended.");
        alive();
        try {
            const {body} = await ask("api/stream", {signal: ended.signal});
            failures = 0;
            opened();
            for await (const {name, data} of eventsOf(body, alive)) listeners[name]?.(JSON.parse(data));
        } catch (error) {
            if (error instanceof Refusal) refusal = error;
            else if (!(error instanceof TypeError) && error.name !== "AbortError") reportError(error);
        }
        clearTimeout(silence);
        ended.abort();
        if (refusal.status === 401) location.reload(); // the server has another token now
        lost(refusal);
        setTimeout(open, AGAIN[Math.min(failures++, AGAIN.length - 1)]);
    };
    open();
}
