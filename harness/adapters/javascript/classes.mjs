// Telling objects of the API from plain data, and naming them.

import { Buffer, events, http, net, process, stream } from './runtime.mjs';

const modules = { http, net, stream, process, Buffer };

const kindOf = (value) => Object.prototype.toString.call(value).slice(8, -1);

export function isPlain(value) {
    const prototype = Object.getPrototypeOf(value);
    return prototype === null || prototype === Object.prototype;
}

export const isError = (value) => value instanceof Error || kindOf(value) === 'Error';
export const isHeaders = (value) => typeof Headers === 'function' && value instanceof Headers;
export const isUrl = (value) => typeof URL === 'function' && value instanceof URL;

const data = [Array.isArray, isError, isHeaders, isUrl, isPlain,
    (value) => value instanceof Uint8Array,
    (value) => value instanceof Date,
    (value) => value instanceof Map,
    (value) => value instanceof Set];

// An object that observations refer to by its label: requests, sockets, servers, signals, promises …
export function isApiObject(value) {
    return typeof value === 'object' && value !== null && !data.some((test) => test(value));
}

export const isEmitter = (value) => value instanceof events || value instanceof events.EventEmitter;

export function className(object) {
    const { constructor } = object;
    return typeof constructor === 'function' && constructor.name ? constructor.name : 'Object';
}

// "http.Agent.keepSocketAlive" for a member that an object of the API lacks; undefined when the
// object is the script's own.
export function memberName(object, key) {
    const member = typeof key === 'symbol' ? `[${key.description}]` : `.${String(key)}`;
    for (const [name, module] of Object.entries(modules)) {
        if (module === object) {
            return name + member;
        }
    }
    if (typeof object === 'function') {
        return qualified(object) + member;
    }
    return isApiObject(object) ? qualified(object.constructor) + member : undefined;
}

function qualified(constructor) {
    const name = (constructor && constructor.name) || 'Object';
    const home = Object.keys(modules).find((module) => modules[module][name] === constructor);
    return home ? `${home}.${name}` : name;
}
