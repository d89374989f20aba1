// Functions made of steps: `$function` values, overridden methods, handlers of events.

import { Defect } from './defects.mjs';
import { runSteps } from './steps.mjs';
import { evaluate } from './values.mjs';

// Gives arguments their names in a new scope.
function bind(frame, names, args) {
    (names || []).forEach((name, index) => {
        if (typeof name === 'string') {
            frame.declare(name, args[index]);
        }
    });
}

// The function of a `$function` form. `original`: the method that it overrides, for `super`.
export function makeFunction(definition, frame, original) {
    const { name, as, args: recorded, do: steps = [], returns } = definition;
    const { run } = frame;
    const lane = name === undefined ? frame.lane : run.laneOf(name, frame.lane);

    function scripted(...args) {
        const inner = frame.inside(lane);
        if (original) {
            inner.callSuper = (others) => Reflect.apply(original, this, others);
        }
        return run.enter(() => {
            args.forEach((argument) => run.see(argument));
            bind(inner, as, args);
            if (name !== undefined && definition.record !== false) {
                run.observeCall(lane, name, args, { chosen: recorded });
            }
            const ending = runSteps(steps, inner);
            if (ending && ending.kind === 'return') {
                return ending.value;
            }
            return returns === undefined ? undefined : evaluate(returns, inner);
        });
    }
    Object.defineProperty(scripted, 'name', { value: name === undefined ? '' : name });
    return scripted;
}

const handlerKeys = new Set(['as', 'do', 'once', 'prepend', 'record', 'chunks', 'args', 'nth', 'note']);

const isHandler = (value) =>
    typeof value === 'object' && value !== null && !Array.isArray(value) &&
    Object.keys(value).every((key) => handlerKeys.has(key));

// The handlers that `"event": …` stands for: a list of steps, one handler, or a list of handlers.
export function handlersOf(value) {
    if (Array.isArray(value)) {
        return value.length > 0 && value.every(isHandler) ? value : [{ do: value }];
    }
    if (!isHandler(value)) {
        throw new Defect(`no handler: ${JSON.stringify(value)}`);
    }
    return [value];
}

// The listener of one handler, for an event of the object with that label.
export function makeListener(handler, label, event, frame) {
    const { run } = frame;
    const lane = run.laneOf(label, frame.lane);
    let calls = 0;

    return function listener(...args) {
        const inner = frame.inside(lane);
        return run.enter(() => {
            args.forEach((argument) => run.see(argument));
            bind(inner, handler.as, args);
            if (handler.record !== false) {
                run.observeCall(lane, `${label}:${event}`, args,
                    { chosen: handler.args, chunk: handler.chunks === true });
            }
            const steps = (handler.nth && handler.nth[calls]) || handler.do;
            calls += 1;
            const ending = runSteps(steps || [], inner);
            return ending && ending.kind === 'return' ? ending.value : undefined;
        });
    };
}
