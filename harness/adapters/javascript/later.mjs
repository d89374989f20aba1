// Steps whose nested steps run in another turn, tick or microtask.

import { process } from './runtime.mjs';
import { runSteps } from './steps.mjs';
import { evaluate } from './values.mjs';
import { endsRun } from './defects.mjs';

// A function that runs steps in a frame inside this one.
function closure(steps, frame) {
    const inner = frame.inside();
    return () => frame.run.enter(() => {
        runSteps(steps || [], inner);
    });
}

// An async function of its own, so that the iteration has exactly the turns it has in a program.
async function forAwait(step, frame) {
    const { run } = frame;
    try {
        for await (const value of evaluate(step.for_await, frame)) {
            const inner = frame.inside();
            if (step.as !== undefined) {
                inner.declare(step.as, value);
            }
            run.see(value);
            // Thrown errors have to reach the iteration, which ends the stream because of them.
            const ending = run.enter(() => runSteps(step.do || [], inner));
            if (ending || run.over) {
                break;
            }
        }
    } catch (error) {
        if (endsRun(error)) {
            run.locate(error, step);
            run.end(error);
            return;
        }
        run.observeValue(frame, undefined, 'for await throws', error);
    }
    closure(step.then, frame)();
}

function settle(step, frame) {
    const { run } = frame;
    const value = evaluate(step.promise, frame);
    const settled = (how) => (result) => {
        const inner = frame.inside();
        run.enter(() => {
            run.observeValue(frame, step.name, `${step.name} ${how}`, result);
            if (step.as !== undefined) {
                inner.declare(step.as, result);
            }
            runSteps(step.do || [], inner);
        });
    };
    Promise.resolve(value).then(settled('fulfils'), settled('rejects'));
}

export const later = {
    tick: (step, frame) => process.nextTick(closure(step.tick, frame)),
    // Not a promise's then(): what a microtask throws is an uncaught exception, no rejection.
    microtask: (step, frame) => queueMicrotask(closure(step.microtask, frame)),
    immediate: (step, frame) => frame.run.clock.immediate(closure(step.immediate, frame)),
    after: (step, frame) => {
        const delay = frame.run.scaled(evaluate(step.after, frame));
        frame.run.clock.timeout(closure(step.do, frame), delay);
    },
    signal: (step, frame) => frame.run.signals.give(evaluate(step.signal, frame)),
    when: (step, frame) => frame.run.signals.await(step.when, closure(step.do, frame)),
    for_await: (step, frame) => {
        forAwait(step, frame);
    },
    promise: settle,
};
