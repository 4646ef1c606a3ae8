/** The invented till's people: nobody at first, so that it works without signing in. */
import type { HouseView, Role, Shown, StaffView, UserView } from '../backend';
import { Refusal } from '../backend';

type Change = (act: () => void) => Promise<null>;

function refuse(code: Refusal['code'], detail = ''): never {
    throw new Refusal({ code, detail });
}

export class FakeStaff {
    house: HouseView = {
        idleMinutes: 10,
        blindCount: false,
        differenceLimitFen: 500,
        discountLimit: { by: 'percent', percent: 10 },
        drawerNeedsManager: false,
    };
    users: UserView[] = [];
    atTill: number | null = null;
    readonly #pins = new Map<number, string>();
    #wrong = 0;

    view(): StaffView {
        const atTill = this.users.find((user) => user.id === this.atTill) ?? null;
        return { users: this.users, atTill, locked: this.users.length > 0 && atTill === null };
    }

    add(name: string, role: Role, pin: string): number {
        const id = this.#pins.size + 1;
        this.#pins.set(id, pin);
        this.users = [...this.users, { id, name, role }];
        return id;
    }

    #check(id: number, pin: string): void {
        if (this.#wrong >= 3) refuse('pin_shut', new Date(Date.now() + 30_000).toISOString());
        if (this.#pins.get(id) === pin) {
            this.#wrong = 0;
            return;
        }
        this.#wrong += 1;
        refuse('pin_wrong');
    }

    /** A manager's PIN, or a plain yes where nobody has one. Answers who gave it. */
    approve(shown: Shown | null): string {
        if (this.users.length === 0) {
            if (shown?.by !== 'confirmed') refuse('needs_confirmation');
            return 'confirmed, no users';
        }
        if (shown?.by !== 'manager') refuse('needs_manager');
        this.#check(shown.userId, shown.pin);
        const manager = this.users.find((user) => user.id === shown.userId);
        return manager?.role === 'manager' ? manager.name : refuse('needs_manager');
    }

    commands(change: Change) {
        return {
            signIn: async (id: number, pin: string) =>
                change(() => {
                    this.#check(id, pin);
                    this.atTill = id;
                }),
            lockTill: async () =>
                change(() => {
                    this.atTill = null;
                }),
            stillHere: () => Promise.resolve(null),
            addFirstManager: async (name: string, pin: string) =>
                change(() => {
                    this.atTill = this.add(name, 'manager', pin);
                }),
            addUser: async (name: string, role: Role, pin: string, shown: Shown | null) =>
                change(() => {
                    this.approve(shown);
                    this.add(name, role, pin);
                }),
            changeUser: async (
                id: number,
                name: string,
                role: Role,
                pin: string | null,
                shown: Shown | null,
            ) =>
                change(() => {
                    this.approve(shown);
                    this.users = this.users.map((user) => (user.id === id ? { id, name, role } : user));
                    if (pin !== null) this.#pins.set(id, pin);
                }),
            putOffDuty: async (id: number, shown: Shown | null) =>
                change(() => {
                    this.approve(shown);
                    this.users = this.users.filter((user) => user.id !== id);
                }),
            setHouse: async (house: HouseView, shown: Shown | null) =>
                change(() => {
                    this.approve(shown);
                    this.house = house;
                }),
        };
    }
}
