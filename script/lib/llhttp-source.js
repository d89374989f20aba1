// Usage: NODE_PATH=FOLDER node llhttp-source.js
//
// Writes llhttp's state machine in C, llhttp.c, on standard output. FOLDER holds the modules of Debian's package
// node-llhttp: the grammar (llhttp) and its compiler (llparse, llparse-builder, llparse-frontend).
'use strict';

const Module = require('module');

// Two small modules that the compiler asks for and the package does not bring.
const standIns = {
    // Where `wanted` is in the sorted list; -1 less the place where it belongs when it is not there.
    'binary-search'(list, wanted, compare) {
        let from = 0;
        let to = list.length;
        while (from < to) {
            const middle = (from + to) >> 1;
            const order = compare(list[middle], wanted);
            if (order === 0) {
                return middle;
            }
            if (order < 0) {
                from = middle + 1;
            } else {
                to = middle;
            }
        }
        return -1 - from;
    },
    // Messages for those who work on the compiler.
    debug: () => () => {},
};

const load = Module._load;
Module._load = function (name, ...others) {
    return Object.prototype.hasOwnProperty.call(standIns, name) ? standIns[name] : load.call(this, name, ...others);
};

const { LLParse } = require('llparse');
const { HTTP } = require('llhttp');
const { version } = require('llhttp/package.json');

const compiler = new LLParse('llhttp__internal');
const { entry } = new HTTP(compiler).build();
process.stdout.write(`/* llhttp ${version} */\n${compiler.build(entry, { c: { header: 'llhttp' } }).c}`);
