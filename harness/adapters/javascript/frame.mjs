// Where in a script the interpreter is: the run, the variables in reach, the lane of the handler that
// the steps stand in, and the overridden method that `super` calls. Frames are lexical: what is
// nested in a handler, however late it runs, sees the handler's frame.

import { Scope } from './scope.mjs';

export class Frame {
    constructor(run, scope, lane, callSuper) {
        this.run = run;
        this.scope = scope;
        this.lane = lane;
        this.callSuper = callSuper;
    }

    // A frame for steps nested in these, with variables of their own.
    inside(lane = this.lane) {
        return new Frame(this.run, new Scope(this.scope), lane, this.callSuper);
    }

    // Names a value; an object without a label gets the name as its label, too.
    declare(name, value) {
        this.scope.declare(name, value);
        this.run.named(value, name);
    }
}
