/** Opens the till window. */
import { mount } from 'svelte';
import './styles/tokens.css';
import './styles/base.css';
import './styles/print.css';
import { connect } from './lib/backend';
import { Clock } from './lib/clock.svelte';
import { Till } from './lib/till.svelte';
import { Words } from './lib/words.svelte';
import TillWindow from './views/TillWindow.svelte';
import NoTill from './views/NoTill.svelte';

const target = document.getElementById('app') as HTMLElement;
const words = new Words();

try {
    const clock = new Clock();
    const till = new Till(await connect(), words, clock);
    await till.start();
    clock.start();
    mount(TillWindow, { target, props: { till } });
} catch (error) {
    mount(NoTill, { target, props: { words, detail: String(error) } });
}
