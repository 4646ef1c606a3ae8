import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

/** What the desktop shell will allow; the preview sends the same, so that a test sees what would be blocked. */
export const contentSecurityPolicy = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self' ipc: http://ipc.localhost",
    "base-uri 'none'",
    "form-action 'none'",
].join('; ');

export default defineConfig({
    base: './',
    plugins: [svelte()],
    server: { strictPort: true, port: 5173 },
    preview: { headers: { 'Content-Security-Policy': contentSecurityPolicy } },
    build: {
        target: ['safari16', 'chrome110'],
        modulePreload: { polyfill: false },
        assetsInlineLimit: 0,
        rolldownOptions: { input: ['index.html', 'customer.html'] },
    },
    test: {
        include: ['src/**/*.test.ts'],
        environment: 'node',
    },
});
