// What a script changed by `set` and `override`, so that it can be put back: modules and prototypes
// outlive a run, and an overridden destroy() would outwit its end.

export class Journal {
    constructor() {
        this.entries = [];
    }

    // Keeps the present state of a member that is about to change. `shared`: its object outlives
    // the run; of other objects only methods matter.
    remember({ object, key, shared }) {
        if (object === null || object === undefined) {
            throw new TypeError(`Cannot set properties of ${object} (setting '${String(key)}')`);
        }
        if (shared || typeof object[key] === 'function') {
            const descriptor = Object.getOwnPropertyDescriptor(object, key);
            this.entries.push({ object, key, descriptor, value: object[key] });
        }
    }

    restore() {
        for (const entry of this.entries.reverse()) {
            try {
                restoreMember(entry);
            } catch (error) {
                // A frozen object was not changed, either.
            }
        }
        this.entries = [];
    }
}

function restoreMember({ object, key, descriptor, value }) {
    if (descriptor && 'value' in descriptor) {
        Object.defineProperty(object, key, descriptor);
    } else if (!descriptor && Object.prototype.hasOwnProperty.call(object, key)) {
        Reflect.deleteProperty(object, key);
    } else {
        Reflect.set(object, key, value);
    }
}
