// Freezes what every object inherits, before any script of a page runs: nothing can be slipped into all objects at once.
//
// Tauri's own switch for this (`freezePrototype`) also forbids an object to have a `toString` or `constructor` of its own by
// assignment, which d3 does while it loads; here an assignment makes the object's own property, as it does everywhere else.
(() => {
    const shared = Object.prototype;
    for (const name of Object.getOwnPropertyNames(shared)) {
        const { value, writable } = Object.getOwnPropertyDescriptor(shared, name);
        if (writable !== true) continue;
        Object.defineProperty(shared, name, {
            get: () => value,
            set(own) {
                if (this === shared) throw new TypeError(`Object.prototype.${name} is frozen`);
                Object.defineProperty(this, name, {
                    value: own,
                    writable: true,
                    enumerable: true,
                    configurable: true,
                });
            },
            enumerable: false,
            configurable: false,
        });
    }
    Object.freeze(shared);
})();
