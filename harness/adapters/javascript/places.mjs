// Where in a script a step stands: "script[0].on.response[1]", for messages about defects.

export function placesOf(script, root) {
    const places = new WeakMap();
    const walk = (value, place) => {
        if (typeof value !== 'object' || value === null) {
            return;
        }
        places.set(value, place);
        for (const key of Object.keys(value)) {
            const step = Array.isArray(value) ? `[${key}]` : memberText(key);
            walk(value[key], place + step);
        }
    };
    walk(script, root);
    return places;
}

const memberText = (key) =>
    (/^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`);
