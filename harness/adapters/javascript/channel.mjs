// Lines of JSON to and from the harness.

import { Buffer, fs, process } from './runtime.mjs';

const standardOutput = 1;
const doze = new Int32Array(new SharedArrayBuffer(4));

// Writes at once, outside the event loop: an observation neither waits for a turn nor makes one, and
// it is not lost when the process dies.
export function send(message) {
    const line = Buffer.from(`${JSON.stringify(message)}\n`, 'utf8');
    let written = 0;
    while (written < line.length) {
        try {
            written += fs.writeSync(standardOutput, line, written);
        } catch (error) {
            if (error.code === 'EPIPE') {
                process.exit(0);
            }
            if (error.code !== 'EAGAIN') {
                throw error;
            }
            Atomics.wait(doze, 0, 0, 1);
        }
    }
}

// Calls `onLine` with each message and `onEnd` at the end of standard input. Both are called by the
// turn that read, without another turn or tick in between.
export function receive(onMessages, onEnd) {
    let parts = [];
    process.stdin.on('data', (chunk) => {
        const messages = [];
        let from = 0;
        for (let to = chunk.indexOf(0x0a); to >= 0; to = chunk.indexOf(0x0a, from)) {
            parts.push(chunk.subarray(from, to));
            messages.push(JSON.parse(Buffer.concat(parts).toString('utf8')));
            parts = [];
            from = to + 1;
        }
        if (from < chunk.length) {
            parts.push(chunk.subarray(from));
        }
        onMessages(messages);
    });
    process.stdin.on('end', onEnd);
}
