// Values as observations show them: plain JSON.

import { className, isApiObject, isError, isHeaders, isPlain, isUrl } from './classes.mjs';
import { Buffer } from './runtime.mjs';

const deepest = 8;

// Strings with half a surrogate pair are no JSON text.
function text(string) {
    return string.replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g,
        '\ufffd');
}

function renderBytes(bytes) {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const decoded = buffer.toString('utf8');
    return Buffer.from(decoded, 'utf8').equals(buffer)
        ? decoded
        : { $bytes: buffer.toString('hex') };
}

function renderNumber(number) {
    if (Number.isFinite(number) && !Object.is(number, -0)) {
        return number;
    }
    return { $number: Object.is(number, -0) ? '-0' : String(number) };
}

// What engines keep in errors for themselves.
const enginesOwn = new Set(['stack', 'name', 'message', 'code', 'line', 'column', 'sourceURL',
    'originalLine', 'originalColumn']);

function renderError(error, inside) {
    const shown = { name: inside.render(error.name), message: inside.render(error.message) };
    if (error.code !== undefined) {
        shown.code = inside.render(error.code);
    }
    if (inside.detailed) {
        const own = Object.getOwnPropertyNames(error).filter((key) => !enginesOwn.has(key));
        for (const key of own) {
            shown[text(key)] = inside.deeper().render(error[key]);
        }
    }
    return shown;
}

function renderPlain(object, inside) {
    const shown = {};
    for (const key of Object.keys(object)) {
        Object.defineProperty(shown, key.startsWith('$') ? `$${text(key)}` : text(key), {
            value: inside.render(object[key]), enumerable: true, configurable: true, writable: true,
        });
    }
    return shown;
}

const renderPairs = (pairs, inside) =>
    Array.from(pairs, ([key, value]) => [inside.render(key), inside.render(value)]);

function renderObject(value, inside) {
    if (inside.depth > deepest) {
        return { $object: '…' };
    }
    const deeper = inside.deeper();
    if (value instanceof Uint8Array) {
        return renderBytes(value);
    }
    if (isError(value)) {
        return renderError(value, inside);
    }
    if (Array.isArray(value)) {
        return Array.from(value, (element) => deeper.render(element));
    }
    if (value instanceof Date) {
        return { $date: renderNumber(value.getTime()) };
    }
    if (value instanceof Map) {
        return { $map: renderPairs(value, deeper) };
    }
    if (value instanceof Set) {
        return { $set: Array.from(value, (element) => deeper.render(element)) };
    }
    if (isHeaders(value)) {
        return { $headers: renderPairs(value, deeper) };
    }
    if (isUrl(value)) {
        return { $url: value.href };
    }
    if (isPlain(value)) {
        return renderPlain(value, deeper);
    }
    const label = inside.run.labelOf(value);
    return label ? { $ref: label } : { $object: className(value) };
}

class Rendering {
    constructor(run, detailed, depth) {
        this.run = run;
        this.detailed = detailed;
        this.depth = depth;
    }

    // Only the error that was asked for is shown in detail, not those inside it.
    deeper() {
        return new Rendering(this.run, false, this.depth + 1);
    }

    render(value) {
        switch (typeof value) {
        case 'undefined':
            return { $undefined: true };
        case 'number':
            return renderNumber(value);
        case 'string':
            return text(value);
        case 'bigint':
            return { $bigint: String(value) };
        case 'symbol':
            return { $symbol: value.description === undefined ? '' : text(value.description) };
        case 'function':
            return { $function: text(String(value.name)) };
        case 'object':
            return value === null ? null : renderObject(value, this);
        default:
            return value;
        }
    }
}

// `detailed`: an error is shown with all its own properties.
export const render = (run, value, detailed) => new Rendering(run, detailed, 0).render(value);

// What an observation shows of a call: the arguments at `chosen`, or all but objects of the API and
// functions.
export function renderArguments(run, args, chosen) {
    const shown = chosen
        ? chosen.filter((index) => index < args.length).map((index) => args[index])
        : args.filter((argument) => !isApiObject(argument) && typeof argument !== 'function');
    const rendered = shown.map((argument) => render(run, argument, false));
    return rendered.length > 1 ? rendered : rendered[0];
}
