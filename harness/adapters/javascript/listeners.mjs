// Attaching and removing listeners: those that the scenario names, and no others.

import { handlersOf, makeListener } from './functions.mjs';

// Calls a method that attaches or removes; AbortSignals and other EventTargets have other names.
function attachListener(object, event, listener, { once, prepend }) {
    if (typeof object.on !== 'function' && typeof object.addEventListener === 'function') {
        object.addEventListener(event, listener, { once: once === true });
    } else if (prepend) {
        object[once ? 'prependOnceListener' : 'prependListener'](event, listener);
    } else {
        object[once ? 'once' : 'on'](event, listener);
    }
}

function removeListener(object, event, listener) {
    if (typeof object.off !== 'function' && typeof object.removeEventListener === 'function') {
        object.removeEventListener(event, listener);
    } else {
        object.removeListener(event, listener);
    }
}

// `text`: the path or call that led to the object, its label if it has none yet.
export function attach(object, text, events, frame) {
    if (object === null || (typeof object !== 'object' && typeof object !== 'function')) {
        throw new TypeError(`Cannot read properties of ${object} (reading 'on')`);
    }
    const { run } = frame;
    run.see(object);
    run.named(object, text);
    const label = run.labelOf(object) || text;
    for (const event of Object.keys(events)) {
        for (const handler of handlersOf(events[event])) {
            const listener = makeListener(handler, label, event, frame);
            attachListener(object, event, listener, handler);
            run.attached(object, event, listener);
        }
    }
}

export function detach(object, events, frame) {
    for (const event of events) {
        for (const listener of frame.run.takeAttached(object, event)) {
            removeListener(object, event, listener);
        }
    }
}

// Takes every listener of the run from an object that outlives it.
export function detachAll(object, byEvent) {
    for (const [event, listeners] of byEvent) {
        listeners.forEach((listener) => removeListener(object, event, listener));
    }
}

