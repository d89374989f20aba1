// Paths: `req.socket.remotePort`, `res.headers["x-a"]`, `server[Symbol.asyncDispose]`, or a list.

import { Defect, Missing } from './defects.mjs';
import { memberName } from './classes.mjs';
import { Buffer, http, net, process, stream } from './runtime.mjs';

const roots = new Map(Object.entries({ http, net, stream, process, Buffer, globalThis }));
const globals = new Set(['AbortController', 'AbortSignal', 'Promise']);

export const isSharedRoot = (name) => roots.has(name) || globals.has(name);

// A well-known symbol as a segment.
class SymbolSegment {
    constructor(name) {
        this.name = name;
    }

    key() {
        if (typeof Symbol[this.name] !== 'symbol') {
            throw new Missing(`Symbol.${this.name}`);
        }
        return Symbol[this.name];
    }
}

const parsed = new Map();

// The segments of a path: a list of strings, numbers and well-known symbols.
export function parsePath(path) {
    if (Array.isArray(path)) {
        return path.map((segment) =>
            typeof segment === 'string' && segment.startsWith('Symbol.')
                ? new SymbolSegment(segment.slice('Symbol.'.length))
                : segment);
    }
    if (typeof path !== 'string') {
        throw new Defect(`not a path: ${JSON.stringify(path)}`);
    }
    let segments = parsed.get(path);
    if (!segments) {
        segments = parseText(path);
        parsed.set(path, segments);
    }
    return segments;
}

function parseText(text) {
    const segments = [];
    let at = 0;
    while (at < text.length) {
        if (text[at] === '[' && segments.length > 0) {
            const { segment, next } = parseBracket(text, at);
            segments.push(segment);
            at = next;
        } else {
            at += segments.length > 0 ? dot(text, at) : 0;
            let end = at;
            while (end < text.length && text[end] !== '.' && text[end] !== '[') {
                end += 1;
            }
            segments.push(text.slice(at, end));
            if (end === at) {
                throw new Defect(`bad path ${JSON.stringify(text)}: a name is missing`);
            }
            at = end;
        }
    }
    if (segments.length === 0) {
        throw new Defect('a path is empty');
    }
    return segments;
}

function dot(text, at) {
    if (text[at] !== '.') {
        throw new Defect(`bad path ${JSON.stringify(text)}: no dot before ${text.slice(at)}`);
    }
    return 1;
}

function parseBracket(text, at) {
    const rest = text.slice(at);
    const match = /^\[(?:(\d+)|Symbol\.(\w+)|("(?:[^"\\]|\\.)*"))\]/.exec(rest);
    if (!match) {
        throw new Defect(`bad path ${JSON.stringify(text)}: ${rest}`);
    }
    let segment;
    if (match[1] !== undefined) {
        segment = Number(match[1]);
    } else if (match[2] !== undefined) {
        segment = new SymbolSegment(match[2]);
    } else {
        segment = JSON.parse(match[3]);
    }
    return { segment, next: at + match[0].length };
}

// A path as observations show it.
export function pathText(path) {
    if (typeof path === 'string') {
        return path;
    }
    return parsePath(path).reduce((text, segment, index) => {
        if (index === 0) {
            return segment;
        }
        if (segment instanceof SymbolSegment) {
            return `${text}[Symbol.${segment.name}]`;
        }
        return /^[A-Za-z_$][\w$]*$/.test(segment)
            ? `${text}.${segment}`
            : `${text}[${JSON.stringify(segment)}]`;
    }, '');
}

const keyOf = (segment) => (segment instanceof SymbolSegment ? segment.key() : segment);

function readMember(object, key) {
    if (object === null || object === undefined) {
        // The same words in every runtime.
        throw new TypeError(`Cannot read properties of ${object} (reading '${String(key)}')`);
    }
    return object[key];
}

// `$port.NAME` and its like: addresses, not objects.
function readAddress(frame, segments) {
    const [kind, name] = [segments[0], segments.slice(1).join('.')];
    const address = frame.run.addressOf(name);
    const value = address && address[kind === 'unix' ? 'path' : kind];
    if (value === undefined) {
        throw new Defect(`no ${kind} of ${JSON.stringify(name)} is known`);
    }
    return value;
}

function readRoot(frame, name) {
    const scope = frame.scope.find(name);
    if (scope) {
        return scope.variables.get(name);
    }
    if (roots.has(name)) {
        return roots.get(name);
    }
    if (globals.has(name)) {
        if (globalThis[name] === undefined) {
            throw new Missing(name);
        }
        return globalThis[name];
    }
    throw new Defect(`unknown variable ${JSON.stringify(name)}`);
}

const isAddress = (frame, segments) =>
    ['port', 'host', 'unix'].includes(segments[0]) && segments.length > 1 &&
    !frame.scope.find(segments[0]);

export function readPath(path, frame) {
    const segments = parsePath(path);
    if (isAddress(frame, segments)) {
        return readAddress(frame, segments);
    }
    return segments.slice(1).reduce(
        (value, segment) => readMember(value, keyOf(segment)), readRoot(frame, segments[0]));
}

// The object that a path's last segment is a member of, and that member's key. `shared`: the path
// starts at a module or another object that outlives the run.
export function resolveMember(path, frame) {
    const segments = parsePath(path);
    if (segments.length < 2) {
        throw new Defect(`${pathText(path)} is no member of anything`);
    }
    const object = segments.slice(1, -1).reduce(
        (value, segment) => readMember(value, keyOf(segment)), readRoot(frame, segments[0]));
    return {
        object,
        key: keyOf(segments[segments.length - 1]),
        shared: !frame.scope.find(segments[0]) && isSharedRoot(segments[0]),
    };
}

// The function at a path, and the object to call it on.
export function resolveFunction(path, frame) {
    if (parsePath(path).length === 1) {
        const callee = readPath(path, frame);
        checkFunction(callee, undefined, path);
        return { callee, receiver: undefined };
    }
    const { object, key } = resolveMember(path, frame);
    const callee = readMember(object, key);
    checkFunction(callee, { object, key }, path);
    return { callee, receiver: object };
}

function checkFunction(callee, member, path) {
    if (typeof callee === 'function') {
        return;
    }
    if (callee === undefined && member) {
        const name = memberName(member.object, member.key);
        if (name) {
            throw new Missing(name);
        }
    }
    throw new TypeError(`${pathText(path)} is not a function`);
}
