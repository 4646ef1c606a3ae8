/** Hands the till window's state down to its components. */
import { createContext } from 'svelte';
import type { Till } from './till.svelte';

export const [useTill, provideTill] = createContext<Till>();
