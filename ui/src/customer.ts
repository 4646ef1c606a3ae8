/** Opens the customer display. */
import { mount } from 'svelte';
import './styles/tokens.css';
import './styles/base.css';
import { connect } from './lib/backend';
import { Clock } from './lib/clock.svelte';
import { Display } from './lib/display.svelte';
import { Words } from './lib/words.svelte';
import CustomerWindow from './views/CustomerWindow.svelte';
import NoTill from './views/NoTill.svelte';

const target = document.getElementById('app') as HTMLElement;
const words = new Words();

try {
    const clock = new Clock();
    const display = new Display(await connect(), words, clock);
    await display.start();
    clock.start();
    mount(CustomerWindow, { target, props: { display } });
} catch (error) {
    mount(NoTill, { target, props: { words, detail: String(error) } });
}
