/** Numbers of Zs as they stand on paper: `0147`. */
import type { ZsAsideView } from './backend/backend';

/** `0147` */
export function zNumber(number: number): string {
    return String(number).padStart(4, '0');
}

/** `0006–0008`, or the one number. */
export function zNumbers({ first, last }: ZsAsideView): string {
    return first === last ? zNumber(first) : `${zNumber(first)}–${zNumber(last)}`;
}
