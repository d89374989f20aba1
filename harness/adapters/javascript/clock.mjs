// The timers and immediates of a script.

import { clearImmediate, clearTimeout, setImmediate, setTimeout } from './runtime.mjs';

export class Clock {
    constructor() {
        this.timeouts = new Set();
        this.immediates = new Set();
        this.unnoticedTimeouts = new Set();
    }

    get pending() {
        return this.timeouts.size + this.immediates.size;
    }

    timeout(action, milliseconds) {
        const timeout = setTimeout(() => {
            this.timeouts.delete(timeout);
            action();
        }, milliseconds);
        this.timeouts.add(timeout);
    }

    // A timeout of the adapter's own, which is not pending.
    unnoticed(action, milliseconds) {
        const timeout = setTimeout(() => {
            this.unnoticedTimeouts.delete(timeout);
            action();
        }, milliseconds);
        this.unnoticedTimeouts.add(timeout);
    }

    immediate(action) {
        const immediate = setImmediate(() => {
            this.immediates.delete(immediate);
            action();
        });
        this.immediates.add(immediate);
    }

    clear() {
        for (const timeouts of [this.timeouts, this.unnoticedTimeouts]) {
            timeouts.forEach((timeout) => clearTimeout(timeout));
            timeouts.clear();
        }
        this.immediates.forEach((immediate) => clearImmediate(immediate));
        this.immediates.clear();
    }
}
