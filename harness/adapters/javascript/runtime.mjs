// What differs between runtimes: names and versions, module specifiers, looking at open handles,
// and the state of node:http that outlives a run.

// Node 14.0 to 14.12 know no "node:" specifiers; Deno knows nothing else.
async function load(name) {
    try {
        return (await import(`node:${name}`)).default;
    } catch (error) {
        return (await import(name)).default;
    }
}

const names = ['http', 'net', 'stream', 'events', 'buffer', 'timers', 'fs', 'os'];
const loaded = await Promise.all(names.map(load));

export const [http, net, stream, events, buffer, timers, fs, os] = loaded;
// Importing the module reads all its members, and so opens standard output as a stream, which
// makes it non-blocking: only where there is no global.
export const process = globalThis.process || (await load('process'));
export const { Buffer } = buffer;
export const { setImmediate, clearImmediate, setTimeout, clearTimeout } = timers;

export function identity() {
    if (typeof Deno === 'object') {
        return { name: 'deno', version: Deno.version.deno };
    }
    if (process.versions.bun) {
        return { name: 'bun', version: process.versions.bun };
    }
    return { name: 'node', version: process.versions.node };
}

// Whether reading from standard input is a turn like that of any socket: elsewhere the bytes may come
// out of a promise, and what is done then would be done in a microtask.
export const readsInTurns = () => identity().name === 'node';

export function capabilities() {
    const found = ['javascript'];
    if (process.platform !== 'win32') {
        found.push('unix');
    }
    const addresses = [].concat(...Object.values(os.networkInterfaces()));
    if (addresses.some((entry) => entry.address === '::1')) {
        found.push('ipv6');
    }
    return found;
}

// The objects of the event loop that a run may leave behind: all but the standard streams. Only Node
// can tell.
export function openHandles() {
    if (typeof process._getActiveHandles !== 'function') {
        return [];
    }
    return process._getActiveHandles().filter(
        (handle) => handle !== process.stdin && !handle._isStdio);
}

// State that a script can change by calls, put back between runs; what scripts set or override is
// put back by the run itself (journal.mjs).
const pristine = {
    agentOptions: http.globalAgent && { ...http.globalAgent.options },
    autoSelectFamily: net.getDefaultAutoSelectFamily && net.getDefaultAutoSelectFamily(),
    autoSelectTimeout:
        net.getDefaultAutoSelectFamilyAttemptTimeout && net.getDefaultAutoSelectFamilyAttemptTimeout(),
    highWaterMark: stream.getDefaultHighWaterMark && stream.getDefaultHighWaterMark(false),
    objectHighWaterMark: stream.getDefaultHighWaterMark && stream.getDefaultHighWaterMark(true),
    maxSockets: http.Agent && http.Agent.defaultMaxSockets,
};

function quietly(action) {
    try {
        action();
    } catch (error) {
        // A runtime without this piece of state has nothing to put back.
    }
}

export function resetSharedState() {
    quietly(() => http.globalAgent.destroy());
    quietly(() => {
        http.globalAgent = new http.Agent({ ...pristine.agentOptions });
    });
    quietly(() => http.setMaxIdleHTTPParsers(1000));
    quietly(() => net.setDefaultAutoSelectFamily(pristine.autoSelectFamily));
    quietly(() => net.setDefaultAutoSelectFamilyAttemptTimeout(pristine.autoSelectTimeout));
    quietly(() => stream.setDefaultHighWaterMark(false, pristine.highWaterMark));
    quietly(() => stream.setDefaultHighWaterMark(true, pristine.objectHighWaterMark));
    quietly(() => {
        http.Agent.defaultMaxSockets = pristine.maxSockets;
    });
}
