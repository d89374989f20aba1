// The protocol (harness/README.md): one run at a time, from `start` to `stopped`.

import { settle } from './cleanup.mjs';
import { send } from './channel.mjs';
import { Run } from './run.mjs';
import { capabilities, identity, process, readsInTurns, setImmediate } from './runtime.mjs';

const protocol = 1;

export class Session {
    constructor() {
        this.number = undefined;
        this.run = undefined;
        this.queue = [];
    }

    open() {
        const report = (error) => this.uncaught(error);
        process.on('uncaughtException', report);
        process.on('unhandledRejection', report);
        send({ hello: { protocol, ...identity(), capabilities: capabilities() } });
    }

    // Each message has a turn of its own; the first of a batch has the one that read it.
    receive(messages) {
        const idle = this.queue.length === 0;
        this.queue.push(...messages);
        if (idle && messages.length > 0) {
            if (readsInTurns()) {
                this.next();
            } else {
                setImmediate(() => this.next());
            }
        }
    }

    next() {
        const message = this.queue[0];
        if (this.queue.length > 1) {
            setImmediate(() => {
                this.queue.shift();
                this.next();
            });
        } else {
            this.queue.shift();
        }
        this.dispatch(message);
    }

    dispatch(message) {
        const { run: number } = message;
        if (message.start !== undefined) {
            this.start(number, message.start);
        } else if (number !== this.number || !this.run) {
            process.stderr.write(`adapter: message of run ${number}, which is not under way\n`);
        } else if (message.signal !== undefined) {
            this.run.signals.arrive(message.signal);
        } else if (message.sync !== undefined) {
            this.sync(message.sync);
        } else if (message.stop) {
            this.stop();
        }
    }

    start(number, start) {
        if (this.run) {
            send({ run: number, failed: `run ${this.number} is still under way` });
            return;
        }
        this.number = number;
        this.run = new Run(start, (message) => send({ run: number, ...message }));
        this.run.execute();
    }

    // Two immediates later the event loop has gone round.
    sync(synced) {
        const { run } = this;
        setImmediate(() => setImmediate(() => {
            run.send({ synced, pending: run.clock.pending });
        }));
    }

    stop() {
        const { run } = this;
        run.stop();
        settle((left) => {
            this.run = undefined;
            run.send(left > 0 ? { stopped: true, left } : { stopped: true });
        });
    }

    uncaught(error) {
        if (this.run) {
            this.run.uncaught(error);
        } else {
            process.stderr.write(`adapter: outside a run: ${(error && error.stack) || error}\n`);
        }
    }
}
