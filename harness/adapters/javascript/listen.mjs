// The `listen` step. That the server listens is found out by looking, not by a listener of ours.

import { attempt, runSteps } from './steps.mjs';
import { pathText, readPath } from './paths.mjs';
import { evaluateList } from './values.mjs';

const eagerLooks = 64;
const lazyInterval = 10;

export function addressOfServer(server) {
    const address = typeof server.address === 'function' ? server.address() : null;
    if (!address) {
        return undefined;
    }
    if (typeof address === 'string') {
        return { path: address };
    }
    const anywhere = { '0.0.0.0': '127.0.0.1', '::': '::1' };
    return { host: anywhere[address.address] || address.address, port: address.port };
}

function listenArguments(step, frame) {
    if (step.args !== undefined) {
        return evaluateList(step.args, frame);
    }
    return step.unix ? [frame.run.newUnixPath()] : [0, '127.0.0.1'];
}

export function listen(step, frame) {
    const { run } = frame;
    const name = pathText(step.listen);
    attempt(frame, `${name}.listen()`, () => {
        const server = readPath(step.listen, frame);
        run.see(server);
        run.named(server, name);
        run.servers.set(name, server);
        const args = listenArguments(step, frame);
        if (step.do) {
            const inner = frame.inside();
            args.push(() => run.enter(() => {
                runSteps(step.do, inner);
            }));
        }
        server.listen(...args);
        look(run, name, server, 0);
    });
}

// Looks every turn at first, now and then later on.
function look(run, name, server, looks) {
    if (run.over) {
        return;
    }
    const address = addressOfServer(server);
    if (address) {
        run.send({ listening: name, address });
    } else if (looks < eagerLooks) {
        run.clock.immediate(() => look(run, name, server, looks + 1));
    } else {
        run.clock.unnoticed(() => look(run, name, server, looks), lazyInterval);
    }
}
