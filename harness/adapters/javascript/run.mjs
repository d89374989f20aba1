// One run of one script: what it observed, named, attached, and has to give back.

import { release } from './cleanup.mjs';
import { isApiObject } from './classes.mjs';
import { Clock } from './clock.mjs';
import { Missing, endsRun } from './defects.mjs';
import { Frame } from './frame.mjs';
import { Journal } from './journal.mjs';
import { detachAll } from './listeners.mjs';
import { addressOfServer } from './listen.mjs';
import { placesOf } from './places.mjs';
import { render, renderArguments } from './render.mjs';
import { Scope } from './scope.mjs';
import { Signals } from './signals.mjs';
import { runSteps } from './steps.mjs';

const defaultLane = 'main';

export class Run {
    // `send` sends a message of this run to the harness.
    constructor(start, send) {
        this.start = start;
        this.send = send;
        this.over = false; // unsupported, failed or stopped: nothing more happens
        this.clock = new Clock();
        this.signals = new Signals(this.clock, (name) => send({ signal: name }));
        this.journal = new Journal();
        this.servers = new Map(); // of `listen` steps, by name
        this.unixPaths = 0;
        this.lanes = new Map();
        for (const [lane, labels] of Object.entries(start.lanes || {})) {
            labels.forEach((label) => this.lanes.set(label, lane));
        }
        this.labels = new WeakMap();
        this.labelCounts = new Map();
        this.seen = new Set(); // everything that may have to be released
        this.listeners = new Map(); // object -> event -> listeners of this run
        this.places = placesOf(start.script, 'script');
    }

    execute() {
        const frame = new Frame(this, new Scope(), defaultLane);
        this.enter(() => {
            runSteps(this.start.script, frame);
        });
    }

    // Every call from outside into steps passes here: a run that is over does nothing, and what
    // ends a run doesn't reach the caller.
    enter(action) {
        if (this.over) {
            return undefined;
        }
        try {
            return action();
        } catch (error) {
            if (endsRun(error)) {
                this.end(error);
                return undefined;
            }
            throw error;
        }
    }

    // --- the end -----------------------------------------------------------------------------

    // Notes the innermost step in which a run ended.
    locate(error, step) {
        if (error.place === undefined) {
            error.place = this.places.get(step);
        }
    }

    end(error) {
        if (this.over) {
            return;
        }
        this.over = true;
        this.send(error instanceof Missing
            ? { unsupported: error.member }
            : { failed: error.place ? `${error.place}: ${error.message}` : error.message });
    }

    stop() {
        this.over = true;
        this.clock.clear();
        this.journal.restore();
        this.listeners.forEach((byEvent, object) => {
            if (!this.seen.has(object)) {
                detachAll(object, byEvent);
            }
        });
        this.seen.forEach(release);
        this.seen.clear();
    }

    // --- observations ------------------------------------------------------------------------

    observe(lane, name, value, chunk) {
        if (this.over) {
            return;
        }
        const observation = [lane, name];
        if (value !== undefined) {
            observation.push(value);
            if (chunk) {
                observation.push('chunk');
            }
        }
        this.send({ observe: observation });
    }

    // A call of a handler or a named function.
    observeCall(lane, name, args, { chosen, chunk }) {
        this.observe(lane, name, renderArguments(this, args, chosen), chunk);
    }

    // A value in the lane of `label`, or in that of the frame.
    observeValue(frame, label, name, value, detailed = false) {
        const lane = label === undefined ? frame.lane : this.laneOf(label, frame.lane);
        this.observe(lane, name, render(this, value, detailed));
    }

    uncaught(error) {
        this.observe(this.laneOf('process', defaultLane), 'process:uncaughtException',
            render(this, error, false));
    }

    laneOf(label, otherwise) {
        const [first] = label.split(/[.[(#]/);
        return this.lanes.get(label) || this.lanes.get(first) || otherwise;
    }

    // --- objects -----------------------------------------------------------------------------

    labelOf(object) {
        return this.labels.get(object);
    }

    // The first name that an object gets is its label; the second object of a name is name#2.
    named(object, name) {
        if (!isApiObject(object) || this.labels.has(object)) {
            return;
        }
        const count = (this.labelCounts.get(name) || 0) + 1;
        this.labelCounts.set(name, count);
        this.labels.set(object, count > 1 ? `${name}#${count}` : name);
    }

    // Whatever the script gets to see is released at the end.
    see(object) {
        if (isApiObject(object)) {
            this.seen.add(object);
        }
    }

    attached(object, event, listener) {
        if (!this.listeners.has(object)) {
            this.listeners.set(object, new Map());
        }
        const byEvent = this.listeners.get(object);
        byEvent.set(event, [...(byEvent.get(event) || []), listener]);
    }

    takeAttached(object, event) {
        const byEvent = this.listeners.get(object) || new Map();
        const listeners = byEvent.get(event) || [];
        byEvent.delete(event);
        return listeners;
    }

    // --- addresses and time ------------------------------------------------------------------

    // Of a peer, or of a server that a `listen` step named.
    addressOf(name) {
        const server = this.servers.get(name);
        return (server && addressOfServer(server)) || (this.start.addresses || {})[name];
    }

    newUnixPath() {
        this.unixPaths += 1;
        return this.unixPaths > 1
            ? `${this.start.unix_path}.${this.unixPaths}`
            : this.start.unix_path;
    }

    scaled(milliseconds) {
        return milliseconds * this.start.time_scale;
    }
}
