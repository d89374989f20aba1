// The steps of a script.
//
// Running a list of steps ends with undefined, or early with {kind: "return", value} or
// {kind: "break"}; what a `throw` step throws is thrown.

import { Defect, endsRun } from './defects.mjs';
import { attach, detach } from './listeners.mjs';
import { makeFunction } from './functions.mjs';
import { later } from './later.mjs';
import { listen } from './listen.mjs';
import { pathText, readPath, resolveFunction, resolveMember } from './paths.mjs';
import { construct, evaluate, evaluateList } from './values.mjs';

export function runSteps(steps, frame) {
    if (!Array.isArray(steps)) {
        throw new Defect(`no list of steps: ${JSON.stringify(steps)}`);
    }
    for (const step of steps) {
        if (frame.run.over) {
            return undefined;
        }
        const ending = runStep(step, frame);
        if (ending) {
            return ending;
        }
    }
    return undefined;
}

function runStep(step, frame) {
    try {
        return actionOf(step)(step, frame);
    } catch (error) {
        if (endsRun(error)) {
            frame.run.locate(error, step);
        }
        throw error;
    }
}

// The keys that `let`, `on` and `show` may stand beside come first.
const leading = ['call', 'new', 'super'];

function actionOf(step) {
    const known = (key) => Object.prototype.hasOwnProperty.call(kinds, key) ||
        Object.prototype.hasOwnProperty.call(later, key);
    const kind = leading.find((key) => key in step) || Object.keys(step).find(known);
    if (kind === undefined) {
        throw new Defect(`unknown step: ${Object.keys(step).join(', ')}`);
    }
    return kinds[kind] || later[kind];
}

// Does something with the API; an exception is recorded, and the script goes on.
export function attempt(frame, text, action) {
    try {
        return { value: action() };
    } catch (error) {
        if (endsRun(error)) {
            throw error;
        }
        frame.run.observeValue(frame, text, `${text} throws`, error);
        return undefined;
    }
}

// What `call`, `new` and `super` do with a result.
function useResult(step, frame, text, attempted) {
    const result = attempted && attempted.value;
    if (step.let !== undefined) {
        frame.declare(step.let, result);
    }
    if (!attempted) {
        return;
    }
    frame.run.see(result);
    if (step.on) {
        attempt(frame, text, () => attach(result, text, step.on, frame));
    }
    if (step.show) {
        frame.run.observeValue(frame, text, text, result, true);
    }
}

function call(step, frame) {
    const text = `${pathText(step.call)}()`;
    useResult(step, frame, text, attempt(frame, text, () => {
        const { callee, receiver } = resolveFunction(step.call, frame);
        return Reflect.apply(callee, receiver, evaluateList(step.args, frame));
    }));
}

function create(step, frame) {
    const text = `${pathText(step.new)}()`;
    useResult(step, frame, text, attempt(frame, text, () => construct(step.new, step.args, frame)));
}

function callSuper(step, frame) {
    if (!frame.callSuper) {
        throw new Defect('super outside an overriding function');
    }
    // What it throws, the overriding function throws.
    useResult(step, frame, 'super()', { value: frame.callSuper(evaluateList(step.super, frame)) });
}

function get(step, frame) {
    const paths = Array.isArray(step.get) ? step.get : [step.get];
    for (const path of paths) {
        const text = pathText(path);
        const attempted = attempt(frame, text, () => readPath(path, frame));
        if (attempted) {
            const name = step.label === undefined ? text : step.label;
            frame.run.observeValue(frame, text, name, attempted.value, true);
        }
    }
}

function show(step, frame) {
    const name = step.label === undefined ? pathOf(step.show) : step.label;
    const attempted = attempt(frame, name, () => evaluate(step.show, frame));
    if (attempted) {
        frame.run.observeValue(frame, undefined, name, attempted.value, true);
    }
}

const pathOf = (value) =>
    typeof value === 'string' && value.startsWith('$') ? value.slice(1) : 'show';

function set(step, frame) {
    attempt(frame, `${pathText(step.set)}=`, () => {
        const member = resolveMember(step.set, frame);
        const value = evaluate(step.to, frame);
        frame.run.journal.remember(member);
        // Silent about properties that can't be set, whatever the engine's words for that are.
        Reflect.set(member.object, member.key, value);
    });
}

function override(step, frame) {
    attempt(frame, `${pathText(step.override)}=`, () => {
        const member = resolveMember(step.override, frame);
        const original = member.object[member.key];
        frame.run.journal.remember(member);
        member.object[member.key] = makeFunction(step.function || {}, frame, original);
    });
}

function attachTo(step, frame) {
    const text = pathText(step.on);
    attempt(frame, text, () => attach(readPath(step.on, frame), text, step.events, frame));
}

function detachFrom(step, frame) {
    const text = pathText(step.off);
    attempt(frame, text, () => detach(readPath(step.off, frame), step.events, frame));
}

const branch = (condition, step, frame) =>
    runSteps((condition ? step.do : step.else) || [], frame.inside());

// Runs `do` once for each value; a `break` ends it.
function iterate(step, frame, name, values) {
    for (const value of values) {
        const inner = frame.inside();
        if (name !== undefined) {
            inner.declare(name, value);
        }
        const ending = runSteps(step.do || [], inner);
        if (ending) {
            return ending.kind === 'break' ? undefined : ending;
        }
        if (frame.run.over) {
            return undefined;
        }
    }
    return undefined;
}

function* times(count) {
    for (let index = 0; index < count; index += 1) {
        yield index;
    }
}

function loop(step, frame) {
    const text = `${pathText(step.loop)}()`;
    const next = () => attempt(frame, text, () => {
        const { callee, receiver } = resolveFunction(step.loop, frame);
        return Reflect.apply(callee, receiver, evaluateList(step.args, frame));
    });
    function* results() {
        for (let result = next(); result && result.value !== null && result.value !== undefined;
            result = next()) {
            yield result.value;
        }
    }
    return iterate(step, frame, step.as, results());
}

const kinds = {
    call,
    new: create,
    super: callSuper,
    let: (step, frame) => frame.declare(step.let, evaluate(step.value, frame)),
    assign: (step, frame) => {
        const value = evaluate(step.value, frame);
        frame.scope.assign(step.assign, value);
        frame.run.named(value, step.assign);
    },
    get,
    show,
    set,
    override,
    on: attachTo,
    off: detachFrom,
    mark: (step, frame) => frame.run.observe(frame.lane, step.mark),
    throw: (step, frame) => {
        throw evaluate(step.throw, frame);
    },
    listen,
    if: (step, frame) => branch(evaluate(step.if, frame), step, frame),
    equal: (step, frame) => {
        const [left, right] = evaluateList(step.equal, frame);
        return branch(left === right, step, frame);
    },
    repeat: (step, frame) => iterate(step, frame, undefined, times(evaluate(step.repeat, frame))),
    each: (step, frame) => iterate(step, frame, step.each, evaluateList(step.of, frame)),
    loop,
    return: (step, frame) => ({ kind: 'return', value: evaluate(step.return, frame) }),
    break: () => ({ kind: 'break' }),
};
