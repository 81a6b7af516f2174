// The server's time: a phone's own clock may be minutes off, and ages would be, too.
let ahead = 0; // [s] of the server's clock before this one

/** Take note of the server's time, as RFC 3339. */
export function setClock(ts) {
    const theirs = Date.parse(ts) / 1000;
    if (Number.isFinite(theirs)) ahead = theirs - Date.now() / 1000;
}

/** The present [s since 1970]. */
export const now = () => Date.now() / 1000 + ahead;
