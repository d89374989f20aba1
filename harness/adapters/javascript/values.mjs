// Evaluating the values of a script: references and special forms.

import { Defect, Missing } from './defects.mjs';
import { makeFunction } from './functions.mjs';
import { readPath, resolveFunction } from './paths.mjs';
import { Buffer } from './runtime.mjs';

export function evaluate(value, frame) {
    if (typeof value === 'string') {
        return evaluateString(value, frame);
    }
    if (typeof value !== 'object' || value === null) {
        return value;
    }
    if (Array.isArray(value)) {
        return value.map((element) => evaluate(element, frame));
    }
    const form = formOf(value);
    return form ? forms[form](value[form], frame, value) : evaluateMembers({}, value, frame);
}

export function evaluateList(list, frame) {
    return list === undefined ? [] : expectList(evaluate(list, frame), 'arguments');
}

// Constructs with the class at a path.
export function construct(path, args, frame) {
    const { callee } = resolveFunction(path, frame);
    const result = Reflect.construct(callee, evaluateList(args, frame));
    frame.run.see(result);
    return result;
}

function evaluateString(string, frame) {
    if (!string.startsWith('$')) {
        return string;
    }
    return string.startsWith('$$') ? string.slice(1) : readPath(string.slice(1), frame);
}

// The key that makes an object a special form. Forms have one key, two of them an option beside it.
function formOf(object) {
    const keys = Object.keys(object);
    const form = keys.find((key) => key.startsWith('$') && !key.startsWith('$$'));
    if (form === undefined) {
        return undefined;
    }
    if (!Object.prototype.hasOwnProperty.call(forms, form)) {
        throw new Defect(`unknown value form ${form}`);
    }
    const other = keys.find((key) => key !== form && key !== options[form]);
    if (other !== undefined) {
        throw new Defect(`${other} has no place beside ${form}`);
    }
    return form;
}

// A key that really begins with a dollar is written with two.
const keyOf = (key) => (key.startsWith('$$') ? key.slice(1) : key);

function evaluateMembers(target, members, frame) {
    for (const key of Object.keys(members)) {
        Object.defineProperty(target, keyOf(key), {
            value: evaluate(members[key], frame),
            enumerable: true, configurable: true, writable: true,
        });
    }
    return target;
}

function expectList(value, what) {
    if (!Array.isArray(value)) {
        throw new Defect(`${what} are no list`);
    }
    return value;
}

function hexadecimal(text) {
    if (typeof text !== 'string' || !/^(?:[0-9a-f]{2})*$/i.test(text)) {
        throw new Defect(`not hexadecimal: ${JSON.stringify(text)}`);
    }
    return Buffer.from(text, 'hex');
}

const isBytes = (value) => value instanceof Uint8Array;
const toBytes = (value) => (isBytes(value) ? value : Buffer.from(String(value), 'utf8'));

function concatenate(parts) {
    return parts.some(isBytes) ? Buffer.concat(parts.map(toBytes)) : parts.join('');
}

const namedErrors = { Error, TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError };

function makeError({ name = 'Error', message = '', ...properties }) {
    const error = new (namedErrors[name] || Error)(message);
    if (!namedErrors[name]) {
        error.name = name;
    }
    return Object.assign(error, properties);
}

function lengthOf(value) {
    if (typeof value === 'string' || Array.isArray(value) || isBytes(value)) {
        return value.length;
    }
    throw new Defect('$length of something that has none');
}

function decode(value, encoding) {
    return isBytes(value)
        ? Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString(encoding)
        : String(value);
}

function isInstance(value, path, frame) {
    const { callee } = resolveFunction(path, frame);
    return value instanceof callee;
}

// Calls the method that the function around it overrides.
function callSuper(args, frame) {
    if (!frame.callSuper) {
        throw new Defect('super outside an overriding function');
    }
    return frame.callSuper(evaluateList(args, frame));
}

const options = { $new: 'args', $text: 'encoding' };

const forms = {
    $undefined: () => undefined,
    $number: (text) => Number(text),
    $bigint: (text) => BigInt(text),
    $symbol: (name) => Symbol(name),
    $bytes: (text) => hexadecimal(text),
    $buffer: (value, frame) => Buffer.from(toBytes(evaluate(value, frame))),
    $uint8array: (text) => new Uint8Array(hexadecimal(text)),
    $latin1: (value, frame) => Buffer.from(evaluate(value, frame), 'latin1'),
    $char: (code, frame) => String.fromCodePoint(evaluate(code, frame)),
    $repeat: (pair, frame) => {
        const [value, count] = expectList(evaluate(pair, frame), '$repeat');
        return isBytes(value)
            ? Buffer.alloc(value.length * count, value)
            : String(value).repeat(count);
    },
    $concat: (list, frame) => concatenate(expectList(evaluate(list, frame), '$concat')),
    $error: (members, frame) => makeError(evaluateMembers({}, members, frame)),
    $function: (definition, frame) => makeFunction(definition, frame),
    $new: (path, frame, form) => construct(path, form.args, frame),
    $date: (milliseconds, frame) => new Date(evaluate(milliseconds, frame)),
    $map: (pairs, frame) => new Map(evaluate(pairs, frame)),
    $headers: (pairs, frame) => {
        if (typeof Headers !== 'function') {
            throw new Missing('Headers');
        }
        return new Headers(evaluate(pairs, frame));
    },
    $url: (text, frame) => new URL(evaluate(text, frame)),
    $null_prototype: (members, frame) => evaluateMembers(Object.create(null), members, frame),
    $typeof: (value, frame) => typeof evaluate(value, frame),
    $length: (value, frame) => lengthOf(evaluate(value, frame)),
    $text: (value, frame, form) => decode(evaluate(value, frame), form.encoding || 'utf8'),
    $keys: (value, frame) => Object.keys(evaluate(value, frame)),
    $is: (pair, frame) => Object.is(...expectList(evaluate(pair, frame), '$is')),
    $instance: ([value, path], frame) => isInstance(evaluate(value, frame), path, frame),
    $not: (value, frame) => !evaluate(value, frame),
    $ms: (milliseconds, frame) => frame.run.scaled(evaluate(milliseconds, frame)),
    $super: callSuper,
};
