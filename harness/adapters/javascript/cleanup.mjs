// The end of a run: everything that it made is closed, so that the next run starts from nothing.

import { process, openHandles, resetSharedState, setImmediate, setTimeout } from './runtime.mjs';

const eagerRounds = 50;
const lazyRounds = 200;
const lazyInterval = 5;

function quietly(object, method) {
    try {
        if (typeof object[method] === 'function') {
            object[method]();
        }
    } catch (error) {
        // It was closed already, or never open.
    }
}

export function release(object) {
    if (object === process) {
        return;
    }
    quietly(object, 'closeAllConnections');
    quietly(object, typeof object.destroy === 'function' ? 'destroy' : 'close');
}

// Closes what the script never saw, as long as there is something; then calls `done` with the
// number of handles that wouldn't go.
export function settle(done) {
    resetSharedState();
    const round = (number) => {
        const handles = openHandles();
        handles.forEach(release);
        if (handles.length === 0 || number === eagerRounds + lazyRounds) {
            done(handles.length);
        } else if (number < eagerRounds) {
            setImmediate(round, number + 1);
        } else {
            setTimeout(round, lazyInterval, number + 1);
        }
    };
    // Two turns at least, for what closes in the closing phase.
    setImmediate(() => setImmediate(round, 0));
}
