// Lexically scoped variables of a script.

export class Scope {
    constructor(parent) {
        this.parent = parent;
        this.variables = new Map();
    }

    declare(name, value) {
        this.variables.set(name, value);
    }

    // Sets the nearest variable of that name; without one it becomes global.
    assign(name, value) {
        let scope = this;
        while (!scope.variables.has(name) && scope.parent) {
            scope = scope.parent;
        }
        scope.variables.set(name, value);
    }

    // The scope that has the variable, undefined if none has.
    find(name) {
        let scope = this;
        while (scope && !scope.variables.has(name)) {
            scope = scope.parent;
        }
        return scope || undefined;
    }
}
