// Signals between the script and the peers. Once given, a signal stays given.

export class Signals {
    // `tell` is called with each signal that the script gives.
    constructor(clock, tell) {
        this.clock = clock;
        this.tell = tell;
        this.given = new Set();
        this.waiting = new Map();
    }

    // The script gives a signal.
    give(name) {
        this.tell(name);
        this.arrive(name);
    }

    // Someone gave it. What waits runs in turns of its own, in the order in which it was written.
    arrive(name) {
        this.given.add(name);
        const actions = this.waiting.get(name) || [];
        this.waiting.delete(name);
        actions.forEach((action) => this.clock.immediate(action));
    }

    await(name, action) {
        if (this.given.has(name)) {
            this.clock.immediate(action);
        } else {
            this.waiting.set(name, [...(this.waiting.get(name) || []), action]);
        }
    }
}
